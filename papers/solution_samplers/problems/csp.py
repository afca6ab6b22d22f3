"""Max-k-CSP (Theorem 4): satisfy as many predicates on k variables each as possible.

Shape suffixes: B instances, C solutions, S rows of a truth table, M predicates, K variables of one, N variables,
F features.
"""

import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.problems.spins import SpinProblem, spin_states, subsets_of

ARITY = 3
"""Variables of a predicate, the paper's k."""

PREDICATES_PER_VARIABLE = 4
"""Of the random instances; about the density at which random 3-SAT is hardest."""


class MaxCsp(SpinProblem):
    """Cost is minus the number of satisfied predicates.

    Features are the products over 1 to k variables, by number and then lexicographically. The cost features are the
    Fourier coefficients of the predicates, `h(T) = 2^-k sum_x h(x) prod_{i in T} x_i`, summed over predicates.

    Args:
        size: N, the number of variables.
        scopes_BMK: the variables of each predicate, ascending, int64.
        tables_BMS: its truth table, one entry of {0, 1} for each row of `spin_states(k)`, float64.
    """

    name = "csp"
    sampler = "product_gibbs"

    def __init__(self, size: int, scopes_BMK: Tensor, tables_BMS: Tensor) -> None:
        arity = scopes_BMK.shape[-1]
        subsets = [subsets_of(range(size), elements) for elements in range(1, arity + 1)]
        costs = [-_coefficients(scopes_BMK, tables_BMS, subsets_FK, size) for subsets_FK in subsets]
        super().__init__(size, subsets, torch.cat(costs, dim=1), -tables_BMS.mean(dim=2).sum(dim=1))
        self.scopes_BMK = scopes_BMK
        self.tables_BMS = tables_BMS

    @classmethod
    def random(cls, count: int, size: int, seed: int) -> "MaxCsp":
        """Draw 4 N predicates on 3 distinct variables each, every truth table uniform over all tables."""
        rng = np.random.default_rng(seed)
        predicates = PREDICATES_PER_VARIABLE * size
        keys_BMN = rng.random((count, predicates, size))
        scopes_BMK = np.sort(np.argsort(keys_BMN, axis=2)[..., :ARITY], axis=2)
        tables_BMS = rng.integers(2, size=(count, predicates, 2**ARITY)).astype(np.float64)
        return cls(size, torch.from_numpy(scopes_BMK), torch.from_numpy(tables_BMS))

    @property
    def solution_count(self) -> int:
        """Return 2^N."""
        return 2**self.size

    def cost(self, solutions: Tensor) -> Tensor:
        """Look every predicate up in its truth table and return minus the number of satisfied ones."""
        instances, predicates, arity = self.scopes_BMK.shape
        bits = (solutions < 0).long().expand(instances, -1, -1)
        place_K = 2 ** torch.arange(arity - 1, -1, -1)
        satisfied = torch.zeros(bits.shape[:2], dtype=torch.float64)
        for predicate in range(predicates):
            scope_BK = self.scopes_BMK[:, predicate]
            row_BC = (torch.take_along_dim(bits, scope_BK[:, None, :], dim=2) * place_K).sum(dim=2)
            satisfied += torch.take_along_dim(self.tables_BMS[:, predicate], row_BC, dim=1)
        return -satisfied

    def _enumerate(self) -> Tensor:
        return spin_states(self.size)


def _coefficients(scopes_BMK: Tensor, tables_BMS: Tensor, subsets_FK: Tensor, size: int) -> Tensor:
    """Fourier coefficients of the predicates on the subsets of one size, summed over predicates: [B, F_K]."""
    arity, elements = scopes_BMK.shape[-1], subsets_FK.shape[-1]
    places = size ** torch.arange(elements - 1, -1, -1)
    codes_F = (subsets_FK * places).sum(dim=1)  # ascending, as the subsets are in lexicographic order
    rows_SK = spin_states(arity).double()
    sums_BF = torch.zeros(len(scopes_BMK), len(subsets_FK), dtype=torch.float64)
    for chosen_K in subsets_of(range(arity), elements):
        coefficient_BM = (tables_BMS * rows_SK[:, chosen_K].prod(dim=1)).mean(dim=2)
        feature_BM = torch.searchsorted(codes_F, (scopes_BMK[..., chosen_K] * places).sum(dim=-1))
        sums_BF.scatter_add_(1, feature_BM, coefficient_BM)
    return sums_BF
