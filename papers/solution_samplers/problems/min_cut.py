"""Min-s-t-cut (Theorem 3): separate two given vertices so that the edges between the parts weigh least.

Shape suffixes: B instances, C solutions, N vertices, F features.
"""

import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.problems.spins import SpinProblem, cut_weight, spin_states, subsets_of

NEIGHBOURS = 3
"""Expected neighbours of a free vertex among the free ones in a random instance."""

STRONGEST_COUPLING = 0.25
"""Upper end of the weights among free vertices. At 12 vertices the minimum then cuts off a fixed vertex alone in one
instance of seven, and each vertex's own stronger end is the answer in one of six; elsewhere the two have to be traded.
"""


class MinCut(SpinProblem):
    """Cost is the weight of the cut that separates the first vertex (spin +1) from the last (spin -1).

    The paper minimises `s^T L s / 4` over all spins, where s = 1 costs nothing; with the two fixed vertices the
    problem is the usual one. Its features are the spins of the N - 2 free vertices, which stand for their pairs with
    the fixed ones, then the pairs of free vertices, each in lexicographic order. For weights >= 0 the optimal
    parameters `-c / lambda` of the pairs are >= 0: a ferromagnetic Ising model in a field.

    Args:
        weights_BNN: symmetric weights >= 0, zero diagonal, float64.
    """

    name = "min_cut"
    sampler = "swendsen_wang"

    def __init__(self, weights_BNN: Tensor) -> None:
        size = weights_BNN.shape[-1]
        free = range(1, size - 1)
        pairs_F2 = subsets_of(free, 2)
        fields_BF = (weights_BNN[:, -1, 1:-1] - weights_BNN[:, 0, 1:-1]) / 2
        couplings_BF = -weights_BNN[:, pairs_F2[:, 0], pairs_F2[:, 1]] / 2
        offset_B = (weights_BNN.sum(dim=(1, 2)) / 2 + weights_BNN[:, 0, -1]) / 2
        super().__init__(size, [subsets_of(free, 1), pairs_F2], torch.cat([fields_BF, couplings_BF], dim=1), offset_B)
        self.free = free
        self.weights_BNN = weights_BNN

    @classmethod
    def random(cls, count: int, size: int, seed: int) -> "MinCut":
        """Draw instances in the form of image segmentation, whose minimum is rarely a fixed vertex against the rest.

        Every free vertex is joined to the first and to the last one by uniform weights in [0, 1], and every pair of
        free vertices, with a probability that gives `NEIGHBOURS` neighbours on average, by a weaker one.
        """
        rng = np.random.default_rng(seed)
        probability = min(1.0, NEIGHBOURS / (size - 3)) if size > 3 else 0.0
        upper = np.triu(rng.random((count, size, size)), 1) * STRONGEST_COUPLING
        upper *= rng.random((count, size, size)) < probability
        upper[:, 0, 1:-1], upper[:, 1:-1, -1] = rng.random((2, count, size - 2))
        upper[:, 0, -1] = 0
        return cls(torch.from_numpy(upper + upper.transpose(0, 2, 1)))

    @property
    def solution_count(self) -> int:
        """Return 2^(N - 2)."""
        return 2 ** (self.size - 2)

    def cost(self, solutions: Tensor) -> Tensor:
        """Return the weight of the cut."""
        return cut_weight(self.weights_BNN, solutions)

    def _enumerate(self) -> Tensor:
        free_SN = spin_states(self.size - 2)
        one_S1 = torch.ones(len(free_SN), 1)
        return torch.cat([one_S1, free_SN, -one_S1], dim=1)
