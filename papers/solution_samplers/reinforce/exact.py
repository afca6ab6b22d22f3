"""Costs of optimal solutions of small instances, as the environments count cost.

Shape suffixes: I instances, N positions, L and H assignments of the lower and the higher half of the vertices.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment

from papers.solution_samplers.environments.construction import Arrays


def optimum(problem: str, instances: Arrays) -> np.ndarray:
    """Return the least cost [I] of each of the instances (arrays [I, ...]) of an environment."""
    if problem == "tsp":
        return shortest_tours(instances["points"].astype(np.float64))
    one = {"max_cut": largest_cut, "matching": heaviest_matching}[problem]
    return np.array([-one(weights_NN.astype(np.float64)) for weights_NN in instances["weights"]])


def largest_cut(weights_NN: np.ndarray) -> float:
    """Weight of the largest cut, from all pairs of assignments of two halves of the vertices."""
    half = len(weights_NN) // 2
    spins_LX, spins_HX = _assignments(half, fixed=1), _assignments(len(weights_NN) - half, fixed=0)
    inside_L = ((spins_LX @ weights_NN[:half, :half]) * spins_LX).sum(axis=1) / 2
    inside_H = ((spins_HX @ weights_NN[half:, half:]) * spins_HX).sum(axis=1) / 2
    left = np.column_stack([spins_LX @ weights_NN[:half, half:], inside_L, np.ones(len(spins_LX))])
    right = np.column_stack([spins_HX, np.ones(len(spins_HX)), inside_H])
    agreement_LH = left @ right.T  # sum over edges of w_ij s_i s_j
    return (weights_NN.sum() / 2 - agreement_LH.min()) / 2


def heaviest_matching(weights_NN: np.ndarray) -> float:
    """Weight of the heaviest matching, by the Hungarian method."""
    return float(weights_NN[linear_sum_assignment(weights_NN, maximize=True)].sum())


def shortest_tours(points_IN2: np.ndarray) -> np.ndarray:
    """Lengths [I] of the shortest tours, by Held and Karp's recursion over sets of cities, all instances at once."""
    away_INN = np.linalg.norm(points_IN2[:, :, None] - points_IN2[:, None], axis=-1)
    rest = points_IN2.shape[1] - 1  # tours start in city 0; bit i of a set is city i + 1
    between_INN = away_INN[:, 1:, 1:]
    shortest_SIN = np.full((2**rest, len(points_IN2), rest), np.inf)  # from city 0 through all of a set to its last
    for last in range(rest):
        shortest_SIN[1 << last, :, last] = away_INN[:, 0, last + 1]
    for visited in range(1, 2**rest):
        members = [city for city in range(rest) if visited >> city & 1]
        for last in members if len(members) > 1 else []:
            arrivals_IN = shortest_SIN[visited ^ (1 << last)] + between_INN[:, :, last]
            shortest_SIN[visited, :, last] = arrivals_IN.min(axis=1)
    return (shortest_SIN[-1] + away_INN[:, 0, 1:]).min(axis=1)


def _assignments(size: int, fixed: int) -> np.ndarray:
    """All spins of `size` vertices, the first `fixed` of them at +1."""
    bits = np.arange(2 ** (size - fixed))[:, None] >> np.arange(size - fixed)
    return np.concatenate([np.ones((len(bits), fixed)), 1.0 - 2.0 * (bits & 1)], axis=1)
