"""Maximum-weight bipartite matching (Theorem 5): give each of N workers one of N tasks, at the highest total weight.

Shape suffixes: B instances, N workers and tasks, F = N * N entries.
"""

import math

import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.problems.permutations import PermutationProblem, permutations_of


class Matching(PermutationProblem):
    """Cost is minus the weight of the matching; a solution lists the task of each worker.

    Args:
        weights_BNN: what is minimised, minus the weight of each pair (worker, task), float64.
    """

    name = "matching"
    sampler = "matchings"

    @classmethod
    def random(cls, count: int, size: int, seed: int) -> "Matching":
        """Draw pairs whose weights are uniform in [0, 1]."""
        return cls(torch.from_numpy(-np.random.default_rng(seed).random((count, size, size))))

    @property
    def solution_count(self) -> int:
        """Return N!."""
        return math.factorial(self.size)

    def variance(self, weights: Tensor) -> Tensor:
        """Return `||W||^2 / (N - 1)` for W without row and column sums (Lemma 10); other W are projected first."""
        return self.project(weights).square().sum(dim=-1) / (self.size - 1)

    def project(self, weights: Tensor) -> Tensor:
        """Make all row sums and column sums zero."""
        matrices = self._matrices(weights)
        rows, columns = matrices.mean(dim=-1, keepdim=True), matrices.mean(dim=-2, keepdim=True)
        return (matrices - rows - columns + matrices.mean(dim=(-2, -1), keepdim=True)).flatten(start_dim=-2)

    @property
    def moves_KN(self) -> Tensor:
        """Swap the tasks of each two workers."""
        pairs_K2 = torch.combinations(torch.arange(self.size))
        return torch.arange(self.size).repeat(len(pairs_K2), 1).scatter(1, pairs_K2, pairs_K2.flip(1))

    def _entries(self, solutions: Tensor) -> Tensor:
        return torch.arange(self.size) * self.size + solutions

    def _enumerate(self) -> Tensor:
        return permutations_of(self.size)
