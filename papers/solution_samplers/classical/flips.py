"""What all methods that move one vertex at a time share: neighbour lists and gains kept up to date.

N vertices, E edges. The gain of a vertex is what the cut would win if the vertex changed sides:
gain_i = s_i sum_j w_ij s_j. A change of sides costs one pass over the vertex's neighbours.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np

from papers.solution_samplers.graphs import Graph

EPSILON = 1e-9
"""A gain below this is a rounding error."""


@dataclass(frozen=True, eq=False)
class Cut:
    """The best cut that a method found: sides [N] of +1 and -1 (int8), and the cut's weight."""

    spins_N: np.ndarray
    value: float


class Neighbours(NamedTuple):
    """Neighbour lists: those of vertex i are `ends[starts[i]:starts[i + 1]]`, with the edges' `weights`."""

    starts: np.ndarray
    ends: np.ndarray
    weights: np.ndarray


def neighbours(graph: Graph) -> Neighbours:
    """The graph as lists that compiled loops can walk."""
    matrix = graph.adjacency()
    return Neighbours(matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data)


def best_of(graph: Graph, spins_CN: np.ndarray) -> Cut:
    """The best of several cuts."""
    values_C = graph.cut(spins_CN)
    best = int(np.argmax(values_C))
    return Cut(spins_CN[best], float(values_C[best]))


def random_spins(chains: int, vertices: int, rng: np.random.Generator) -> np.ndarray:
    """[C, N] int8 of independent fair sides."""
    return (2 * rng.integers(0, 2, (chains, vertices), dtype=np.int8) - 1).astype(np.int8)


@numba.njit(cache=True)
def gains(near: Neighbours, spins_N: np.ndarray) -> np.ndarray:
    """[N] gain of every vertex."""
    gains_N = np.zeros(len(spins_N))
    for i in range(len(spins_N)):
        for k in range(near.starts[i], near.starts[i + 1]):
            gains_N[i] += near.weights[k] * spins_N[i] * spins_N[near.ends[k]]
    return gains_N


@numba.njit(cache=True)
def flip(near: Neighbours, spins_N: np.ndarray, gains_N: np.ndarray, vertex: int) -> None:
    """Move a vertex to the other side, in place."""
    spins_N[vertex] = -spins_N[vertex]
    gains_N[vertex] = -gains_N[vertex]
    twice = 2.0 * spins_N[vertex]
    for k in range(near.starts[vertex], near.starts[vertex + 1]):
        gains_N[near.ends[k]] += twice * near.weights[k] * spins_N[near.ends[k]]


@numba.njit(cache=True)
def climb(near: Neighbours, spins_CN: np.ndarray) -> None:
    """Go round the vertices of each cut and move those that gain, until none does: 1-flip local optima, in place."""
    for spins_N in spins_CN:
        gains_N = gains(near, spins_N)
        moved = True
        while moved:
            moved = False
            for vertex in range(len(spins_N)):
                if gains_N[vertex] > EPSILON:
                    flip(near, spins_N, gains_N, vertex)
                    moved = True


@numba.njit(cache=True)
def best_move(gains_N: np.ndarray, free_from_N: np.ndarray, step: int, needed: float, first: int) -> int:
    """The vertex of the largest gain among those free before `step`, and those that gain more than `needed`.

    The scan starts at a vertex that the caller draws: with unit weights ties abound, and always taking the first of
    them makes a search run in circles.
    """
    best, vertex = -np.inf, first
    for k in range(len(gains_N)):
        i = k + first - (len(gains_N) if k + first >= len(gains_N) else 0)
        if gains_N[i] > best and (free_from_N[i] < step or gains_N[i] > needed + EPSILON):
            best, vertex = gains_N[i], i
    return vertex
