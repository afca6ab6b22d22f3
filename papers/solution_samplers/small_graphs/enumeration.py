"""All solutions of Max-Cut up to a global sign, as pairs of halves.

The last spin is fixed at +1; the others fall into a first half `a` and a second half `b`. Row `a` and column `b` of a
table belong to the solution (a, b, +1); bit i of the number of a half says that its spin i is -1.

Shape suffixes: B graphs, F pairs of vertices i < j in the order of `numpy.triu_indices`, A and C assignments of the
first and the second half, H vertices of the first half, N vertices.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.graphs import Graph


class Halves:
    """The enumerated solutions of graphs with `vertices` vertices, as tables of halves."""

    def __init__(self, vertices: int) -> None:
        self.vertices = vertices
        self.first = (vertices - 1) // 2
        first_AH, second_CH = _signs(self.first), _signs(vertices - 1 - self.first)
        self.rows_AN = torch.zeros(len(first_AH), vertices)
        self.rows_AN[:, : self.first] = first_AH
        self.columns_CN = torch.ones(len(second_CH), vertices)
        self.columns_CN[:, : self.first] = 0
        self.columns_CN[:, self.first : -1] = second_CH
        self._pairs_2F = torch.triu_indices(vertices, vertices, offset=1)
        low_F, high_F = self._pairs_2F
        crosses_F = (low_F < self.first) & (high_F >= self.first)
        self._row_features_AF = self.rows_AN[:, low_F] * self.rows_AN[:, high_F]
        self._column_features_CF = self.columns_CN[:, low_F] * self.columns_CN[:, high_F]
        self._cross = crosses_F.nonzero().squeeze(-1)

    @property
    def features(self) -> int:
        """Number of pairs of vertices, F."""
        return self._pairs_2F.shape[1]

    def spins(self) -> Tensor:
        """Return the solutions, shape [A, C, N]."""
        return self.rows_AN[:, None] + self.columns_CN

    def split(self, weights_BF: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Split `sum_{i<j} w_ij s_i s_j` into a table per half and what couples them.

        Returns:
            Tables [B, A] and [B, C], and `cross_BHC` with `sum_i a_i cross_i(b)` for the rest.
        """
        kind = weights_BF.dtype
        cross_BHN = weights_BF[:, self._cross].reshape(len(weights_BF), self.first, -1)
        return (
            weights_BF @ self._row_features_AF.T.to(kind),
            weights_BF @ self._column_features_CF.T.to(kind),
            cross_BHN @ self.columns_CN[:, self.first :].T.to(kind),
        )

    def merge(self, rows_BA: Tensor, columns_BC: Tensor, cross_BHC: Tensor) -> Tensor:
        """Transpose of `split`: from tables of derivatives to derivatives of the weights, shape [B, F]."""
        weights_BF = rows_BA @ self._row_features_AF + columns_BC @ self._column_features_CF
        weights_BF[:, self._cross] = (cross_BHC @ self.columns_CN[:, self.first :]).flatten(1)
        return weights_BF

    def scores(self, weights_BF: Tensor) -> Tensor:
        """Return `sum_{i<j} w_ij s_i s_j` of all solutions, shape [B, A, C], in the precision of the weights."""
        rows_BA, columns_BC, cross_BHC = self.split(weights_BF)
        first_AH = self.rows_AN[:, : self.first].to(weights_BF.dtype)
        return rows_BA[:, :, None] + columns_BC[:, None] + first_AH @ cross_BHC

    def costs(self, graphs: Sequence[Graph]) -> Tensor:
        """Return minus the cut of every solution, shape [B, A, C], float64."""
        weights_BNN = torch.from_numpy(np.stack([graph.adjacency().toarray() for graph in graphs]))
        low_F, high_F = self._pairs_2F
        weights_BF = weights_BNN[:, low_F, high_F]
        return (self.scores(weights_BF) - weights_BF.sum(dim=1)[:, None, None]) / 2


def _signs(spins: int) -> Tensor:
    """Return all assignments of +-1, shape [2^spins, spins]; bit i of a row's number says that spin i is -1."""
    numbers = torch.arange(1 << spins)
    return 1.0 - 2.0 * (numbers[:, None] >> torch.arange(spins) & 1)
