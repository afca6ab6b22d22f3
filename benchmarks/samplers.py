"""Gibbs sampling: all chains at once, one per vector lane, against one chain after another and against torch."""

import time
from collections.abc import Callable
from functools import partial

import numba
import numpy as np
import torch
from torch import Tensor

from benchmarks.case import Case
from papers.solution_samplers.graphs import Graph, random_graphs, regular_graphs
from papers.solution_samplers.samplers import IsingGibbs, NetGibbs
from papers.solution_samplers.samplers.ising import Ising, random_spins
from papers.solution_samplers.samplers.net_gibbs import sweep_sites
from papers.solution_samplers.scores import HomogeneousNet

CHAINS = 256
SWEEPS = 4
NET_CHAINS = 64
NET_SIZES = (600, 30, 10, 1)


def cases() -> list[Case]:
    """A sparse and a dense graph of the paper's and of G-set's size, and the paper's net on 600 spins."""
    (sparse,), (dense,) = regular_graphs(1, 600, 3, seed=0), random_graphs(1, 800, 0.06, seed=0)
    return [
        _ising_case("3-regular, 600 vertices", sparse, target=10.0),
        _ising_case("G(800, 0.06)", dense, target=10.0),
        _net_case(),
    ]


def _ising_case(what: str, graph: Graph, target: float) -> Case:
    edges_2E, couplings_E = torch.from_numpy(graph.edges_2E), -torch.from_numpy(graph.weights_E) / 4
    sampler = IsingGibbs(edges_2E, graph.vertices, CHAINS, torch.Generator().manual_seed(0))
    everything = Ising(edges_2E, graph.vertices, None, torch.device("cpu")).everything
    lists = (everything.starts.numpy(), everything.neighbours.numpy(), couplings_E[everything.edges].numpy())
    ours = partial(sampler.run, couplings_E, SWEEPS)
    return Case(
        paper="solution_samplers",
        name=f"Gibbs, {what}: {CHAINS} chains at once / a compiled single chain",
        ours=ours,
        peer=partial(_single_chain, np.ones(graph.vertices), *lists, CHAINS * SWEEPS),
        target=target,
        unit=f"{CHAINS * SWEEPS * graph.vertices:,} spin updates",
        limit_ratio=partial(_share_of_bandwidth, ours, sampler.states, len(everything.neighbours)),
    )


@numba.njit
def _single_chain(spins_N, starts_N1, neighbours_M, couplings_M, sweeps):
    """Gibbs sampling as a textbook has it."""
    for _ in range(sweeps):
        for vertex in range(spins_N.size):
            field = 0.0
            for m in range(starts_N1[vertex], starts_N1[vertex + 1]):
                field += couplings_M[m] * spins_N[neighbours_M[m]]
            spins_N[vertex] = 1.0 if np.random.random() < 1 / (1 + np.exp(-2 * field)) else -1.0


def _share_of_bandwidth(ours: Callable[[], object], states_CN: Tensor, ends: int) -> float:
    """The spins that updates have to read and write, at the speed of copying the states, over the time of `ours`.

    An update reads the spins of all neighbours and writes one; `ends` counts the neighbours of all vertices.
    """
    chains, vertices = states_CN.shape
    copied = torch.empty_like(states_CN.T)
    seconds_per_spin = _seconds(partial(copied.copy_, states_CN.T)) / (2 * states_CN.numel())
    return SWEEPS * chains * (ends + vertices) * seconds_per_spin / _seconds(ours)


def _net_case() -> Case:
    generator = torch.Generator().manual_seed(0)
    net = HomogeneousNet(1, NET_SIZES, generator)
    layers = [layer.detach() for layer in net.layers]
    spins_BNC = random_spins(1, NET_SIZES[0], NET_CHAINS, generator=generator)
    return Case(
        paper="solution_samplers",
        name=f"Gibbs, the paper's net on 600 spins, {NET_CHAINS} chains: kernel / torch",
        ours=partial(NetGibbs(1, NET_SIZES[0], NET_CHAINS, generator).run, net, 1),
        peer=partial(sweep_sites, spins_BNC, layers, 1, 1.0, generator),
        target=10.0,
        unit=f"{NET_CHAINS * NET_SIZES[0]:,} spin updates",
    )


def _seconds(work: Callable[[], object], repeats: int = 20) -> float:
    """Time `work`, the best of some calls: both sides of a limit are measured undisturbed."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best
