"""Max-Cut (Theorem 2): split the vertices of a graph in two so that the edges between the parts weigh most.

Shape suffixes: B instances, C solutions, N vertices, F pairs of vertices.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.graphs import Graph, random_graphs
from papers.solution_samplers.problems.base import ProblemError
from papers.solution_samplers.problems.spins import SpinProblem, cut_weight, spin_states, subsets_of

EDGE_PROBABILITY = 0.5
"""Of the random graphs (section 5)."""


class MaxCut(SpinProblem):
    """Cost is minus the weight of the cut, a quarter of the paper's `-s^T L s`.

    The paper's features vec(ss^T) are constant on the diagonal and hold each pair twice; here they are the pairs
    i < j in lexicographic order. Since s and -s are the same cut, the enumeration fixes the first spin at +1.

    Args:
        weights_BNN: symmetric weights, zero diagonal, float64.
    """

    name = "max_cut"
    sampler = "gibbs"

    def __init__(self, weights_BNN: Tensor) -> None:
        size = weights_BNN.shape[-1]
        pairs_F2 = subsets_of(range(size), 2)
        pair_weights_BF = weights_BNN[:, pairs_F2[:, 0], pairs_F2[:, 1]]
        super().__init__(size, [pairs_F2], pair_weights_BF / 2, -pair_weights_BF.sum(dim=1) / 2)
        self.weights_BNN = weights_BNN

    @classmethod
    def of(cls, graphs: Sequence[Graph]) -> "MaxCut":
        """Take graphs with the same number of vertices as instances."""
        return cls(weights_of(graphs))

    @classmethod
    def random(cls, count: int, size: int, seed: int) -> "MaxCut":
        """Draw unweighted graphs G(size, 0.5), as in section 5."""
        return cls.of(random_graphs(count, size, EDGE_PROBABILITY, seed))

    @property
    def solution_count(self) -> int:
        """Return 2^(N - 1)."""
        return 2 ** (self.size - 1)

    def cost(self, solutions: Tensor) -> Tensor:
        """Return minus the weight of the cut."""
        return -cut_weight(self.weights_BNN, solutions)

    def _enumerate(self) -> Tensor:
        free_SN = spin_states(self.size - 1)
        return torch.cat([torch.ones(len(free_SN), 1), free_SN], dim=1)


def weights_of(graphs: Sequence[Graph]) -> Tensor:
    """Symmetric weights of graphs, float64 [B, N, N].

    Raises:
        ProblemError: there is none, or they differ in their number of vertices.
    """
    if len(sizes := sorted({graph.vertices for graph in graphs})) != 1:
        raise ProblemError(f"a batch needs graphs with the same number of vertices (got {sizes})")
    return torch.from_numpy(np.stack([graph.adjacency().toarray() for graph in graphs]))
