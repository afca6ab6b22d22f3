"""Gibbs sampling of densities over products of several spins: the linear score of Max-k-CSP (Theorem 4).

Shape suffixes: C chains, N vertices, F products, K factors of a product, X pairs of a vertex and a product that
contains it, O the most other factors of a product.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from papers.solution_samplers.samplers.errors import SamplerError, check_cpu, check_finite, check_positive
from papers.solution_samplers.samplers.ising import random_spins
from papers.solution_samplers.samplers.kernels import seed_lanes, sweep_products


class ProductGibbs:
    """Chains that draw one spin after another from `exp(sum_T w_T prod_{i in T} s_i)`, over subsets T of the spins.

    Chains start at independent fair spins and persist from one `run` to the next. Where no subset has more than two
    elements, `IsingGibbs` does the same faster. Faults in what is given end in a `SamplerError`.

    Args:
        subsets: for each number of elements, the subsets of that size [F, K], as `SpinProblem.subsets` has them; the
            order of the weights is theirs.
        vertices: N.
        chains: C; all share the weights. Multiples of 64 are the fastest per chain.
        generator: of the starts and of every draw, on the CPU.
    """

    def __init__(self, subsets: Sequence[Tensor], vertices: int, chains: int, generator: torch.Generator) -> None:
        check_positive("ProductGibbs", vertices=vertices, chains=chains)
        check_cpu("ProductGibbs", generator)
        self._starts_N1, self._products_X, self._others_XO = _products_by_vertex(subsets, vertices)
        self._products = sum(len(subsets_FK) for subsets_FK in subsets)
        one = torch.ones(1, chains)  # what products of fewer factors are filled up with
        self._spins_NC = torch.cat([random_spins(vertices, chains, generator=generator), one])
        self._generator = generator

    @property
    def states(self) -> Tensor:
        """The chains' spins [C, N], float32: a view, which the next `run` changes and which may be written to."""
        return self._spins_NC[:-1].T

    def run(self, weights_F: Tensor, sweeps: int) -> Tensor:
        """Update every spin of every chain `sweeps` times.

        Args:
            weights_F: w, finite, one per subset.
            sweeps: passes over the vertices.

        Returns:
            `states`.
        """
        check_finite("ProductGibbs", "weights", weights_F, (self._products,))
        sweep_products(
            self._spins_NC.numpy(),
            self._starts_N1,
            weights_F.detach().float().numpy()[self._products_X],
            self._others_XO,
            seed_lanes(self._spins_NC.shape[1], self._generator),
            sweeps,
        )
        torch.autograd.graph.increment_version(self._spins_NC)  # so that a backward pass through older spins is refused
        return self.states


def _products_by_vertex(subsets: Sequence[Tensor], vertices: int) -> tuple[NDArray, NDArray, NDArray]:
    """Where each vertex's products start, their numbers, and their other factors, filled up with vertex N."""
    most_others = max((subsets_FK.shape[1] - 1 for subsets_FK in subsets), default=0)
    own, products, others = [], [], []
    first = 0
    for subsets_FK in (given.numpy() for given in subsets):
        count, factors = subsets_FK.shape
        if count and not (subsets_FK.min() >= 0 and subsets_FK.max() < vertices):
            raise SamplerError(f"ProductGibbs: a subset has an element outside 0..{vertices - 1}")
        for k in range(factors):
            own.append(subsets_FK[:, k])
            products.append(np.arange(first, first + count))
            rest = np.delete(subsets_FK, k, axis=1)
            others.append(np.pad(rest, ((0, 0), (0, most_others - factors + 1)), constant_values=vertices))
        first += count
    order_X = np.argsort(np.concatenate(own), kind="stable")
    starts_N1 = np.searchsorted(np.concatenate(own)[order_X], np.arange(vertices + 1))
    return starts_N1, np.concatenate(products)[order_X], np.concatenate(others)[order_X]
