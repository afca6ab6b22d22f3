"""The product family stuck on the double star, and the exponential family that leaves the same cut (Remark 1).

Of the six mean spins four are put where descent keeps them: one centre at +1, its two leaves at -1, and the other
centre's leaves equal. The picture is then exact in the plane of the other centre (u) and its leaves (v): the expected
cut is `2 + (1 - u) / 2 + 1 - u v`, with its maximum 5 at (-1, 1) and a strict local one, 4, at (1, -1).

Shape suffixes: B starts, T kept points, S enumerated solutions, N vertices, F features.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.objective import Objective, objectives
from papers.solution_samplers.other_problems.descent import descend, exact_gradient
from papers.solution_samplers.other_problems.settings import DoubleStar
from papers.solution_samplers.problems.max_cut import MaxCut
from papers.solution_samplers.problems.product_family import DOUBLE_STAR, expected_cost, projected_descent

STUCK_N = (1.0, -1.0, -1.0, 1.0, -1.0, -1.0)
"""The strict local optimum that is not best: both centres on one side."""


def compare(settings: DoubleStar) -> dict[str, Any]:
    """Descend with both families.

    Returns:
        `iterations` of the kept points; `plane`: the product family's paths, u and v, from every start of the grid,
        and the `cut` at their ends; `product`: the expected cut along the paths from near the bad local optimum;
        `exponential`: the same for each objective, and the most probable cut, `mode`, at the ends.
    """
    problem = MaxCut.of([DOUBLE_STAR])
    geometric = np.geomspace(1, settings.iterations, settings.path_points)
    kept = [0, *np.unique(geometric.round().astype(int)).tolist()]
    plane_TBN = _product(settings, problem, _grid(settings))[kept]
    near_BN = torch.tensor(settings.stuck_means).double()[:, None] * torch.tensor(STUCK_N).double()
    near_TBN = _product(settings, problem, near_BN)[kept]
    arms = objectives(settings.mixture_weight, settings.inverse_temperature)
    return {
        "iterations": kept,
        "plane": {
            "u": plane_TBN[:, :, 3].T.tolist(),
            "v": plane_TBN[:, :, 4].T.tolist(),
            "cut": _cuts(problem, plane_TBN[-1]).tolist(),
        },
        "product": {"cut": [_cuts(problem, path_TN).tolist() for path_TN in near_TBN.transpose(0, 1)]},
        "exponential": {name: _exponential(settings, problem, arms[name], kept) for name in arms},
    }


def _product(settings: DoubleStar, problem: MaxCut, start_BN: Tensor) -> Tensor:
    return projected_descent(problem.weights_BNN[0], start_BN, settings.rate, settings.iterations)


def _cuts(problem: MaxCut, means_BN: Tensor) -> Tensor:
    return -expected_cost(problem.weights_BNN[0], means_BN)


def _grid(settings: DoubleStar) -> Tensor:
    """Starts on a square grid inside the plane, [B, N]."""
    side = 2 * (torch.arange(settings.starts_per_side, dtype=torch.float64) + 0.5) / settings.starts_per_side - 1
    u_B, v_B = torch.cartesian_prod(side, side).T
    means_BN = torch.tensor(STUCK_N, dtype=torch.float64).repeat(len(u_B), 1)
    means_BN[:, 3] = u_B
    means_BN[:, 4:] = v_B[:, None]
    return means_BN


def _exponential(settings: DoubleStar, problem: MaxCut, objective: Objective, kept: list[int]) -> dict[str, Any]:
    features_SF = problem.psi(problem.solutions()).double()
    weights_B1 = torch.tensor(settings.stuck_weights).double()[:, None]
    start_BF = weights_B1 * problem.psi(torch.tensor([STUCK_N])).double()
    costs_BS = problem.cost(problem.solutions()[None]).repeat(len(start_BF), 1)
    gradient = exact_gradient(features_SF, costs_BS, objective, lambda iteration: settings.entropy_weight)
    cuts = []
    for step, weights_BF in descend(start_BF, gradient, "gd", settings.rate, settings.iterations):
        if step in kept:
            p_BS = (weights_BF @ features_SF.T).softmax(dim=1)
            cuts.append(-(p_BS * costs_BS).sum(dim=1))
    mode_B = -costs_BS.gather(1, p_BS.argmax(dim=1, keepdim=True)).squeeze(1)
    return {"cut": torch.stack(cuts, dim=1).tolist(), "mode": mode_B.tolist()}
