"""Exact gradients over all solutions of 15-vertex graphs, against the plain form: one matrix product and autograd.

An experiment of the paper takes 600 such gradients: 5 s for 100 graphs are 8 ms each.
"""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from benchmarks.case import Case
from papers.solution_samplers.graphs import random_graphs
from papers.solution_samplers.objective import loss, objectives
from papers.solution_samplers.scores import HomogeneousNet, LinearScore
from papers.solution_samplers.small_graphs.enumeration import Halves
from papers.solution_samplers.small_graphs.linear import LinearSamplers
from papers.solution_samplers.small_graphs.net import NetSamplers
from papers.solution_samplers.small_graphs.training import Samplers

VERTICES, WEIGHT = 15, 1.0
BOTH = objectives(mixture_weight=0.2, inverse_temperature=0.03)["both"]


def cases() -> list[Case]:
    """Linear scores of 100 graphs, and the paper's net on 4."""
    return [_linear(100), _net(4)]


def _linear(graphs: int) -> Case:
    halves, costs_BAC = _instances(graphs)
    low, high = np.triu_indices(VERTICES, 1)
    spins_SN = halves.spins().flatten(0, 1)
    features_SF = spins_SN[:, low] * spins_SN[:, high]
    weights_BF = LinearScore(graphs, features_SF.shape[1], 0.1, torch.Generator().manual_seed(0)).weights_BF

    def products() -> None:
        (weights_BF.detach() @ features_SF.T) @ features_SF

    ours = partial(_exact, LinearSamplers(halves, costs_BAC, weights_BF.detach()))
    return Case(
        paper="solution_samplers",
        name="linear scores, one exact gradient: split halves / matrix product and autograd",
        ours=ours,
        peer=lambda: _autograd(
            weights_BF @ features_SF.T, BOTH.inverse_temperature, costs_BAC.flatten(1), [weights_BF]
        ),
        target=5.0,
        unit=f"{graphs} graphs x 2^{VERTICES - 1} solutions",
        limit_ratio=lambda: _seconds(products) / _seconds(ours),
    )


def _net(graphs: int) -> Case:
    halves, costs_BAC = _instances(graphs)
    net = HomogeneousNet(graphs, (VERTICES, 30, 10, 1), torch.Generator().manual_seed(0))
    spins_SN = halves.spins().flatten(0, 1)
    spins_SN = torch.cat([spins_SN, -spins_SN])
    costs_BS = costs_BAC.flatten(1).repeat(1, 2)
    layers = list(net.layers)

    second_BMK = layers[1].detach()
    hidden_BSK = torch.relu(spins_SN @ layers[0].detach().mT)

    def products() -> None:
        """The three products with the largest layer: forwards, and backwards to its weights and to its inputs."""
        units_BSM = hidden_BSK @ second_BMK.mT
        units_BSM.mT @ hidden_BSK
        units_BSM @ second_BMK

    ours = partial(_exact, NetSamplers(halves, costs_BAC, net))
    return Case(
        paper="solution_samplers",
        name="the paper's net, one exact gradient: halves and mirrors in cache / batched autograd",
        ours=ours,
        peer=lambda: _autograd(net(spins_SN), net.slow_factor(BOTH.inverse_temperature), costs_BS, layers),
        target=5.0,
        unit=f"{graphs} graphs x 2^{VERTICES} solutions",
        limit_ratio=lambda: _seconds(products) / _seconds(ours),
    )


def _instances(graphs: int) -> tuple[Halves, Tensor]:
    halves = Halves(VERTICES)
    return halves, halves.costs(random_graphs(graphs, VERTICES, 0.5, seed=0)).float()


def _exact(samplers: Samplers) -> None:
    samplers.gradients(BOTH, WEIGHT)


def _autograd(scores_BS: Tensor, slow_factor: float, costs_BS: Tensor, parameters: list[Tensor]) -> None:
    torch.autograd.grad(loss(scores_BS, slow_factor * scores_BS, costs_BS, WEIGHT, BOTH).sum(), parameters)


def _seconds(work: Callable[[], None], repeats: int = 7) -> float:
    """Shortest of several times."""
    durations = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        durations.append(time.perf_counter() - start)
    return min(durations)
