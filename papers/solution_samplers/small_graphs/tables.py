"""What the kernels take and return: an objective as a handful of weights, models as tables over the halves of spins.

Shape suffixes: B graphs, A and C assignments of the two halves, H vertices of the first; K units of the net's first and
M of its second hidden layer.
"""

from typing import NamedTuple

import numpy as np

from papers.solution_samplers.objective import Objective

f4 = np.float32


class Terms(NamedTuple):
    """The weights of an objective at one iteration, as the kernels take them."""

    fast_weight: np.float32
    fast_entropy: np.float32
    slow_weight: np.float32
    slow_entropy: np.float32
    slow_factor: np.float32


def terms(objective: Objective, entropy_weight: float, slow_factor: float) -> Terms:
    """Return the weights of the fast and of the slow part's derivative with respect to the fast scores.

    Args:
        objective: the arm.
        entropy_weight: lambda.
        slow_factor: slow scores over fast scores: rho for linear scores, rho^3 for the paper's net.
    """
    weight = entropy_weight if objective.entropy else 0.0
    beta, rho = objective.mixture_weight, objective.inverse_temperature
    values = (1 - beta, weight, beta * slow_factor, weight * slow_factor / rho, slow_factor)
    return Terms(*(f4(value) for value in values))


class LinearTables(NamedTuple):
    """The parts of the scores, as `Halves.split` gives them; and in the same shapes the sums of derivatives."""

    rows_BA: np.ndarray
    columns_BC: np.ndarray
    cross_BHC: np.ndarray


class NetTables(NamedTuple):
    """What the loops need of the nets; and, in the same shapes, the sums of derivatives that they return.

    Attributes:
        rows_KA: `U a`; derivatives summed over columns.
        columns_KC: `U (b, +1)`; derivatives summed over rows.
        through_rows_MA: `V U a`; derivatives d- summed over columns.
        through_columns_MC: `V U (b, +1)`; derivatives d- summed over rows.
        second_MK: V; the first sum of its gradient.
        third_1M: the last layer; its gradient.
    """

    rows_KA: np.ndarray
    columns_KC: np.ndarray
    through_rows_MA: np.ndarray
    through_columns_MC: np.ndarray
    second_MK: np.ndarray
    third_1M: np.ndarray
