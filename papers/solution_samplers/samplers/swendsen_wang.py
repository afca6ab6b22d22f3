"""Swendsen-Wang cluster sampling of ferromagnetic Ising densities, where single-spin chains freeze.

Swendsen and Wang 1987, "Nonuniversal critical dynamics in Monte Carlo simulations".

Shape suffixes: C chains, N vertices, E edges, M bonds: the edges and, where there are fields, one bond from every
vertex to a ghost vertex N whose spin stays +1.
"""

import numba
import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.samplers.errors import SamplerError, check_cpu, check_positive
from papers.solution_samplers.samplers.ising import Ising, random_spins


class SwendsenWang:
    """Chains that flip whole clusters of aligned spins; they mix fast where no coupling is negative.

    Fields may have either sign. Chains start at independent fair spins and persist from one `run` to the next.
    Faults in what is given end in a `SamplerError`.

    Args:
        edges_2E: ends of the edges, int64.
        vertices: N.
        chains: C; all share the couplings.
        generator: of the starts and of every draw, on the CPU.
        fields_N: h, or None for no fields.

    Attributes:
        states: the chains' spins [C, N], float32; the next `run` changes them in place.
    """

    def __init__(
        self,
        edges_2E: Tensor,
        vertices: int,
        chains: int,
        generator: torch.Generator,
        fields_N: Tensor | None = None,
    ) -> None:
        check_positive("SwendsenWang", chains=chains)
        check_cpu("SwendsenWang", generator)
        self._model = Ising(edges_2E, vertices, fields_N, generator.device)
        self.states = random_spins(chains, vertices, generator=generator)
        self._generator = generator

    def run(self, couplings_E: Tensor, sweeps: int) -> Tensor:
        """Rebuild and flip the clusters of every chain `sweeps` times.

        Args:
            couplings_E: J, finite, one per edge, none negative.
            sweeps: updates of all spins.

        Returns:
            `states`.

        Raises:
            SamplerError: a coupling is negative.
        """
        couplings_E = self._model.couplings(couplings_E)
        if (couplings_E < 0).any():
            edge = int((couplings_E < 0).nonzero()[0])
            ends, coupling = self._model.edges_2E[:, edge].tolist(), couplings_E[edge].item()
            raise SamplerError(
                f"SwendsenWang: edge {edge} {ends} has the negative coupling {coupling:g}, which freezes clusters; "
                "use IsingGibbs or Tempering"
            )
        chains, vertices = self.states.shape
        fields_N = self._model.fields_N
        pulled = fields_N.nonzero().squeeze(1)
        ghost = torch.full_like(pulled, vertices)
        bonds_2M = torch.cat([self._model.edges_2E, torch.stack([pulled, ghost])], 1).numpy()
        couplings_M = torch.cat([couplings_E, fields_N[pulled]])
        chance_M = -torch.expm1(-2 * couplings_M.abs())
        for _ in range(sweeps):
            active_CM = torch.rand(chains, len(chance_M), generator=self._generator) < chance_M
            signs_CN = random_spins(chains, vertices + 1, generator=self._generator)
            _flip_clusters(self.states.numpy(), bonds_2M, couplings_M.numpy(), active_CM.numpy(), signs_CN.numpy())
        torch.autograd.graph.increment_version(self.states)  # so that a backward pass through older spins is refused
        return self.states


@numba.njit(cache=True)
def _flip_clusters(spins_CN, bonds_2M, couplings_M, active_CM, signs_CN):
    """Join the ends of every satisfied active bond; multiply each cluster's spins by the sign of its root."""
    chains, vertices = spins_CN.shape
    parent_N = np.empty(vertices + 1, np.int64)
    for chain in range(chains):
        spins_N, signs_N = spins_CN[chain], signs_CN[chain]
        for vertex in range(vertices + 1):
            parent_N[vertex] = vertex
        for m in range(couplings_M.size):
            if active_CM[chain, m]:
                i, j = bonds_2M[0, m], bonds_2M[1, m]
                spin_j = spins_N[j] if j < vertices else np.float32(1)
                if couplings_M[m] * spins_N[i] * spin_j > 0:
                    parent_N[_root(parent_N, i)] = _root(parent_N, j)
        signs_N[_root(parent_N, vertices)] = 1  # the ghost's cluster stays
        for vertex in range(vertices):
            spins_N[vertex] *= signs_N[_root(parent_N, vertex)]


@numba.njit(cache=True)
def _root(parent_N, vertex):
    while parent_N[vertex] != vertex:
        parent_N[vertex] = parent_N[parent_N[vertex]]
        vertex = parent_N[vertex]
    return vertex
