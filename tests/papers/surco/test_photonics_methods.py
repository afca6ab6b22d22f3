"""The methods on a loss whose best design is known, on real physics once, and the parts of the experiment."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy import ndimage

from common.metrics import Metrics
from papers.surco import method
from papers.surco.choices import Search, Training
from papers.surco.errors import InstancesFailed, SurcoError
from papers.surco.estimators import make
from papers.surco.photonics import brush, encoding, genetic, methods, parts, record, run
from papers.surco.photonics.devices import Instance
from papers.surco.photonics.networks import DesignNetwork, image, train_direct
from papers.surco.photonics.problem import Laboratory, Record
from papers.surco.photonics.settings import Counts, Network, PassThrough, Start, Zero
from tests.papers.surco.made_build import params_at
from tests.papers.surco.made_photonics import photonics_data
from tests.papers.surco.toys import differentiation

BEND = Instance("bend", (400, 720))
SMALL_NETWORK = Network(channels=4, kernel=3, dilations=(1, 2, 4))
START = Start(bias=0.1, noise=0.02)
"""So near to solid that the first design is."""
PASS_THROUGH = PassThrough(start=START, beta=2.0, learning_rate=0.01, betas=(0.667, 0.9))


class Wanted:
    """A simulator whose loss counts the pixels that differ from a wanted design; with none the goals are met."""

    def __init__(self, design):
        self.design, self.evaluations = design.ravel().astype(float), 0

    def evaluate(self, x):
        self.evaluations += 1
        wrong = np.abs(x - self.design).sum()
        powers = np.array([[0.0, 1.0]] * 2) if wrong == 0 else np.ones((2, 2))
        return float(wrong), np.where(self.design > 0, -1.0, 1.0), powers


def wanting(seed=0, keep=()):
    rewards = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(BEND.shape), 2)
    laboratory = Laboratory(keep)
    laboratory._simulators[BEND] = simulator = Wanted(brush.paint(rewards))
    return laboratory, simulator


def zero(estimator, strength=3.0, steps=60, rate=0.05):
    return Zero(
        start=START,
        differentiation=differentiation(estimator, strength=strength, scaled=True),
        search=Search(
            link="tanh", learning_rate=rate, betas=(0.667, 0.9), steps=steps, patience=steps, warn_after=steps
        ),
    )


@pytest.mark.parametrize("estimator", ["blackbox", "identity"])
def test_surco_zero_finds_the_design_of_a_linear_loss(estimator):
    laboratory, simulator = wanting()
    start = methods.draw_start(BEND, START, seed=0)
    record = methods.surco_zero(laboratory, BEND, start, zero(estimator), seed=0)
    assert record.met_after == len(record.losses) < 60
    assert (record.best == simulator.design).all()
    assert record.losses[0] == pytest.approx((simulator.design == 0).sum())  # all solid at first


def test_pass_through_finds_the_design_of_a_linear_loss():
    laboratory, simulator = wanting(keep=(1, 3))
    record = methods.pass_through(laboratory, BEND, PASS_THROUGH, steps=60, seed=0)
    assert record.met_after == len(record.losses) < 60
    assert (record.best == simulator.design).all()
    assert sorted(record.kept) == [1, 3]
    assert record.kept[1].all()


def test_pass_through_meets_the_specification_of_a_real_bend():
    record = methods.pass_through(Laboratory(), Instance("bend", (640, 600)), PASS_THROUGH, steps=200, seed=0)
    assert record.met_after is not None
    assert brush.feasible(record.best.reshape(40, 40))
    assert (record.powers[:, 0] <= 0.01).all()
    assert (record.powers[:, 1] >= 10**-0.05).all()


def test_random_restarts_are_painted_and_keep_the_best():
    laboratory, simulator = wanting()
    record = methods.random_restarts(laboratory, BEND, steps=5, smoothness=2.0, seed=1)
    assert simulator.evaluations == len(record.losses) == 5
    assert record.met_after is None
    assert np.abs(record.best - simulator.design).sum() == min(record.losses)


def test_a_design_is_not_simulated_twice_in_a_row_and_nothing_is_recorded_after_success():
    laboratory, simulator = wanting()
    problem = laboratory.problem()
    solid = torch.ones(2, 1600, dtype=torch.float64)
    values = problem.objective(solid, [BEND, BEND])
    assert simulator.evaluations == 1
    assert len(laboratory.records[BEND].losses) == 2
    assert values.tolist() == [simulator.evaluate(np.ones(1600))[0]] * 2
    problem.objective(torch.from_numpy(simulator.design)[None], [BEND])
    problem.objective(solid[:1], [BEND])
    assert laboratory.records[BEND].met_after == len(laboratory.records[BEND].losses) == 3


def test_the_objective_has_the_simulators_gradient():
    laboratory, simulator = wanting()
    x = torch.rand(1, 1600, dtype=torch.float64, requires_grad=True)
    (2 * laboratory.problem().objective(x, [BEND])).sum().backward()
    assert (x.grad[0].numpy() == 2 * simulator.evaluate(x.detach()[0].numpy())[1]).all()


def test_the_network_sees_the_waveguides_and_learns_designs():
    first, second = Instance("bend", (240, 600)), Instance("bend", (640, 600))
    pictures = [image(instance) for instance in (first, second)]
    assert pictures[0].shape == (4, 56, 56)
    assert pictures[0][0].sum() < pictures[1][0].sum()
    assert pictures[0][1].sum() == 1600
    assert not (pictures[0][0] * pictures[0][1]).any()
    network, same = (DesignNetwork(SMALL_NETWORK, seed=1) for _ in range(2))
    assert network([first, second]).shape == (2, 1600)
    assert torch.equal(network([first]), same([first]))
    targets = torch.stack([torch.ones(1600), torch.zeros(1600)]).double()
    losses = train_direct(
        network, [first, second], targets, Training(learning_rate=0.01, epochs=20, batch_size=2), seed=0
    )
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("batch_size", [1, 2])  # a batch without any instance left, and one with another
def test_a_training_instance_whose_loss_is_not_finite_is_named_and_the_others_are_learnt(batch_size):
    laboratory, _ = wanting()
    broken = Instance("bend", (640, 600))
    laboratory._simulators[broken] = Wanted(np.full(BEND.shape, np.nan))
    network = DesignNetwork(SMALL_NETWORK, seed=0)
    before = network.layers[0].weight.clone()
    with pytest.raises(InstancesFailed, match=r"^instance bend 640-600: objective is nan .*other instances are kept"):
        method.train_prior(
            laboratory.problem(), [broken, BEND], network, make(zero("identity").differentiation, seed=0), "tanh",
            Training(learning_rate=0.01, epochs=2, batch_size=batch_size), seed=0, names=[broken.name, BEND.name],
        )  # fmt: skip
    assert not torch.equal(before, network.layers[0].weight)
    assert network.layers[0].weight.isfinite().all()


@pytest.mark.parametrize("search", ["surco_zero", "pass_through", "random_restarts"])
def test_a_search_whose_loss_is_not_finite_ends_with_the_name_of_the_instance(search):
    laboratory, _ = wanting()
    laboratory._simulators[BEND] = Wanted(np.full(BEND.shape, np.nan))
    start = methods.draw_start(BEND, START, seed=0)
    arguments = {
        "surco_zero": (start, zero("blackbox"), 0),
        "pass_through": (PASS_THROUGH, 2, 0),
        "random_restarts": (2, 2.0, 0),
    }
    with pytest.raises(SurcoError, match=f"^{BEND.name}: .* nan or"):
        getattr(methods, search)(laboratory, BEND, *arguments[search])


def test_normalised_costs_have_mean_zero_and_a_given_size():
    with torch.no_grad():
        u = DesignNetwork(SMALL_NETWORK, seed=0, rms=0.5)([BEND])
    assert float(u.mean()) == pytest.approx(0, abs=1e-9)
    assert float(u.square().mean()) == pytest.approx(0.25)


def test_a_summary_goes_on_at_the_level_of_success():
    record = Record(losses=[8.0, 9.0, 1.0], changed=[4, 2], met_after=3)
    written = encoding.summary(record, steps=40)
    steps = encoding.curve_steps(40).tolist()
    assert [written["curve"][steps.index(step)] for step in (1, 2, 3, 40)] == [8.0, 8.0, 1.0, 1.0]
    assert (written["loss"], written["designs"], written["met_after"], written["late_changes"]) == (1.0, 3, 3, 3.0)


def test_unpaintable_pixels_are_those_of_infeasible_designs():
    rng = np.random.default_rng(0)
    designs = np.stack([brush.paint(rng.standard_normal((12, 12))) for _ in range(20)])
    designs[10:, 5, 5] ^= True
    faults = genetic.unpaintable(designs)
    assert ((faults == 0) == [brush.feasible(design) for design in designs]).all()
    assert not faults[:10].any()
    assert faults[10:].any()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_blank_design_can_be_painted_and_does_not_count(value):
    blank = np.full((40, 40), value)
    mixed = blank.copy()
    mixed[:20] = 1 - value
    assert [brush.feasible(blank), brush.blank(blank)] == [True, True]
    assert [brush.feasible(mixed), brush.blank(mixed)] == [True, False]
    data = photonics_data(params_at("smoke").photonics)
    for results in data["devices"].values():
        for result in results:
            result["methods"]["nearest"] |= {"feasible": brush.feasible(blank), "blank": brush.blank(blank)}
    metrics = Metrics()
    record.record(metrics, data)
    assert set(metrics._samples["photonics.all.nearest.feasible"]) == {100.0}
    assert set(metrics._samples["photonics.all.nearest.usable"]) == {0.0}


def test_texts_carry_designs_and_predictions():
    design = np.random.default_rng(0).integers(0, 2, 1600).astype(float)
    assert (encoding.unpacked(encoding.packed(design), BEND) == design).all()
    u = np.random.default_rng(1).standard_normal(1600)
    assert (encoding.decoded(encoding.encoded(u)) == u.astype(np.float32)).all()


def test_nearest_compares_sizes():
    others = [Instance("bend", sizes) for sizes in ((240, 600), (400, 760), (640, 720))]
    assert parts.nearest(BEND, others) == 1


def test_the_best_setting_succeeds_most_often_and_then_has_the_least_loss():
    def results(*pairs):
        return {"bend": [{"met_after": met, "loss": loss} for met, loss in pairs]}

    sweep = {"a": results((None, 1.0), (None, 1.0)), "b": results((5, 0.5), (None, 900.0))}
    assert run.best_setting(sweep) == "b"
    sweep["c"] = results((150, 0.5), (None, 90.0))
    assert run.best_setting(sweep) == "c"


def test_faulty_settings_are_told():
    with pytest.raises(ValidationError, match="kernel: must be odd"):
        Network(channels=1, kernel=4, dilations=(1, 1, 1))
    with pytest.raises(ValidationError, match="greater than 0"):
        Counts(train=0, test=1)
