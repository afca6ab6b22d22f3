"""The cheap classical method that every problem has: descent to the best neighbour, from random starts.

Shape suffixes: B instances, C starts, K neighbours, N entries of a solution, S enumerated solutions.
"""

import torch
from torch import Tensor

from papers.solution_samplers.problems import Problem


def local_search(problem: Problem, restarts: int, seed: int) -> Tensor:
    """Cost of the local optimum that each of `restarts` uniform starts leads to, [B, C]."""
    solutions_SN = problem.solutions()
    starts_BC = torch.randint(
        len(solutions_SN), (problem.instances, restarts), generator=torch.Generator().manual_seed(seed)
    )
    current_BCN = solutions_SN[starts_BC]
    value_BC = problem.cost(current_BCN)
    while True:
        around_BCKN = problem.neighbours(current_BCN)
        costs_BCK = problem.cost(around_BCKN.flatten(1, 2)).view(around_BCKN.shape[:-1])
        best_BC, move_BC = costs_BCK.min(dim=2)
        better_BC = best_BC < value_BC - 1e-12
        if not better_BC.any():
            return value_BC
        moved_BCN = torch.take_along_dim(around_BCKN, move_BC[..., None, None], dim=2).squeeze(2)
        current_BCN = torch.where(better_BC[..., None], moved_BCN, current_BCN)
        value_BC = torch.where(better_BC, best_BC, value_BC)
