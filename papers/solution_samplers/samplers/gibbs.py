"""Gibbs sampling of Ising densities: many persistent chains at once.

On the CPU a compiled kernel goes from vertex to vertex and updates all chains of one vertex together, one chain per
vector lane. On a GPU all vertices of one colour of the graph are updated together (chromatic Gibbs sampling).

Shape suffixes: C chains, N vertices, E edges, K vertices of one colour, P connected parts of the graph.
"""

import torch
from torch import Tensor

from papers.solution_samplers.samplers.errors import check_positive
from papers.solution_samplers.samplers.ising import Ising, random_spins
from papers.solution_samplers.samplers.kernels import IsingArrays, seed_lanes, sweep_ising


class IsingGibbs:
    """Chains that draw one spin after another from its conditional distribution.

    The density is `exp(sum_e J_e s_i s_j + sum_i h_i s_i)`. Chains start at independent fair spins and persist from
    one `run` to the next, as a learner that moves the couplings a little each time wants them. Faults in what is
    given end in a `SamplerError`.

    Args:
        edges_2E: ends of the edges, int64.
        vertices: N.
        chains: C; all share the couplings. On the CPU multiples of 64 are the fastest per chain.
        generator: of the starts and of every draw; its device is the sampler's.
        fields_N: h, or None for no fields.
    """

    def __init__(
        self,
        edges_2E: Tensor,
        vertices: int,
        chains: int,
        generator: torch.Generator,
        fields_N: Tensor | None = None,
    ) -> None:
        check_positive("IsingGibbs", chains=chains)
        self._model = Ising(edges_2E, vertices, fields_N, generator.device)
        self._spins_NC = random_spins(vertices, chains, generator=generator)
        self._ones_PC = self._spins_NC.new_ones(self._model.parts, chains)
        self._generator = generator

    @property
    def states(self) -> Tensor:
        """The chains' spins [C, N], float32: a view, which the next `run` changes and which may be written to."""
        return self._spins_NC.T

    def run(self, couplings_E: Tensor, sweeps: int) -> Tensor:
        """Update every spin of every chain `sweeps` times.

        Args:
            couplings_E: J, finite, one per edge.
            sweeps: passes over the vertices.

        Returns:
            `states`.
        """
        sweep(self._model, self._spins_NC, self._model.couplings(couplings_E), self._ones_PC, sweeps, self._generator)
        return self.states


def sweep(
    model: Ising,
    spins_NC: Tensor,
    couplings_E: Tensor,
    inverse_temperatures_PC: Tensor,
    sweeps: int,
    generator: torch.Generator,
) -> None:
    """Update every spin in place `sweeps` times.

    Args:
        model: graph and fields.
        spins_NC: the chains, contiguous.
        couplings_E: as `Ising.couplings` returns them.
        inverse_temperatures_PC: power of the density of each connected part that each chain samples.
        sweeps: passes over the vertices.
        generator: of the draws.
    """
    update = sweep_lanes if spins_NC.device.type == "cpu" else sweep_colours
    update(model, spins_NC, couplings_E, inverse_temperatures_PC, sweeps, generator)


def sweep_colours(
    model: Ising,
    spins_NC: Tensor,
    couplings_E: Tensor,
    inverse_temperatures_PC: Tensor,
    sweeps: int,
    generator: torch.Generator,
) -> None:
    """Do `sweep` by one torch program per colour of the graph: on any device, meant for GPUs."""
    for _ in range(sweeps):
        uniform_NC = torch.rand(spins_NC.shape, generator=generator, device=spins_NC.device)
        for colour in model.colours:
            fields_KC = model.local_fields(spins_NC, couplings_E, colour)
            log_odds_KC = fields_KC.mul_(inverse_temperatures_PC[model.part_N[colour.vertices]]).mul_(2)
            up_KC = uniform_NC[colour.vertices] < log_odds_KC.sigmoid_()
            spins_NC.index_copy_(0, colour.vertices, torch.where(up_KC, 1.0, -1.0))


def sweep_lanes(
    model: Ising,
    spins_NC: Tensor,
    couplings_E: Tensor,
    inverse_temperatures_PC: Tensor,
    sweeps: int,
    generator: torch.Generator,
) -> None:
    """Do `sweep` by the compiled kernel on the CPU."""
    _, starts_N1, neighbours_M, edges_M = model.everything
    sweep_ising(
        spins_NC.numpy(),
        IsingArrays(starts_N1.numpy(), neighbours_M.numpy(), model.fields_N.numpy(), model.part_N.numpy()),
        couplings_E[edges_M].numpy(),
        inverse_temperatures_PC.numpy(),
        seed_lanes(spins_NC.shape[1], generator),
        sweeps,
    )
    torch.autograd.graph.increment_version(spins_NC)  # so that a backward pass through older spins is refused
