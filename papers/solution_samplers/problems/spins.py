"""Problems over spins, whose features are products of spins.

Shape suffixes: B instances, C solutions, S enumerated solutions, N vertices, F features, K entries of a subset.
"""

import itertools
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from papers.solution_samplers.problems.base import Problem


class SpinProblem(Problem):
    """Features are the products `prod_{i in T} s_i` over a family of subsets T of the free entries.

    Over uniform spins distinct non-empty products are orthonormal, so `Var[w . psi(s)] = ||w||^2` (Lemma 9).

    Args:
        size: N.
        subsets: for each number of elements, the subsets of that size in the order of the features, [F_K, K].
        costs_BF: as of `Problem`.
        offset_B: as of `Problem`.

    Attributes:
        free: the entries that may be flipped.
    """

    def __init__(self, size: int, subsets: Sequence[Tensor], costs_BF: Tensor, offset_B: Tensor) -> None:
        super().__init__(size, costs_BF, offset_B)
        self.free = range(size)
        self.subsets = tuple(subsets)

    def psi(self, solutions: Tensor) -> Tensor:
        """Return the products of the spins [..., N] over the subsets, [..., F]."""
        return torch.cat([_products(solutions, subsets_FK) for subsets_FK in self.subsets], dim=-1)

    def variance(self, weights: Tensor) -> Tensor:
        """Return `||weights||^2`."""
        return weights.square().sum(dim=-1)

    def neighbours(self, solutions: Tensor) -> Tensor:
        """Flip each free spin."""
        flips_NN = 1 - 2 * torch.eye(self.size, dtype=solutions.dtype)
        return solutions[..., None, :] * flips_NN[self.free.start : self.free.stop]


def spin_states(count: int) -> Tensor:
    """All 2^count spin vectors, float32 [2^count, count]; the first is all +1, the last entry changes fastest."""
    bits = torch.arange(2**count)[:, None] >> torch.arange(count - 1, -1, -1)
    return 1.0 - 2.0 * (bits & 1)


def subsets_of(entries: Iterable[int], elements: int) -> Tensor:
    """Subsets of that many entries, in lexicographic order, int64 [F_K, K]."""
    chosen = list(itertools.combinations(entries, elements))
    return torch.tensor(chosen, dtype=torch.int64).reshape(-1, elements)


def cut_weight(weights_BNN: Tensor, spins: Tensor) -> Tensor:
    """Weight of the edges between unequal spins, `s^T L s / 4` with the Laplacian L.

    Args:
        weights_BNN: symmetric, zero diagonal, float64.
        spins: [B or 1, C, N].

    Returns:
        float64 [B, C].
    """
    spins = spins.double()
    agreement_BC = ((spins @ weights_BNN) * spins).sum(dim=-1)
    return (weights_BNN.sum(dim=(-2, -1))[:, None] - agreement_BC) / 4


def _products(spins: Tensor, subsets_FK: Tensor) -> Tensor:
    product = spins[..., subsets_FK[:, 0]]
    for entry_F in subsets_FK.T[1:]:
        product = product * spins[..., entry_F]
    return product
