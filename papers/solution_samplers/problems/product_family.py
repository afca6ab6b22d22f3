"""The product family for Max-Cut (Remark 1, Appendix B): complete and compressed, but with bad stationary points.

Every vertex picks its side on its own, with a mean spin m_i in [-1, 1] (the paper's 2 p_i - 1). The expected cut is
then a polynomial, linear in each m_i, and every strict local optimum of single flips is a minimum of it over the cube.

Shape suffixes: B starts, S enumerated solutions, N vertices, T steps.
"""

import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.graphs import Graph
from papers.solution_samplers.problems.max_cut import MaxCut

DOUBLE_STAR = Graph.of("double star", 6, np.array([[0, 0, 0, 3, 3], [1, 2, 3, 4, 5]]))
"""Two joined centres, 0 and 3, with two leaves each: the smallest graph with a strict local optimum that is not best.

With both centres on one side and all leaves on the other, 4 of 5 edges are cut, and every flip cuts fewer.
"""


def expected_cost(weights_NN: Tensor, means_BN: Tensor) -> Tensor:
    """Minus the expected cut, `-(W - m^T A m) / 4` with A the weights and W their sum: shape [B].

    Args:
        weights_NN: symmetric, zero diagonal.
        means_BN: mean spins in [-1, 1].
    """
    return (((means_BN @ weights_NN) * means_BN).sum(dim=1) - weights_NN.sum()) / 4


def gradient(weights_NN: Tensor, means_BN: Tensor) -> Tensor:
    """Gradient of `expected_cost` in the mean spins, `A m / 2`: shape [B, N]."""
    return means_BN @ weights_NN / 2


def projected_descent(
    weights_NN: Tensor, means_BN: Tensor, learning_rate: float, steps: int, margin: float = 0.0
) -> Tensor:
    """Gradient descent that returns into the cube after every step.

    Args:
        weights_NN: as of `expected_cost`.
        means_BN: where each path starts.
        learning_rate: step size in the mean spins.
        steps: number of steps.
        margin: mean spins stay in [-1 + margin, 1 - margin]; the paper's probabilities in [margin / 2, 1 - margin / 2].

    Returns:
        The paths, [steps + 1, B, N], the start first.
    """
    path = [means_BN]
    for _ in range(steps):
        means_BN = means_BN - learning_rate * gradient(weights_NN, means_BN)
        means_BN = means_BN.clamp(-1 + margin, 1 - margin)
        path.append(means_BN)
    return torch.stack(path)


def strict_local_optima(problem: MaxCut) -> Tensor:
    """Which cuts every single flip makes strictly worse.

    Args:
        problem: one instance.

    Returns:
        bool [S], in the order of `problem.solutions()`.
    """
    spins_SN = problem.solutions().double()
    same_minus_cut_SN = spins_SN * (spins_SN @ problem.weights_BNN[0])  # weight of uncut less that of cut edges
    return (same_minus_cut_SN < 0).all(dim=1)
