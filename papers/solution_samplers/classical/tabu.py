"""Tabu search for Max-Cut: always move the best vertex that has not moved lately, uphill or not.

One-flip moves, as in G. Kochenberger, J.-K. Hao, Z. Lu, H. Wang, F. Glover (2013), "Solving large scale Max Cut
problems via tabu search", J. Heuristics 19; the tenure is that of U. Benlic, J.-K. Hao (2013), "Breakout local search
for the max-cut problem": 3 to n/10 steps at random. A tabu vertex may move when that beats the best cut so far. Written
from the descriptions.
"""

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
    random_spins,
)
from papers.solution_samplers.graphs import Graph

SHORTEST_TENURE = 3
TENURE_SHARE = 10
"""The longest tenure is the number of vertices divided by this."""


def tabu(graph: Graph, steps: int, starts: int, rng: np.random.Generator) -> Cut:
    """Best cut of `starts` independent searches of `steps` moves each, from random cuts."""
    spins_CN = random_spins(starts, graph.vertices, rng)
    near = neighbours(graph)
    longest = max(SHORTEST_TENURE, graph.vertices // TENURE_SHARE)
    for spins_N in spins_CN:
        _search(near, spins_N, steps, longest, rng)
    return best_of(graph, spins_CN)


@numba.njit(cache=True)
def _search(near: Neighbours, spins_N: np.ndarray, steps: int, longest: int, rng: np.random.Generator) -> None:
    """Search from `spins_N` and leave the best cut there."""
    current_N = spins_N.copy()
    gains_N = gains(near, current_N)
    free_from_N = np.zeros(len(spins_N), dtype=np.int64)
    value, best = 0.0, 0.0  # relative to the start
    for step in range(1, steps + 1):
        vertex = best_move(gains_N, free_from_N, step, best - value, rng.integers(0, len(gains_N)))
        value += gains_N[vertex]
        flip(near, current_N, gains_N, vertex)
        free_from_N[vertex] = step + rng.integers(SHORTEST_TENURE, longest + 1)
        if value > best + EPSILON:
            best = value
            spins_N[:] = current_N
