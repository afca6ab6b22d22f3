"""The Metropolis-adjusted Langevin algorithm, the sampler of the paper's 600-vertex experiment (appendix I).

The paper prints the move `x' = x + tau grad f(x) + sqrt(2 tau) xi` and a Metropolis-Hastings step; it states neither
tau nor how a density over R^N becomes a cut. The caller gives tau and a log density that has a finite integral.

Shape suffixes: C chains, N positions.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from papers.solution_samplers.samplers.errors import SamplerError, check_finite, check_positive


class Mala:
    """Persistent Langevin chains over R^N with a Metropolis-Hastings correction: exact in the limit for any step.

    Args:
        vertices: N.
        chains: C.
        step: tau > 0; an acceptance near 0.57 is the best for smooth densities of many dimensions.
        generator: of the normal starts and of every draw; its device is the sampler's.

    Attributes:
        states: the positions [C, N], float32.
        acceptance: accepted share of the last `run`'s proposals; nan before the first.

    Raises:
        SamplerError: fewer than one position or chain, or a step that is not positive.
    """

    def __init__(self, vertices: int, chains: int, step: float, generator: torch.Generator) -> None:
        check_positive("Mala", vertices=vertices, chains=chains)
        if not (math.isfinite(step) and step > 0):
            raise SamplerError(f"Mala: step must be positive and finite (got {step})")
        self.states = torch.randn(chains, vertices, generator=generator, device=generator.device)
        self.acceptance = math.nan
        self._step = step
        self._generator = generator

    def run(self, log_density: Callable[[Tensor], Tensor], steps: int) -> Tensor:
        """Move every chain `steps` times.

        Args:
            log_density: maps positions [C, N] to log densities [C], up to a constant; differentiable, and each chain's
                value depends on its own positions only.
            steps: proposals per chain.

        Returns:
            `states`. A log density of another shape, or not finite where a chain stands, ends in a `SamplerError`.
        """
        device, chains = self._generator.device, len(self.states)
        x_CN, (f_C, gradient_CN) = self.states, self._evaluate(log_density, self.states)
        check_finite("Mala", "log density", f_C, (chains,))
        accepted = 0
        for _ in range(steps):
            noise_CN = torch.randn(x_CN.shape, generator=self._generator, device=device)
            proposal_CN = x_CN + self._step * gradient_CN + math.sqrt(2 * self._step) * noise_CN
            new_f_C, new_gradient_CN = self._evaluate(log_density, proposal_CN)
            back_CN = x_CN - proposal_CN - self._step * new_gradient_CN
            forth_C = noise_CN.square().sum(1) / 2
            log_ratio_C = new_f_C - f_C - back_CN.square().sum(1) / (4 * self._step) + forth_C
            accept_C = torch.rand(chains, generator=self._generator, device=device).log() < log_ratio_C
            x_CN = torch.where(accept_C[:, None], proposal_CN, x_CN)
            gradient_CN = torch.where(accept_C[:, None], new_gradient_CN, gradient_CN)
            f_C = torch.where(accept_C, new_f_C, f_C)
            accepted = accepted + accept_C.sum()
        self.states = x_CN
        self.acceptance = float(accepted / (steps * chains)) if steps else math.nan
        return x_CN

    @staticmethod
    def _evaluate(log_density: Callable[[Tensor], Tensor], x_CN: Tensor) -> tuple[Tensor, Tensor]:
        """The log density and its gradient at each chain."""
        x_CN = x_CN.detach().requires_grad_()
        with torch.enable_grad():
            f_C = log_density(x_CN)
        if f_C.shape != x_CN.shape[:1]:
            raise SamplerError(f"Mala: the log density must have shape {list(x_CN.shape[:1])} (got {list(f_C.shape)})")
        (gradient_CN,) = torch.autograd.grad(f_C.sum(), x_CN)
        return f_C.detach(), gradient_CN
