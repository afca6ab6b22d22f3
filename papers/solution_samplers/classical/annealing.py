"""Simulated annealing for Max-Cut: the paper's method with its learning taken away.

For one graph the entropy-regularised objective has a known minimiser, w = -c / lambda: the distribution with
P(s) ~ exp(cut(s) / lambda). Gibbs chains follow it while lambda falls. What a trained sampler adds to this
control is what the training found out.
"""

import numba
import numpy as np

from papers.solution_samplers.classical.flips import (
    Cut,
    Neighbours,
    best_of,
    climb,
    flip,
    gains,
    neighbours,
    random_spins,
)
from papers.solution_samplers.graphs import Graph


def annealing(graph: Graph, chains: int, weights: np.ndarray, sweeps: int, rng: np.random.Generator) -> Cut:
    """Best cut that Gibbs chains meet at the end of a sweep, made a 1-flip local optimum.

    Args:
        graph: the instance.
        chains: independent chains, from random cuts.
        weights: entropy weights lambda > 0 in the order in which they are used, in units of the edge weights.
        sweeps: updates of every vertex at each lambda.
        rng: draws starts and updates.
    """
    near = neighbours(graph)
    spins_CN = random_spins(chains, graph.vertices, rng)
    for spins_N in spins_CN:
        _anneal(near, spins_N, np.repeat(1.0 / np.asarray(weights, dtype=np.float64), sweeps), rng)
    climb(near, spins_CN)
    return best_of(graph, spins_CN)


@numba.njit(cache=True)
def _anneal(near: Neighbours, spins_N: np.ndarray, inverse_weights: np.ndarray, rng: np.random.Generator) -> None:
    """Run a chain with one sweep at each inverse weight, and leave the best cut in `spins_N`."""
    current_N = spins_N.copy()
    gains_N = gains(near, current_N)
    value, best = 0.0, 0.0  # relative to the start
    for inverse in inverse_weights:
        for i in range(len(current_N)):
            if rng.random() * (1.0 + np.exp(-inverse * gains_N[i])) < 1.0:
                value += gains_N[i]
                flip(near, current_N, gains_N, i)
        if value > best:
            best = value
            spins_N[:] = current_N
