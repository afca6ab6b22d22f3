"""The on-the-fly methods, each on one instance until a design meets the specification or the steps are spent.

Shape suffixes: N pixels.
"""

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from papers.surco import estimators
from papers.surco.errors import SurcoError
from papers.surco.photonics import brush
from papers.surco.photonics.devices import Instance
from papers.surco.photonics.problem import Laboratory, Record
from papers.surco.photonics.settings import PassThrough, Start, Zero
from papers.surco.problem import Oracle
from papers.surco.runs import Runs

SMOOTHNESS = 1.0
"""Radius in pixels, that of the brush, over which the noise of a start is averaged."""


def draw_start(instance: Instance, start: Start, seed: int) -> Tensor:
    """Draw parameters u [N] of the costs: minus a bias, and noise that is smooth, as the greedy generator needs it.

    White noise would let every small change of the costs reorder strokes all over the design.
    """
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(instance.shape), SMOOTHNESS)
    return torch.from_numpy(start.noise * noise / noise.std() - start.bias).flatten()


def surco_zero(laboratory: Laboratory, instance: Instance, start_N: Tensor, zero: Zero, seed: int) -> Record:
    """Algorithm 1, or from a predicted start Algorithm 4, stopped by the first design that meets the goals.

    Raises:
        SurcoError: the solver or the simulation failed.
    """
    oracle = Oracle(laboratory.problem(), [instance], [instance.name])
    runs = Runs(oracle, start_N[None, None], zero.search)
    estimator = estimators.make(zero.differentiation, seed)
    record = laboratory.records.setdefault(instance, Record())
    while record.met_after is None and len(record.losses) < zero.search.steps and runs.active_R.any():
        runs.step(estimator)
    for text in oracle.failures.values():
        raise SurcoError(f"{instance.name}: {text}")
    return record


def pass_through(laboratory: Laboratory, instance: Instance, settings: PassThrough, steps: int, seed: int) -> Record:
    """Schubert et al. (2022): rewards tanh(beta (u * brush)); the generator's derivative is taken for the identity."""
    laboratory.problem()
    u_N = (-draw_start(instance, settings.start, seed)).requires_grad_()
    optimizer = torch.optim.Adam([u_N], settings.learning_rate, settings.betas)
    kernel = torch.from_numpy(brush.CROSS.astype(float))[None, None]
    for _ in range(steps):
        image = u_N.reshape(1, 1, *instance.shape)
        rewards_N = torch.tanh(settings.beta * torch.nn.functional.conv2d(image, kernel, padding=1)).flatten()
        x_N = brush.solve(-rewards_N[None], [instance])[0]
        _, slope_N = laboratory.simulate(x_N.numpy(), instance)
        if laboratory.records[instance].met_after is not None:
            break
        optimizer.zero_grad()
        rewards_N.backward(torch.from_numpy(slope_N))
        optimizer.step()
    return laboratory.records[instance]


def random_restarts(laboratory: Laboratory, instance: Instance, steps: int, smoothness: float, seed: int) -> Record:
    """Paint and simulate smooth random rewards, one design after the other: what feasibility alone is worth."""
    laboratory.problem()
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        rewards = ndimage.gaussian_filter(rng.standard_normal(instance.shape), smoothness)
        laboratory.simulate(brush.paint(rewards).ravel().astype(float), instance)
        if laboratory.records[instance].met_after is not None:
            break
    return laboratory.records[instance]
