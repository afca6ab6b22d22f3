"""One-exchange: move the most gaining vertex until none gains, as networkx does."""

import numba
import numpy as np

from papers.solution_samplers.classical.flips import (
    EPSILON,
    Cut,
    Neighbours,
    best_move,
    best_of,
    flip,
    gains,
    neighbours,
)
from papers.solution_samplers.graphs import Graph


def one_exchange(graph: Graph, starts: int, rng: np.random.Generator) -> Cut:
    """The best of `starts` local optima of steepest ascent with ties broken at random.

    Each ascent starts with one random vertex on one side and all others on the other. On sparse graphs that is much
    better than a random cut: the first half of the moves is a greedy construction.
    """
    spins_CN = np.ones((starts, graph.vertices), dtype=np.int8)
    spins_CN[np.arange(starts), rng.integers(0, graph.vertices, starts)] = -1
    _ascend(neighbours(graph), spins_CN, rng)
    return best_of(graph, spins_CN)


@numba.njit(cache=True)
def _ascend(near: Neighbours, spins_CN: np.ndarray, rng: np.random.Generator) -> None:
    """Move, in each cut, the vertex of the largest gain until none gains: 1-flip local optima, in place."""
    vertices = spins_CN.shape[1]
    never = np.zeros(vertices, dtype=np.int64)
    for spins_N in spins_CN:
        gains_N = gains(near, spins_N)
        vertex = best_move(gains_N, never, 1, np.inf, rng.integers(0, vertices))
        while gains_N[vertex] > EPSILON:
            flip(near, spins_N, gains_N, vertex)
            vertex = best_move(gains_N, never, 1, np.inf, rng.integers(0, vertices))
