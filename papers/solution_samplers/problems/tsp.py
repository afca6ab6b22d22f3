"""Travelling salesperson (Theorem 6): visit N cities in a round trip of least length.

Shape suffixes: B instances, S tours, N cities, F = N * N entries.
"""

import math

import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.problems.permutations import PermutationProblem, permutations_of


class Tsp(PermutationProblem):
    """Cost is the length of the tour; a solution lists the cities in their order, starting with city 0.

    The features are the cyclic permutation matrix with a one at (i, j) where j follows i. Its diagonal is zero.
    Directed tours are told apart, so that with symmetric distances every length occurs twice.

    Args:
        weights_BNN: distance from city to city, float64; the diagonal is not read.
    """

    name = "tsp"
    sampler = "tours"

    @classmethod
    def random(cls, count: int, size: int, seed: int) -> "Tsp":
        """Draw cities uniformly from the unit square, with Euclidean distances."""
        cities_BN2 = torch.from_numpy(np.random.default_rng(seed).random((count, size, 2)))
        return cls((cities_BN2[:, :, None] - cities_BN2[:, None]).square().sum(dim=-1).sqrt())

    @property
    def solution_count(self) -> int:
        """Return (N - 1)!."""
        return math.factorial(self.size - 1)

    def variance(self, weights: Tensor) -> Tensor:
        """Return the variance of the total weight of a uniform tour.

        For W with zero diagonal, row sums and column sums it is `||W||^2 / (N - 1) + (||W||^2 - <W, W^T>) /
        ((N - 1)(N - 2))`, which corrects Lemmas 12 and 13; other W are projected first.
        """
        matrices = self._matrices(self.project(weights))
        norm = matrices.square().sum(dim=(-2, -1))
        transposed = (matrices * matrices.transpose(-2, -1)).sum(dim=(-2, -1))
        return norm / (self.size - 1) + (norm - transposed) / ((self.size - 1) * (self.size - 2))

    def project(self, weights: Tensor) -> Tensor:
        """Make the diagonal, all row sums and all column sums zero, changing only `a_i + b_j` off the diagonal."""
        n = self.size
        off_diagonal = 1 - torch.eye(n, dtype=weights.dtype)
        matrices = self._matrices(weights) * off_diagonal
        half = matrices.sum(dim=(-2, -1), keepdim=True) / (2 * (n - 1))  # sum of a, and of b
        rows, columns = matrices.sum(dim=-1, keepdim=True) - half, matrices.sum(dim=-2, keepdim=True) - half
        a = ((n - 1) * rows + columns.transpose(-2, -1)) / (n * (n - 2))
        b = ((n - 1) * columns + rows.transpose(-2, -1)) / (n * (n - 2))
        return ((matrices - a - b) * off_diagonal).flatten(start_dim=-2)

    @property
    def moves_KN(self) -> Tensor:
        """Reverse each part of the tour of two or more cities after city 0 (2-opt)."""
        place_N = torch.arange(self.size)
        low_K, high_K = torch.combinations(place_N[1:]).T[:, :, None]
        return torch.where((place_N >= low_K) & (place_N <= high_K), low_K + high_K - place_N, place_N)

    def _entries(self, solutions: Tensor) -> Tensor:
        return solutions * self.size + solutions.roll(-1, dims=-1)

    def _enumerate(self) -> Tensor:
        rest_SN = permutations_of(self.size - 1) + 1
        return torch.cat([torch.zeros(len(rest_SN), 1, dtype=torch.int64), rest_SN], dim=1)
