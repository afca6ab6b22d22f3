"""Constants that the theory rests on: the least variance of the features, and the cost of the optimal weights.

Shape suffixes: B instances, S enumerated solutions, F features.
"""

import math

import torch
from torch import Tensor

from papers.solution_samplers.other_problems.settings import Completeness
from papers.solution_samplers.problems import Problem, make

NULL = 1e-9
"""Variance below which a direction is constant over all solutions."""


def variance_constant(name: str, size: int) -> dict[str, float]:
    """Measure alpha, the least variance of `v . psi(s)` over unit vectors v.

    Returns:
        `measured`: least over the directions in which the features vary at all (Remark 9); `on_stated_space`: least
        over those that the paper speaks of; `stated` by the paper; `corrected`, ours.
    """
    problem = make(name, 1, size, seed=0)
    solutions_SN = problem.solutions()
    features_SF = problem.psi(solutions_SN).double()
    eigenvalues = torch.linalg.eigvalsh(torch.cov(features_SF.T, correction=0))
    stated_SF = _stated_features(name, size, solutions_SN, features_SF)
    least = torch.linalg.eigvalsh(torch.cov(stated_SF.T, correction=0)).min()
    return {
        "measured": eigenvalues[eigenvalues > NULL].min().item(),
        "on_stated_space": least.item() if least > NULL else 0.0,
        **_formulas(name, size),
    }


def _stated_features(name: str, size: int, solutions_SN: Tensor, features_SF: Tensor) -> Tensor:
    """Coordinates of the features in an orthonormal basis of the space for which the paper states its bound.

    For cuts it is that of all matrices, with the features vec(ss^T). For matchings and tours it is that of the
    matrices without row and column sums; Lemma 12 does not ask for a zero diagonal.
    """
    match name:
        case "max_cut" | "min_cut":
            return (solutions_SN[:, :, None] * solutions_SN[:, None, :]).flatten(start_dim=1).double()
        case "matching" | "tsp":
            projection_FF = make("matching", 1, size, seed=0).project(torch.eye(size**2, dtype=torch.float64))
            values_F, basis_FF = torch.linalg.eigh(projection_FF)
            return features_SF @ basis_FF[:, values_F > 0.5]
        case _:
            return features_SF


def _formulas(name: str, size: int) -> dict[str, float]:
    match name:
        case "matching":
            return {"stated": 1 / (size - 1), "corrected": 1 / (size - 1)}
        case "tsp":
            return {"stated": 1 / ((size - 1) * (size - 2)), "corrected": 1 / (size - 1)}
        case _:
            return {"stated": 1.0, "corrected": 1.0}


def completeness(settings: Completeness, problem: Problem) -> list[list[float]]:
    """Expected cost of the weights -M / lambda above the optimum, over epsilon.

    Args:
        settings: the epsilons, as shares of the range of each instance's costs, and delta.
        problem: the instances.

    Returns:
        For each epsilon one ratio per instance; the theory promises at most 1.
    """
    costs_BS = problem.costs_BF @ problem.psi(problem.solutions()).double().T
    return [_ratio(costs_BS, share, settings.failure).tolist() for share in settings.gaps]


def _ratio(costs_BS: Tensor, share: float, failure: float) -> Tensor:
    best_B1 = costs_BS.min(dim=1, keepdim=True).values
    gap_B1 = share * (costs_BS.max(dim=1, keepdim=True).values - best_B1)
    entropy_weight_B1 = gap_B1 / math.log(costs_BS.shape[1] / failure)
    p_BS = (-costs_BS / entropy_weight_B1).softmax(dim=1)
    return (p_BS * (costs_BS - best_B1)).sum(dim=1) / gap_B1[:, 0]
