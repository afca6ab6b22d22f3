"""The true optimum on small grids: every simple path from corner to corner, 8512 of them on 5 x 5.

Shape suffixes: P paths, E edges, B instances.
"""

from functools import cache

import numba
import numpy as np
import torch
from torch import Tensor

from papers.surco.errors import SurcoError
from papers.surco.routes.instances import Routes, grid

LARGEST_SIDE = 6
"""1 262 816 paths; a side more has 455 times as many."""

@cache
def corner_paths(side: int) -> Tensor:
    """All simple paths of `grid(side)` between its corners, uint8 [P, E].

    Raises:
        SurcoError: there are too many of them.
    """
    if side > LARGEST_SIDE:
        raise SurcoError(f"a {side} x {side} grid has too many paths to enumerate (largest: {LARGEST_SIDE})")
    graph = grid(side)
    ends = (graph.source, graph.target)
    count = _walk(*graph.incident, *ends, np.zeros((0, 0), dtype=np.uint8))
    used_PE = np.zeros((count, len(graph.edges_E2)), dtype=np.uint8)
    _walk(*graph.incident, *ends, used_PE)
    return torch.from_numpy(used_PE)


def best_paths(routes: Routes, side: int) -> Tensor:
    """The path with the best chance to arrive on time, by trying all: x [B, E]."""
    paths_PE = corner_paths(side).to(routes.means_BE.dtype)
    means_PB, variances_PB = paths_PE @ routes.means_BE.T, paths_PE @ routes.variances_BE.T
    return paths_PE[((routes.deadlines_B - means_PB) / variances_PB.sqrt()).argmax(0)]


@numba.njit(cache=True)
def _walk(starts, others, edges, source, target, used_PE):  # pragma: no cover
    """Count simple paths depth first, and write them down where `used_PE` has rows."""
    vertices = len(starts) - 1
    visited_V = np.zeros(vertices, dtype=np.bool_)
    stack_V, next_V, by_V = np.empty((3, vertices), dtype=np.int64)
    depth, count = 0, 0
    stack_V[0], next_V[0], visited_V[source] = source, starts[source], True
    while depth >= 0:
        vertex = stack_V[depth]
        if vertex == target or next_V[depth] == starts[vertex + 1]:
            if vertex == target:
                if count < len(used_PE):
                    for step in range(1, depth + 1):
                        used_PE[count, by_V[step]] = 1
                count += 1
            visited_V[vertex] = False
            depth -= 1
            continue
        entry = next_V[depth]
        next_V[depth] += 1
        other = others[entry]
        if not visited_V[other]:
            depth += 1
            stack_V[depth], next_V[depth], by_V[depth] = other, starts[other], edges[entry]
            visited_V[other] = True
    return count
