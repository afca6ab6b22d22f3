"""Greedy Max-Cut: place one vertex after another where it cuts more of the edges to those placed."""

import numba
import numpy as np

from papers.solution_samplers.classical.flips import Cut, Neighbours, best_of, neighbours
from papers.solution_samplers.graphs import Graph


def greedy(graph: Graph, rng: np.random.Generator, starts: int = 1) -> Cut:
    """Greedy cuts in random orders of the vertices.

    With weights >= 0 each cuts at least half of the total weight.

    Args:
        graph: the instance.
        rng: draws the orders.
        starts: number of orders to try.
    """
    near = neighbours(graph)
    orders = [rng.permutation(graph.vertices) for _ in range(starts)]
    return best_of(graph, np.stack([_place(near, order) for order in orders]))


@numba.njit(cache=True)
def _place(near: Neighbours, order_N: np.ndarray) -> np.ndarray:
    spins_N = np.zeros(len(order_N), dtype=np.int8)
    for vertex in order_N:
        pull = 0.0
        for k in range(near.starts[vertex], near.starts[vertex + 1]):
            pull += near.weights[k] * spins_N[near.ends[k]]
        spins_N[vertex] = -1 if pull > 0 else 1
    return spins_N
