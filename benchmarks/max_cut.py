"""Max-Cut without learning: the relaxation, tabu search, annealing and one-exchange against their plain versions.

MQLib, the usual library of Max-Cut heuristics, is no peer here: its only release on PyPI (0.1) is a source archive
without its header files, so it cannot be built.
"""

import math
import time

import networkx
import numpy as np

from benchmarks.case import Case
from papers.solution_samplers.classical import annealing, burer_monteiro, one_exchange, tabu
from papers.solution_samplers.classical.burer_monteiro import MOST_SWEEPS, TOLERANCE, mix
from papers.solution_samplers.classical.flips import Neighbours, neighbours
from papers.solution_samplers.graphs import Graph, read_gset, regular_graphs

ROUNDS = 100
TABU_STEPS = 20_000
SWEEPS = 20


def unit_vectors(graph: Graph) -> np.ndarray:
    """Random starts of the relaxation, [N, K]."""
    rank = math.ceil(math.sqrt(2 * graph.vertices))
    vectors = np.random.default_rng(0).standard_normal((graph.vertices, rank))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def numpy_relaxation(graph: Graph, near: Neighbours, sweeps: int) -> float:
    """The mixing method and `ROUNDS` hyperplanes as one writes them in numpy; returns the best cut."""
    vectors = unit_vectors(graph)
    for _ in range(sweeps):
        for i in range(graph.vertices):
            row = slice(near.starts[i], near.starts[i + 1])
            pull = near.weights[row] @ vectors[near.ends[row]]
            vectors[i] = -pull / np.linalg.norm(pull)
    planes = np.random.default_rng(1).standard_normal((vectors.shape[1], ROUNDS))
    return float(graph.cut(np.where(vectors @ planes < 0, -1, 1).T).max())


def numpy_tabu(graph: Graph, steps: int) -> float:
    """The same tabu search with numpy's argmax and one row of a dense matrix per move; returns the best cut."""
    rng = np.random.default_rng(0)
    matrix = graph.adjacency().toarray()
    spins = rng.choice([-1.0, 1.0], graph.vertices)
    gains = spins * (matrix @ spins)
    free_from = np.zeros(graph.vertices)
    value = best = float(graph.cut(spins))
    for step in range(1, steps + 1):
        allowed = (free_from < step) | (gains > best - value)
        vertex = int(np.argmax(np.where(allowed, gains, -np.inf)))
        value += gains[vertex]
        best = max(best, value)
        spins[vertex] = -spins[vertex]
        gains[vertex] = -gains[vertex]
        gains += 2 * matrix[vertex] * spins * spins[vertex]
        free_from[vertex] = step + rng.integers(3, graph.vertices // 10 + 1)
    return best


def numpy_annealing(graph: Graph, near: Neighbours, weights: np.ndarray, sweeps: int) -> float:
    """One Gibbs chain as a plain loop over vertices; returns its last cut."""
    rng = np.random.default_rng(0)
    spins = rng.choice([-1.0, 1.0], graph.vertices)
    for weight in np.repeat(weights, sweeps):
        for i in range(graph.vertices):
            row = slice(near.starts[i], near.starts[i + 1])
            field = near.weights[row] @ spins[near.ends[row]]
            spins[i] = 1.0 if rng.random() < 1.0 / (1.0 + math.exp(field / weight)) else -1.0
    return float(graph.cut(spins))


def share_of_the_flops(graph: Graph, near: Neighbours) -> float:
    """Multiplications and additions per second of the mixing method, as a share of numpy's matrix product's."""
    vectors = unit_vectors(graph)
    start = time.perf_counter()
    sweeps = mix(near, vectors, TOLERANCE, MOST_SWEEPS)
    ours = 2 * sweeps * len(near.ends) * vectors.shape[1] / (time.perf_counter() - start)
    square = np.random.default_rng(0).standard_normal((1000, 1000))
    square @ square
    start = time.perf_counter()
    square @ square
    return ours / (2 * 1000**3 / (time.perf_counter() - start))


def cases() -> list[Case]:
    """Compare on G1 (800 vertices, 19,176 edges), and networkx on a small graph."""
    g1 = read_gset("G1")
    near = neighbours(g1)
    sweeps = mix(near, unit_vectors(g1), TOLERANCE, MOST_SWEEPS)
    small = regular_graphs(1, 100, 6, 0)[0]
    peer = networkx.Graph(zip(*small.edges_2E.tolist(), strict=True))
    cooling = np.geomspace(4.0, 0.3, SWEEPS)
    return [
        Case(
            paper="solution_samplers",
            name="Burer-Monteiro with bound and local search, against the relaxation in numpy",
            ours=lambda: burer_monteiro(g1, ROUNDS, np.random.default_rng(0)),
            peer=lambda: numpy_relaxation(g1, near, sweeps),
            target=3.0,
            unit=f"G1, {ROUNDS} hyperplanes",
            limit_ratio=lambda: share_of_the_flops(g1, near),
        ),
        Case(
            paper="solution_samplers",
            name="tabu search against numpy",
            ours=lambda: tabu(g1, TABU_STEPS, 1, np.random.default_rng(0)),
            peer=lambda: numpy_tabu(g1, TABU_STEPS),
            target=5.0,
            unit=f"G1, {TABU_STEPS} moves",
        ),
        Case(
            paper="solution_samplers",
            name="annealing against a loop over vertices in numpy",
            ours=lambda: annealing(g1, 1, cooling, 1, np.random.default_rng(0)),
            peer=lambda: numpy_annealing(g1, near, cooling, 1),
            target=20.0,
            unit=f"G1, one chain, {SWEEPS} sweeps",
        ),
        Case(
            paper="solution_samplers",
            name="one-exchange against networkx",
            ours=lambda: one_exchange(small, 1, np.random.default_rng(0)),
            peer=lambda: networkx.approximation.one_exchange(peer, seed=0),
            target=100.0,
            unit="100 vertices of degree 6, one start",
        ),
    ]
