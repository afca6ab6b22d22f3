"""The simulator against ceviche itself, central differences, and devices that others have published."""

import autograd
import autograd.numpy as npa
import numpy as np
import pytest
import yaml

from common.config import ROOT
from common.datasets import texts
from papers.surco.errors import SurcoError
from papers.surco.photonics.devices import DEVICES, Goals, Instance, challenges, draw
from papers.surco.photonics.simulator import Simulator, schubert_loss, whole_system

ONE_EACH = [draw(name, 1, seed=0)[0] for name in DEVICES]


def density(instance, seed=0):
    return np.random.default_rng(seed).random(instance.shape[0] * instance.shape[1])


@pytest.fixture(scope="module")
def bend():
    instance = Instance("bend", (400, 720))
    return instance, Simulator.of(instance)


@pytest.mark.parametrize("instance", ONE_EACH, ids=lambda instance: instance.device)
@pytest.mark.filterwarnings("ignore")  # of ceviche's
def test_value_gradient_and_powers_are_ceviches(instance):
    model, goals = instance.model(), instance.goals()
    wavelength = [model.output_wavelengths[0]]
    goals = Goals(goals.bounds_WP[:1], goals.signs_WP[:1])

    def stock(design):
        amplitudes, _ = model.simulate(design.reshape(instance.shape), wavelengths_nm=wavelength, max_parallelizm=1)
        excess = goals.signs_WP * (npa.abs(amplitudes[:, 0, :]) ** 2 - goals.bounds_WP) / goals.width
        return npa.sum(npa.logaddexp(0.0, excess) ** 2)

    design = density(instance)
    expected_value, expected_gradient = autograd.value_and_grad(stock)(design)
    whole = whole_system(model, float(wavelength[0]))
    for system in (whole, whole.condensed()):
        value, gradient, _ = Simulator((system,), goals, instance.shape).evaluate(design)
        assert value == pytest.approx(expected_value, rel=1e-6)
        np.testing.assert_allclose(gradient, expected_gradient, atol=1e-6 * np.abs(expected_gradient).max())


@pytest.mark.parametrize("device", DEVICES)
def test_eliminating_the_surroundings_changes_nothing(device):
    instance = draw(device, 1, seed=1)[0]
    whole = whole_system(instance.model(), 1290.0)
    condensed = whole.condensed()
    design = density(instance).round()
    for system in (condensed, condensed):  # twice: solving must leave the system as it is
        np.testing.assert_allclose(
            system.powers(system.solve(design)[1])[0], whole.powers(whole.solve(design)[1])[0], rtol=1e-9
        )


def test_gradient_equals_central_differences_to_five_digits(bend):
    _, simulator = bend
    design, step = density(bend[0]), 1e-5
    _, gradient, _ = simulator.evaluate(design)
    rng = np.random.default_rng(1)
    for direction in rng.standard_normal((4, len(design))):
        above, below = (simulator.evaluate(design + sign * step * direction)[0] for sign in (1, -1))
        assert gradient @ direction == pytest.approx((above - below) / (2 * step), rel=1e-5)


def test_powers_are_those_of_a_passive_device(bend):
    instance, simulator = bend
    powers = simulator.powers(density(instance).round())
    assert powers.shape == (2, 2)
    assert (powers >= 0).all()
    assert (powers.sum(1) <= 1).all()


def test_light_goes_straight_through_a_straight_waveguide():
    """Two parallel waveguides, drawn on through the design of a splitter: all to port 2, none to the others."""
    instance = Instance("beam_splitter", (400, 1120, 720))
    model = instance.model()
    x0, y0, x1, y1 = model.design_region_coords
    straight = np.broadcast_to(model.density_bg[x0 - 1, y0:y1], (x1 - x0, y1 - y0))
    powers = Simulator.of(instance).powers(straight.ravel())
    assert (np.abs(powers - [0, 1, 0, 0]) < 0.02).all()


def test_loss_is_small_where_the_goals_are_met():
    goals = Instance("wdm", (2560, 1800, 3320)).goals()
    fine = np.array([[0.001, 0.9, 0.001], [0.001, 0.001, 0.9]])
    wrong = fine[::-1]
    assert goals.met(fine)
    assert not goals.met(wrong)
    assert goals.width == pytest.approx(0.01)
    assert schubert_loss(fine, goals)[0] < 2
    assert schubert_loss(wrong, goals)[0] > 1000


@pytest.mark.parametrize("device", DEVICES)
def test_every_size_that_can_be_drawn_makes_a_domain(device):
    choices = DEVICES[device].choices.values()
    for pick in (0, -1):
        model = Instance(device, tuple(values[pick] for values in choices)).model()
        assert tuple(model.design_region_shape) == DEVICES[device].shape
        for port in model.ports:
            assert all(
                0 <= line.min() <= line.max() < size for line, size in zip(port.coords(), model.shape, strict=True)
            )


def test_faults_are_told():
    with pytest.raises(SurcoError, match=r"bend: 99 different instances wanted, 66 exist"):
        draw("bend", 99, seed=0)
    with pytest.raises(SurcoError, match="no device 'lens'; known: bend, mode_converter"):
        draw("lens", 1, seed=0)
    with pytest.raises(SurcoError, match="bend 410-720: no such device"):
        Instance("bend", (410, 720)).model()


PUBLISHED = yaml.safe_load((ROOT / "data" / "mode_converters" / "published.yaml").read_text())["converters"]
PUBLISHED_AT = (1265.0, 1270.0, 1275.0, 1285.0, 1290.0, 1295.0)
"""nm, of the script that printed the values; the range in its README, 1260 to 1300 nm, gives others."""


@pytest.fixture(scope="module")
def fine_systems():
    """The domain of that script: the package's own mode converter on a 10 nm grid, other materials and waveguides."""
    package = challenges()
    prefabs = package.mode_converter.prefabs
    nm = package.units.nm
    parameters = prefabs.mode_converter_sim_params(
        resolution=10 * nm, wavelengths=package.units.Array(list(PUBLISHED_AT), nm)
    )
    spec = prefabs.mode_converter_spec_12(
        variable_region_size=(1600 * nm, 1600 * nm),
        cladding_permittivity=2.25,
        slab_permittivity=12.25,
        left_wg_width=400 * nm,
        right_wg_width=400 * nm,
    )
    model = package.mode_converter.model.ModeConverterModel(parameters, spec)
    return [whole_system(model, wavelength).condensed() for wavelength in PUBLISHED_AT]


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_converters_have_their_published_powers(fine_systems, name):
    """Designs of others on their own grid: the worst of six wavelengths, to the two digits that are printed."""
    rows = texts.read("mode_converters", name).splitlines()
    design = np.array([[float(value) for value in row.split(",")] for row in rows])
    powers = np.stack([system.powers(system.solve(design.ravel())[1])[0] for system in fine_systems])
    decibels = 10 * np.log10(powers)
    assert decibels[:, 0].max() == pytest.approx(PUBLISHED[name]["reflection"], abs=0.01)
    assert decibels[:, 1].min() == pytest.approx(PUBLISHED[name]["transmission"], abs=0.01)
