"""Gibbs sampling of the paper's bias-free ReLU net over spins.

A flip moves the first layer's sums by one column of its weights, so that only the layers above are computed anew.

Shape suffixes: B nets, C chains, N spins, H units of a layer.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.samplers.errors import SamplerError, check_finite, check_positive
from papers.solution_samplers.samplers.ising import random_spins
from papers.solution_samplers.samplers.kernels import seed_lanes, sweep_net
from papers.solution_samplers.scores import HomogeneousNet


class NetGibbs:
    """Chains that draw one spin after another from `exp(f)`, where f is a net's score.

    Chains start at independent fair spins and persist from one `run` to the next. Faults in what is given end in a
    `SamplerError`.

    Args:
        models: B nets, each with its own chains.
        vertices: N.
        chains: C of each net. On the CPU multiples of 64 are the fastest per chain.
        generator: of the starts and of every draw; its device is the sampler's.
    """

    def __init__(self, models: int, vertices: int, chains: int, generator: torch.Generator) -> None:
        check_positive("NetGibbs", models=models, vertices=vertices, chains=chains)
        self._spins_BNC = random_spins(models, vertices, chains, generator=generator)
        self._generator = generator

    @property
    def states(self) -> Tensor:
        """The chains' spins [B, C, N], float32: a view, which the next `run` changes and which may be written to."""
        return self._spins_BNC.mT

    @torch.no_grad()
    def run(self, net: HomogeneousNet, sweeps: int, inverse_temperature: float = 1.0) -> Tensor:
        """Update every spin of every chain `sweeps` times.

        Args:
            net: the scores f of B nets with at least one hidden layer.
            sweeps: passes over the spins.
            inverse_temperature: samples `exp(inverse_temperature * f)`: `net.slow_factor(rho)` for the slow part.

        Returns:
            `states`.

        Raises:
            SamplerError: a net of another size, without a hidden layer, or with weights that are not finite.
        """
        models, vertices, _ = self._spins_BNC.shape
        if len(net.layers) < 2:
            raise SamplerError("NetGibbs: the net needs a hidden layer")
        check_finite("NetGibbs", "weights of layer 0", net.layers[0], (models, net.layers[0].shape[1], vertices))
        for index, layer in enumerate(net.layers[1:], 1):
            check_finite("NetGibbs", f"weights of layer {index}", layer, tuple(layer.shape))
        sweep = sweep_nets if self._generator.device.type == "cpu" else sweep_sites
        sweep(self._spins_BNC, list(net.layers), sweeps, inverse_temperature, self._generator)
        return self.states


def sweep_nets(
    spins_BNC: Tensor, layers: Sequence[Tensor], sweeps: int, inverse_temperature: float, generator: torch.Generator
) -> None:
    """Update every spin in place `sweeps` times by the compiled kernel on the CPU, one net after another."""
    chains = spins_BNC.shape[2]
    for model, spins_NC in enumerate(spins_BNC):
        first, *above = (layer[model].detach().float().contiguous() for layer in layers)
        sweep_net(
            spins_NC.numpy(),
            first.T.contiguous().numpy(),
            tuple(layer.numpy() for layer in above),
            np.float32(inverse_temperature),
            seed_lanes(chains, generator),
            sweeps,
        )
    torch.autograd.graph.increment_version(spins_BNC)  # so that a backward pass through older spins is refused


def sweep_sites(
    spins_BNC: Tensor, layers: Sequence[Tensor], sweeps: int, inverse_temperature: float, generator: torch.Generator
) -> None:
    """Update every spin in place `sweeps` times by a few torch programs per spin: on any device, meant for GPUs."""
    first_BHN, *above = layers
    for _ in range(sweeps):
        sums_BHC = first_BHN @ spins_BNC
        score_BC = _score_above(sums_BHC, above)
        for vertex, weights_BH in enumerate(first_BHN.unbind(2)):
            spins_BC = spins_BNC[:, vertex]
            flipped_BHC = sums_BHC - 2 * weights_BH[:, :, None] * spins_BC[:, None]
            flipped_score_BC = _score_above(flipped_BHC, above)
            chance_BC = torch.sigmoid(inverse_temperature * (flipped_score_BC - score_BC))
            flip_BC = torch.rand(chance_BC.shape, generator=generator, device=chance_BC.device) < chance_BC
            spins_BC.copy_(torch.where(flip_BC, -spins_BC, spins_BC))
            sums_BHC = torch.where(flip_BC[:, None], flipped_BHC, sums_BHC)
            score_BC = torch.where(flip_BC, flipped_score_BC, score_BC)


def _score_above(sums_BHC: Tensor, layers: Sequence[Tensor]) -> Tensor:
    """The scores [B, C], given the first layer's sums."""
    for layer_BHH in layers:
        sums_BHC = layer_BHH @ sums_BHC.relu()
    return sums_BHC.squeeze(1)
