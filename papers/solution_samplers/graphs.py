"""Weighted graphs: checked values, random models, disjoint unions and the files of G-set.

N vertices, E edges. Spins are +1 and -1; an edge is cut where its ends differ.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import networkx
import numpy as np
from scipy import sparse

from common import datasets
from common.config import ROOT, read_yaml
from common.errors import RepriseError

if TYPE_CHECKING:
    from torch import Tensor

Spins = TypeVar("Spins", np.ndarray, "Tensor")


class GraphError(RepriseError):
    """Not a graph that the problems here are about; names the graph and the edge, or the file and the line."""


@dataclass(frozen=True, eq=False)
class Graph:
    """A simple undirected graph with weighted edges; build it with `of`, which checks it.

    Attributes:
        name: how messages and results call it.
        vertices: N.
        edges_2E: ends of the edges, int64, smaller end first, no edge twice.
        weights_E: float64, finite.
    """

    name: str
    vertices: int
    edges_2E: np.ndarray
    weights_E: np.ndarray

    @classmethod
    def of(cls, name: str, vertices: int, edges: np.ndarray, weights: np.ndarray | None = None) -> "Graph":
        """Build a checked graph.

        Args:
            name: how messages and results call it.
            vertices: number of vertices; they are 0, 1, ..., vertices - 1.
            edges: [2, E] ends of the edges, in either order.
            weights: [E]; None means that all are 1.

        Raises:
            GraphError: a self-loop, an end out of range, an edge given twice, or a weight that is not finite.
        """
        edges = np.asarray(edges, dtype=np.int64).reshape(2, -1)
        weights = np.ones(edges.shape[1]) if weights is None else np.asarray(weights, dtype=np.float64)
        if weights.shape != edges.shape[1:]:
            raise GraphError(f"graph {name}: {edges.shape[1]} edges but weights of shape {weights.shape}")
        edges = np.sort(edges, axis=0)
        low, high = edges
        for fault, where in (
            ("is a self-loop", low == high),
            (f"has an end outside 0..{vertices - 1}", (low < 0) | (high >= vertices)),
            ("has a weight that is not finite", ~np.isfinite(weights)),
            ("is given twice", _repeats(edges)),
        ):
            if where.any():
                edge = int(np.argmax(where))
                ends = f"({low[edge]}, {high[edge]})"
                raise GraphError(f"graph {name}: edge {edge} {ends} {fault} (weight {weights[edge]:g})")
        return cls(name, vertices, edges, weights)

    def adjacency(self) -> sparse.csr_array:
        """The symmetric [N, N] matrix of weights."""
        low, high = self.edges_2E
        upper = sparse.coo_array((self.weights_E, (low, high)), shape=(self.vertices, self.vertices))
        return (upper + upper.T).tocsr()

    def cut(self, spins: Spins) -> Spins:
        """Total weight of the cut edges, in float64.

        Args:
            spins: [..., N] of +1 and -1, as a numpy array or a torch tensor of any dtype.

        Returns:
            [...] of the same library.
        """
        low, high = self.edges_2E
        if isinstance(spins, np.ndarray):
            agreement, weights = (spins[..., low] * spins[..., high]).astype(np.float64), self.weights_E
        else:
            agreement = (spins[..., low] * spins[..., high]).double()
            weights = agreement.new_tensor(self.weights_E)
        return (weights.sum() - agreement @ weights) / 2


def _repeats(edges_2E: np.ndarray) -> np.ndarray:
    """[E] whether the same edge stands further left."""
    repeats = np.ones(edges_2E.shape[1], dtype=bool)
    repeats[np.unique(edges_2E, axis=1, return_index=True)[1]] = False
    return repeats


def random_graphs(count: int, vertices: int, probability: float, seed: int) -> list[Graph]:
    """Erdos-Renyi graphs G(vertices, probability) with unit weights, drawn one after another from one seed."""
    rng = np.random.default_rng(seed)
    graphs = []
    for index in range(count):
        present = np.triu(rng.random((vertices, vertices)) < probability, 1)
        graphs.append(Graph.of(f"G({vertices}, {probability:g}) {seed}.{index}", vertices, np.nonzero(present)))
    return graphs


def regular_graphs(count: int, vertices: int, degree: int, seed: int) -> list[Graph]:
    """Random graphs all of whose vertices have the same degree, with unit weights.

    Raises:
        GraphError: no such graph: vertices * degree is odd, or degree >= vertices.
    """
    graphs = []
    for index in range(count):
        name = f"{degree}-regular {vertices} {seed}.{index}"
        own_seed = int(np.random.default_rng([seed, index]).integers(2**32))
        try:
            edges = sorted(networkx.random_regular_graph(degree, vertices, own_seed).edges)
        except networkx.NetworkXError as error:
            raise GraphError(f"graph {name}: {error}") from None
        graphs.append(Graph.of(name, vertices, np.array(edges, dtype=np.int64).reshape(-1, 2).T))
    return graphs


def union(graphs: Sequence[Graph]) -> tuple[Graph, np.ndarray]:
    """Put graphs side by side as one graph without edges between them: a batch, as torch-geometric has it.

    Returns:
        The union, whose edges stand in the order of the graphs, and offsets int64 [B + 1]: the vertices of
        graph b are offsets[b], ..., offsets[b + 1] - 1.
    """
    offsets = np.cumsum([0, *(graph.vertices for graph in graphs)], dtype=np.int64)
    edges = [graph.edges_2E + offset for graph, offset in zip(graphs, offsets[:-1], strict=True)]
    weights = [graph.weights_E for graph in graphs]
    name = f"{len(graphs)} graphs"
    return Graph(name, int(offsets[-1]), np.concatenate(edges, axis=1), np.concatenate(weights)), offsets


def read_gset(name: str) -> Graph:
    """A graph of G-set, such as "G1", from the copy shipped here, REPRISE_DATA or the web (`data/README.md`)."""
    return parse_gset(datasets.texts.read("gset", name), name)


def published_cuts(name: str) -> dict[str, int]:
    """Cuts of a G-set graph that others published: "best" known, and by method ("mcpg", "bls", ...) where stated."""
    return dict(_published()[name])


@functools.cache
def _published() -> dict[str, dict[str, int]]:
    return read_yaml(ROOT / "data" / "gset" / "published.yaml")["cuts"]


def parse_gset(text: str, name: str) -> Graph:
    """Read G-set's format: a line "vertices edges", then a line "i j weight" per edge, ends counted from 1.

    Args:
        text: content of the file.
        name: the file's name, for the graph and for messages.

    Raises:
        GraphError: a line of another form, or fewer or more edges than stated; names the file and the line.
    """
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise GraphError(f"{name}: line 1: expected 'vertices edges', got an empty file")
    vertices, stated = _numbers(name, *lines[0], kinds=(int, int))
    rows = [_numbers(name, number, words, kinds=(int, int, float)) for number, words in lines[1:]]
    if len(rows) != stated:
        raise GraphError(f"{name}: line {lines[-1][0]}: the file ends after {len(rows)} of {stated} edges")
    low, high, weights = np.array(rows).reshape(-1, 3).T
    return Graph.of(name, vertices, np.stack([low, high]).astype(np.int64) - 1, weights)


def _numbers(name: str, number: int, words: list[str], kinds: tuple[type, ...]) -> list[float]:
    try:
        return [kind(word) for kind, word in zip(kinds, words, strict=True)]
    except ValueError:
        form = "vertices edges" if len(kinds) == 2 else "i j weight"
        raise GraphError(f"{name}: line {number}: expected '{form}', got {' '.join(words)!r}") from None
