"""Inverse photonic design: loss and gradient of one design against ceviche's autograd."""

from functools import partial

import numpy as np

from benchmarks.case import Case


def cases() -> list[Case]:
    """One instance of each device as searches meet it, and one without its surroundings eliminated beforehand."""
    from papers.surco.photonics.devices import DEVICES, draw
    from papers.surco.photonics.simulator import Simulator, whole_system

    drawn = [draw(name, 1, seed=0)[0] for name in DEVICES]
    first, model = drawn[0], drawn[0].model()
    whole = tuple(whole_system(model, float(wavelength)) for wavelength in model.output_wavelengths)
    return [
        *(_simulation(instance, Simulator.of(instance), "ours") for instance in drawn),
        _simulation(first, Simulator(whole, first.goals(), first.shape), "ours, whole domain"),
    ]


def _simulation(instance, simulator, label: str) -> Case:
    import autograd
    import autograd.numpy as npa

    model, goals = instance.model(), instance.goals()
    design = np.random.default_rng(0).random(instance.shape[0] * instance.shape[1])

    def stock_loss(design_D):
        amplitudes, _ = model.simulate(design_D.reshape(instance.shape), max_parallelizm=1)
        excess = goals.signs_WP * (npa.abs(amplitudes[:, 0, :]) ** 2 - goals.bounds_WP) / goals.width
        return npa.sum(npa.logaddexp(0.0, excess) ** 2)

    return Case(
        paper="surco",
        name=f"{instance.device}, loss and gradient: ceviche / {label}",
        ours=partial(simulator.evaluate, design),
        peer=partial(autograd.value_and_grad(stock_loss), design),
        target=2.0,
        unit="design at two wavelengths",
    )
