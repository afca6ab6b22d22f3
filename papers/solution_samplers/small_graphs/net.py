"""All solutions of small graphs under the paper's three-layer bias-free ReLU net, exactly; the loops are in `kernels`.

Shape suffixes: B graphs, N spins, K units of the first and M of the second hidden layer, A and C assignments of the
first and the second half, S solutions.
"""

import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.objective import Objective
from papers.solution_samplers.scores import HomogeneousNet
from papers.solution_samplers.small_graphs.enumeration import Halves
from papers.solution_samplers.small_graphs.kernels import BLOCK, net_gradients
from papers.solution_samplers.small_graphs.tables import NetTables, f4, terms

ROUNDING = 1e-6
"""Relative to its terms, what a difference of sums in float32 may be off by."""


class NetSamplers:
    """One three-layer net per graph, with the exact gradient of its objective over all 2^N solutions.

    Args:
        halves: the enumerated solutions.
        costs_BAC: cost of every solution, equal for mirror images, float32.
        net: the initial weights; layers of K, M and 1 units.

    Raises:
        ValueError: the net is not of that shape.
    """

    def __init__(self, halves: Halves, costs_BAC: Tensor, net: HomogeneousNet) -> None:
        self.parameters = [layer.detach().float().clone() for layer in net.layers]
        if len(self.parameters) != 3 or any(size % BLOCK for size in self.parameters[1].shape[1:]):
            raise ValueError(f"needs three layers with multiples of {BLOCK} hidden units")
        self._halves = halves
        self._costs_BAC = costs_BAC.numpy()

    @staticmethod
    def slow_factor(inverse_temperature: float) -> float:
        """Return slow scores over fast scores: rho^3."""
        return inverse_temperature**3

    def scores(self, parameters: list[Tensor]) -> Tensor:
        """Return the scores of all solutions, mirror images last, in float64, [B, 2 A, C]; autograd passes."""
        spins_ACN = self._halves.spins().double()
        spins_NS = torch.stack([spins_ACN, -spins_ACN]).flatten(0, 2).T
        nets = zip(*(layer.double() for layer in parameters), strict=True)
        scores_BS = torch.cat([
            last @ torch.relu(second @ torch.relu(first @ spins_NS)) for first, second, last in nets
        ])
        return scores_BS.unflatten(1, (-1, spins_ACN.shape[1]))

    def gradients(self, objective: Objective, entropy_weight: float) -> tuple[list[Tensor], Tensor, Tensor]:
        """Return the exact gradient of each layer, the expected cost and the mode's cost of the fast part, [B] each."""
        first_BKN, second_BMK, third_B1M = self.parameters
        rows_NA, columns_NC = self._halves.rows_AN.T, self._halves.columns_CN.T
        through_BMN = second_BMK @ first_BKN
        tensors = (first_BKN @ rows_NA, first_BKN @ columns_NC, through_BMN @ rows_NA, through_BMN @ columns_NC)
        tables = NetTables(*(table.numpy() for table in (*tensors, second_BMK, third_B1M)))
        sums = NetTables(*(np.zeros_like(table) for table in tables))
        stats_2B = np.empty((2, len(first_BKN)), f4)
        weights = terms(objective, entropy_weight, self.slow_factor(objective.inverse_temperature))
        net_gradients(tables, self._costs_BAC, weights, sums, stats_2B)
        first_rows, first_columns, mirror_rows, mirror_columns, second, third = map(torch.from_numpy, sums)
        mirror_BMN = mirror_rows @ rows_NA.T + mirror_columns @ columns_NC.T
        sums_BKN = first_rows @ rows_NA.T + first_columns @ columns_NC.T
        first = _difference(sums_BKN, second_BMK.mT @ mirror_BMN)
        return [first, _difference(second, mirror_BMN @ first_BKN.mT), third], *torch.from_numpy(stats_2B)


def _difference(left: Tensor, right: Tensor) -> Tensor:
    """Return `left - right`, 0 where only rounding is left of it: Adam would turn that into full steps."""
    difference = left - right
    return torch.where(difference.abs() > ROUNDING * left.abs(), difference, 0.0)
