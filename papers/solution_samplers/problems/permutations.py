"""Problems over permutation matrices, whose features are the matrix's entries.

Shape suffixes: B instances, C solutions, S enumerated solutions, N positions, F = N * N features, row by row.
"""

import itertools
from abc import abstractmethod

import torch
from torch import Tensor

from papers.solution_samplers.problems.base import Problem


class PermutationProblem(Problem):
    """The cost is the sum of the weights of the N entries that a solution's permutation matrix holds.

    Adding a constant to a row or to a column of the weights changes no difference between solutions; the cost
    features are the weights without such constants, and `offset_B` holds them.

    Args:
        weights_BNN: weight of every entry, float64.
    """

    def __init__(self, weights_BNN: Tensor) -> None:
        size = weights_BNN.shape[-1]
        weights_BF = weights_BNN.flatten(start_dim=1)
        self.size = size
        costs_BF = self.project(weights_BF)
        any_entries_N = self._entries(torch.arange(size))
        super().__init__(size, costs_BF, (weights_BF - costs_BF)[:, any_entries_N].sum(dim=1))
        self.weights_BNN = weights_BNN

    @property
    @abstractmethod
    def moves_KN(self) -> Tensor:
        """What `neighbours` does to the order of a solution's entries, int64 [K, N]."""

    @abstractmethod
    def _entries(self, solutions: Tensor) -> Tensor:
        """Indices into the flat matrix of the entries that solutions [..., N] hold, int64 [..., N]."""

    def psi(self, solutions: Tensor) -> Tensor:
        """Return the permutation matrices, row by row: float32 [..., N * N] of zeros and ones."""
        entries = self._entries(solutions)
        return torch.zeros(*solutions.shape[:-1], self.size**2).scatter_(-1, entries, 1.0)

    def cost(self, solutions: Tensor) -> Tensor:
        """Return the sum of the weights of the solutions' entries."""
        entries_BCN = self._entries(solutions).expand(self.instances, -1, -1)
        weights_BF = self.weights_BNN.flatten(start_dim=1)
        return torch.take_along_dim(weights_BF, entries_BCN.flatten(start_dim=1), dim=1).view_as(entries_BCN).sum(dim=2)

    def neighbours(self, solutions: Tensor) -> Tensor:
        """Reorder the entries by each of the moves."""
        return solutions[..., self.moves_KN]

    def _matrices(self, weights: Tensor) -> Tensor:
        """View [..., F] as [..., N, N]."""
        return weights.unflatten(-1, (self.size, self.size))


def permutations_of(entries: int) -> Tensor:
    """All permutations of 0, ..., entries - 1 in lexicographic order, int64 [entries!, entries]."""
    flat = itertools.chain.from_iterable(itertools.permutations(range(entries)))
    return torch.tensor(list(flat), dtype=torch.int64).reshape(-1, entries)
