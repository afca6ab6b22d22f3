"""Inverse photonic design: value and gradient of one design against ceviche's autograd."""

from functools import partial

import numpy as np

from benchmarks.case import Case


def cases() -> list[Case]:
    """One instance of each device, both wavelengths."""
    from papers.surco.photonics.devices import DEVICES, draw

    return [_simulation(draw(name, 1, seed=0)[0]) for name in DEVICES]


def _simulation(instance) -> Case:
    import autograd
    import autograd.numpy as npa

    from papers.surco.photonics.simulator import Simulator

    model, goals, simulator = instance.model(), instance.goals(), Simulator.of(instance)
    design = np.random.default_rng(0).random(instance.shape[0] * instance.shape[1])

    def stock_loss(design_D):
        amplitudes, _ = model.simulate(design_D.reshape(instance.shape), max_parallelizm=1)
        excess = goals.signs_WP * (npa.abs(amplitudes[:, 0, :]) ** 2 - goals.bounds_WP) / goals.width
        return npa.sum(npa.logaddexp(0.0, excess) ** 2)

    return Case(
        paper="surco",
        name=f"{instance.device}, loss and gradient: ceviche / ours",
        ours=partial(simulator.evaluate, design),
        peer=partial(autograd.value_and_grad(stock_loss), design),
        target=2.0,
        unit="design, two wavelengths, one thread",
    )
