"""Parallel tempering (replica exchange): Gibbs chains at several temperatures that trade places.

Shape suffixes: C chains, R replicas of each chain, N vertices, E edges, P connected parts of the graph.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from papers.solution_samplers.samplers.errors import SamplerError, check_positive
from papers.solution_samplers.samplers.gibbs import sweep
from papers.solution_samplers.samplers.ising import Ising, random_spins


class Tempering:
    """C independent ladders of R replicas; each rung samples the density to the power of its inverse temperature.

    After every sweep neighbouring rungs swap by Metropolis' rule, even pairs and odd pairs in turn, which carries
    replicas up and down the ladder faster than random pairs (Syed et al. 2022, "Non-reversible parallel tempering").
    Each connected part of the graph swaps on its own, so that a batch of graphs mixes as each of them would alone.

    Args:
        edges_2E: ends of the edges, int64.
        vertices: N.
        chains: C.
        inverse_temperatures: one per rung, rising; the last one's states are the result, so it is 1 as a rule.
        generator: of the starts and of every draw; its device is the sampler's.
        fields_N: h, or None for no fields.

    Attributes:
        swap_rate: accepted share of the last `run`'s swaps between each rung and the next, shape [R - 1]; nan where
            there was none.

    Raises:
        SamplerError: no graph, fewer than one chain, or temperatures that do not rise.
    """

    def __init__(
        self,
        edges_2E: Tensor,
        vertices: int,
        chains: int,
        inverse_temperatures: Sequence[float],
        generator: torch.Generator,
        fields_N: Tensor | None = None,
    ) -> None:
        check_positive("Tempering", chains=chains)
        ladder, device = list(inverse_temperatures), generator.device
        if len(ladder) < 2 or ladder[0] < 0 or not all(low < high for low, high in pairwise(ladder)):
            raise SamplerError(f"Tempering: need at least two rising inverse temperatures from 0 on (got {ladder})")
        self._model = Ising(edges_2E, vertices, fields_N, device)
        self._spins_NRC = random_spins(vertices, len(ladder), chains, generator=generator)
        self._ladder_R1 = torch.tensor(ladder, dtype=torch.float32, device=device)[:, None]
        self._rungs_R1 = torch.arange(len(ladder), device=device)[:, None]
        self._replica_PRC = self._rungs_R1.repeat(self._model.parts, 1, chains)
        """Which replica of each part stands on each rung: a swap moves temperatures, not spins."""
        self._generator = generator
        self._sweeps = 0
        self.swap_rate = torch.full((len(ladder) - 1,), torch.nan)

    @property
    def states(self) -> Tensor:
        """The spins on the last rung [C, N], float32: a copy."""
        coldest_NC = self._replica_PRC[self._model.part_N, -1]
        return self._spins_NRC.gather(1, coldest_NC[:, None]).squeeze(1).T.contiguous()

    def run(self, couplings_E: Tensor, sweeps: int) -> Tensor:
        """Sweep every replica `sweeps` times, with swaps after each sweep.

        Args:
            couplings_E: J, finite, one per edge.
            sweeps: passes over the vertices.

        Returns:
            `states`.
        """
        couplings_E, spins_NX = self._model.couplings(couplings_E), self._spins_NRC.flatten(1)  # X = R * C
        temperatures_PRC = spins_NX.new_empty(self._replica_PRC.shape)
        accepted_R, tried_R = torch.zeros(2, len(self._rungs_R1) - 1, device=self._generator.device)
        for _ in range(sweeps):
            temperatures_PRC.scatter_(1, self._replica_PRC, self._ladder_R1.expand_as(temperatures_PRC))
            sweep(self._model, spins_NX, couplings_E, temperatures_PRC.flatten(1), 1, self._generator)
            f_PRC = self._model.log_density(spins_NX, couplings_E).view_as(temperatures_PRC)
            accept_PRC = self._swap(f_PRC.gather(1, self._replica_PRC))
            pairs = slice(self._sweeps % 2, None, 2)
            accepted_R[pairs] += accept_PRC.float().mean((0, 2))[pairs]
            tried_R[pairs] += 1
            self._sweeps += 1
        self.swap_rate = accepted_R / tried_R
        return self.states

    def _swap(self, f_PRC: Tensor) -> Tensor:
        """Exchange the replicas of this sweep's pairs of rungs; return which pairs did, bool [P, R - 1, C]."""
        log_ratio_PRC = self._ladder_R1.diff(dim=0) * -f_PRC.diff(dim=1)
        uniform_PRC = torch.rand(log_ratio_PRC.shape, generator=self._generator, device=f_PRC.device)
        accept_PRC = uniform_PRC.log() < log_ratio_PRC
        accept_PRC[:, 1 - self._sweeps % 2 :: 2] = False
        source_PRC = self._rungs_R1.expand_as(f_PRC).clone()
        source_PRC[:, :-1] += accept_PRC
        source_PRC[:, 1:] -= accept_PRC.long()
        self._replica_PRC = self._replica_PRC.gather(1, source_PRC)
        return accept_PRC
