"""Shortest paths of many cost vectors on one undirected graph: Dijkstra in numba, one pass per row.

Shape suffixes: R rows, each with its own costs; E edges; V vertices.
"""

from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np

UNREACHED = -1


@dataclass(frozen=True)
class Graph:
    """An undirected graph with a source and a target.

    Attributes:
        vertices: their number; they are 0, 1, ...
        edges_E2: both ends of every edge.
        source: where every path starts.
        target: where it ends.
    """

    vertices: int
    edges_E2: np.ndarray
    source: int
    target: int

    @cached_property
    def incident(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Neighbours in compressed rows: starts [V + 1], the vertex behind each entry, and its edge, both [2 E]."""
        ends = np.concatenate([self.edges_E2[:, 0], self.edges_E2[:, 1]])
        order = np.argsort(ends, kind="stable")
        others = np.concatenate([self.edges_E2[:, 1], self.edges_E2[:, 0]])[order]
        starts = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=self.vertices))])
        return starts, others, order % len(self.edges_E2)

    def incidence(self) -> np.ndarray:
        """Flow conservation of the directed copy, [V, 2 E]: +1 where an arc leaves a vertex, -1 where it enters.

        Arc e runs along edge e from its first to its second end, arc E + e back.
        """
        edges = len(self.edges_E2)
        matrix = np.zeros((self.vertices, 2 * edges))
        arcs = np.arange(edges)
        matrix[self.edges_E2[:, 0], arcs] = matrix[self.edges_E2[:, 1], arcs + edges] = 1.0
        matrix[self.edges_E2[:, 1], arcs] = matrix[self.edges_E2[:, 0], arcs + edges] = -1.0
        return matrix

    def balance(self) -> np.ndarray:
        """What leaves each vertex less what enters it, for one unit of flow from source to target: [V]."""
        balance_V = np.zeros(self.vertices)
        balance_V[self.source], balance_V[self.target] = 1.0, -1.0
        return balance_V


def shortest_paths(graph: Graph, costs_RE: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find one shortest path for every row of costs; of equally short ones, one with the fewest edges.

    A negative cost counts as zero: else a walk would profit from going back and forth. An edge of infinite cost is
    closed.

    Args:
        graph: its edges and ends.
        costs_RE: one row of costs per path.

    Returns:
        Which edges each path takes, [R, E] of 0 and 1; and whether there is a path, [R].
    """
    used_RE = np.zeros(costs_RE.shape)
    found_R = np.zeros(len(costs_RE), dtype=np.bool_)
    costs_RE = np.ascontiguousarray(np.maximum(costs_RE, 0.0), dtype=np.float64)
    _all_rows(*graph.incident, graph.source, graph.target, costs_RE, used_RE, found_R)
    return used_RE, found_R


def path_among(graph: Graph, allowed_E: np.ndarray) -> np.ndarray:
    """A path from source to target with the fewest of the allowed edges, [E]; no edges where there is none."""
    used_RE, _ = shortest_paths(graph, np.where(allowed_E, 1.0, np.inf)[None])
    return used_RE[0]


@numba.njit(cache=True)
def _all_rows(starts, others, edges, source, target, costs_RE, used_RE, found_R):  # pragma: no cover
    vertices = len(starts) - 1
    distance_V, hops_V = np.empty(vertices), np.empty(vertices, dtype=np.int64)
    before_V, by_V = np.empty(vertices, dtype=np.int64), np.empty(vertices, dtype=np.int64)
    heap, place_V = np.empty(vertices, dtype=np.int64), np.empty(vertices, dtype=np.int64)
    for row in range(len(costs_RE)):
        costs_E = costs_RE[row]
        distance_V[:], hops_V[:], by_V[:], place_V[:] = np.inf, 0, UNREACHED, UNREACHED
        distance_V[source], heap[0], place_V[source], size = 0.0, source, 0, 1
        while size > 0:
            vertex = heap[0]
            size -= 1
            place_V[vertex] = UNREACHED
            if size > 0:
                heap[0] = heap[size]
                place_V[heap[0]] = 0
                _sink(heap, place_V, distance_V, hops_V, size)
            if vertex == target:
                break
            for entry in range(starts[vertex], starts[vertex + 1]):
                other = others[entry]
                reached = distance_V[vertex] + costs_E[edges[entry]]
                hops = hops_V[vertex] + 1
                if reached < distance_V[other] or (
                    reached == distance_V[other] and reached < np.inf and hops < hops_V[other]
                ):
                    distance_V[other], hops_V[other] = reached, hops
                    before_V[other], by_V[other] = vertex, edges[entry]
                    if place_V[other] == UNREACHED:
                        heap[size], place_V[other] = other, size
                        size += 1
                    _rise(heap, place_V, distance_V, hops_V, place_V[other])
        found_R[row] = distance_V[target] < np.inf
        vertex = target
        while found_R[row] and vertex != source:
            used_RE[row, by_V[vertex]] = 1.0
            vertex = before_V[vertex]


@numba.njit(cache=True)
def _less(a, b, distance_V, hops_V):  # pragma: no cover
    return distance_V[a] < distance_V[b] or (distance_V[a] == distance_V[b] and hops_V[a] < hops_V[b])


@numba.njit(cache=True)
def _rise(heap, place_V, distance_V, hops_V, place):  # pragma: no cover
    while place > 0:
        above = (place - 1) // 2
        if not _less(heap[place], heap[above], distance_V, hops_V):
            break
        heap[place], heap[above] = heap[above], heap[place]
        place_V[heap[place]], place_V[heap[above]] = place, above
        place = above


@numba.njit(cache=True)
def _sink(heap, place_V, distance_V, hops_V, size):  # pragma: no cover
    place = 0
    while True:
        least = place
        for below in (2 * place + 1, 2 * place + 2):
            if below < size and _less(heap[below], heap[least], distance_V, hops_V):
                least = below
        if least == place:
            break
        heap[place], heap[least] = heap[least], heap[place]
        place_V[heap[place]], place_V[heap[least]] = place, least
        place = least
