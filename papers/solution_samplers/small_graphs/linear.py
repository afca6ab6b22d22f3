"""All solutions of small graphs under linear scores, exactly, without a matrix of features.

Halves `a` and `b` of the spins split the score of a solution into `row(a) + column(b) + a . (W_ab b)`: two tables of
2^(n/2) entries and, row by row, vectors that differ from an earlier row's by one `2 u_i`. The product of the weights
with the [2^(n-1), n(n-1)/2] features takes n(n-1) operations for each solution, and as many backwards; this takes two
or three.

Shape suffixes: B graphs, F pairs of vertices, A and C assignments of the first and the second half, H vertices of the
first half.
"""

import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.objective import Objective
from papers.solution_samplers.small_graphs.enumeration import Halves
from papers.solution_samplers.small_graphs.kernels import linear_gradients
from papers.solution_samplers.small_graphs.tables import LinearTables, f4, terms


class LinearSamplers:
    """One linear model per graph over the pair features, with its exact gradient.

    Args:
        halves: the enumerated solutions.
        costs_BAC: cost of every solution, float32.
        weights_BF: initial weights.
    """

    def __init__(self, halves: Halves, costs_BAC: Tensor, weights_BF: Tensor) -> None:
        self.parameters = [weights_BF.float().clone()]
        self._halves = halves
        self._costs_BAC = costs_BAC.numpy()

    @staticmethod
    def slow_factor(inverse_temperature: float) -> float:
        """Return slow scores over fast scores: rho."""
        return inverse_temperature

    def scores(self, parameters: list[Tensor]) -> Tensor:
        """Return the scores of all solutions in float64, shape [B, A, C]; autograd passes."""
        return self._halves.scores(parameters[0].double())

    def gradients(self, objective: Objective, entropy_weight: float) -> tuple[list[Tensor], Tensor, Tensor]:
        """Return the exact gradient (Lemma 5), the expected cost and the mode's cost of the fast part, [B] each."""
        weights = terms(objective, entropy_weight, objective.inverse_temperature)
        tables = LinearTables(*(table.numpy() for table in self._halves.split(self.parameters[0])))
        sums = LinearTables(*(np.empty_like(table) for table in tables))
        stats_2B = np.empty((2, len(self._costs_BAC)), f4)
        linear_gradients(tables, self._costs_BAC, weights, sums, stats_2B)
        gradient_BF = self._halves.merge(*(torch.from_numpy(table) for table in sums))
        return [gradient_BF], *torch.from_numpy(stats_2B)
