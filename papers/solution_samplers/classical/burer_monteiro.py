"""Goemans-Williamson without a semidefinite solver: a low-rank relaxation, its bound, its roundings.

The relaxation of Max-Cut puts a unit vector v_i in place of each side s_i. With rank above sqrt(2 n) it has no bad
local optima (S. Burer, R. Monteiro 2003; N. Boumal et al. 2016), and one coordinate at a time has a closed
form (P.-W. Wang, J. Z. Kolter 2017, "The mixing method"): v_i = -g / |g| with g = sum_j w_ij v_j.
A random hyperplane through the origin rounds the vectors to a cut (M. Goemans, D. Williamson 1995).

N vertices, K rank, C hyperplanes.
"""

import math
from dataclasses import dataclass

import numba
import numpy as np
from scipy import sparse
from scipy.sparse.linalg import eigsh

from papers.solution_samplers.classical.flips import Cut, Neighbours, best_of, climb, neighbours
from papers.solution_samplers.graphs import Graph

TOLERANCE = 1e-7
"""A sweep that adds less than this share to the relaxation's value is the last."""
MOST_SWEEPS = 2000


@dataclass(frozen=True, eq=False)
class Relaxation:
    """What the relaxation yields.

    Attributes:
        value: the relaxation's value where the ascent stopped, an estimate of the semidefinite optimum from below.
        bound: no cut is heavier, whatever the accuracy of `value` (up to rounding errors of the eigenvalue).
        rounded: the best of the hyperplane cuts.
        mean_rounded: their mean weight; at least .878 of the semidefinite optimum in expectation for weights >= 0.
        climbed: the best of the hyperplane cuts after 1-flip local search.
    """

    value: float
    bound: float
    rounded: Cut
    mean_rounded: float
    climbed: Cut


def burer_monteiro(graph: Graph, rounds: int, rng: np.random.Generator, rank: int | None = None) -> Relaxation:
    """Solve the relaxation and round it.

    Args:
        graph: the instance.
        rounds: number of random hyperplanes.
        rng: draws the start and the hyperplanes.
        rank: dimension of the vectors; None means the smallest with the guarantee, ceil(sqrt(2 N)).
    """
    near = neighbours(graph)
    rank = math.ceil(math.sqrt(2 * graph.vertices)) if rank is None else rank
    vectors_NK = rng.standard_normal((graph.vertices, rank))
    vectors_NK /= np.linalg.norm(vectors_NK, axis=1, keepdims=True)
    mix(near, vectors_NK, TOLERANCE, MOST_SWEEPS)
    pulls_N = np.einsum("nk,nk->n", graph.adjacency() @ vectors_NK, vectors_NK)
    spins_CN = np.where(rng.standard_normal((rounds, rank)) @ vectors_NK.T < 0, -1, 1).astype(np.int8)
    values_C = graph.cut(spins_CN)
    best = int(np.argmax(values_C))
    rounded = Cut(spins_CN[best].copy(), float(values_C[best]))
    climb(near, spins_CN)
    return Relaxation(
        value=float(graph.weights_E.sum() - pulls_N.sum() / 2) / 2,
        bound=dual_bound(graph, pulls_N),
        rounded=rounded,
        mean_rounded=float(values_C.mean()),
        climbed=best_of(graph, spins_CN),
    )


def dual_bound(graph: Graph, pulls_N: np.ndarray) -> float:
    """A bound on every cut from the multipliers of the relaxation.

    max over |v_i| = 1 of -sum_ij w_ij v_i.v_j is at most sum(y) for every y with A + Diag(y) positive
    semidefinite. At the optimum y_i = -v_i.g_i = |g_i|; elsewhere the smallest eigenvalue makes up for what is missing.

    Args:
        graph: the instance.
        pulls_N: v_i . g_i of each vertex.
    """
    slack = (graph.adjacency() - sparse.diags_array(pulls_N)).tocsr()
    start = np.random.default_rng(0).standard_normal(graph.vertices)
    smallest, vector = eigsh(slack, k=1, which="SA", v0=start, tol=1e-4)
    residual = np.linalg.norm(slack @ vector - vector * smallest)
    missing = max(0.0, residual - smallest[0])
    return float(graph.weights_E.sum() + (-pulls_N.sum() + graph.vertices * missing) / 2) / 2


@numba.njit(cache=True, fastmath=True)
def mix(near: Neighbours, vectors_NK: np.ndarray, tolerance: float, most_sweeps: int) -> int:
    """The mixing method, in place; returns the number of sweeps."""
    vertices, rank = vectors_NK.shape
    pull = np.empty(rank)
    total = 0.0
    for weight in near.weights:
        total += abs(weight)
    for sweep in range(most_sweeps):
        gained = 0.0
        for i in range(vertices):
            for a in range(rank):
                pull[a] = 0.0
            for k in range(near.starts[i], near.starts[i + 1]):
                weight, other = near.weights[k], near.ends[k]
                for a in range(rank):
                    pull[a] += weight * vectors_NK[other, a]
            square = 0.0
            for a in range(rank):
                square += pull[a] * pull[a]
            if square > 0:
                norm = math.sqrt(square)
                for a in range(rank):
                    gained += pull[a] * vectors_NK[i, a]
                    vectors_NK[i, a] = -pull[a] / norm
                gained += norm
        if gained < tolerance * total:
            return sweep + 1
    return most_sweeps
