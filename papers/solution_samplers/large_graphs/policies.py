"""Samplers with weights to be learned: a score model, the chains that sample it, and what the solutions cost.

Here for cuts, with cost `-cut`; `best_known` has one for tours.

The fast part samples `exp(f)`. The slow part of the mixture has chains of its own: it samples `exp(f_slow)`, which
the same weights give. Shape suffixes: B graphs, C chains, N vertices, E edges, P positions = vertices of one graph.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from papers.solution_samplers.large_graphs.batch import Batch
from papers.solution_samplers.samplers.mala import Mala
from papers.solution_samplers.samplers.net_gibbs import NetGibbs
from papers.solution_samplers.scores import HomogeneousNet


class Draw(NamedTuple):
    """One sample of every chain.

    Attributes:
        solutions_CN: for cuts the spins over the union of the graphs.
        scores_BC: f or f_slow, which the gradient goes through.
        costs_BC: of the solutions, to be minimised.
    """

    solutions_CN: Tensor
    scores_BC: Tensor
    costs_BC: Tensor


class Policy(Protocol):
    """What the training loop asks of a sampler."""

    def parameters(self) -> Iterable[nn.Parameter]:
        """The weights to be learned."""

    def fast(self, sweeps: int) -> Draw:
        """Move the fast chains on and show where they are."""

    def slow(self, sweeps: int) -> Draw:
        """Move the slow chains on and show where they are."""


class IsingChains(Protocol):
    """A sampler of Ising densities: `IsingGibbs` or `Tempering`."""

    def run(self, couplings_E: Tensor, sweeps: int) -> Tensor:
        """Move on and return the spins [C, N]."""


class IsingPolicy:
    """Scores `f(s) = sum_e J_e s_i s_j` over the edges; the slow part has the couplings `rho J`.

    Why only the edges, where the paper has a weight for every pair of vertices: the cost has no feature elsewhere, so
    the minimiser `-c / lambda` lies in this subspace, and Remark 9 asks for variance only where the parameters live.
    It is 900 weights rather than 179,700 for the 3-regular graphs of 600 vertices.

    Args:
        batch: the graphs.
        model: called without arguments, gives the couplings [E].
        parameters: of the model.
        fast: chains of the fast part.
        slow: chains of the slow part, or None where it is not asked for.
        inverse_temperature: rho.
    """

    def __init__(
        self,
        batch: Batch,
        model: Callable[[], Tensor],
        parameters: Iterable[nn.Parameter],
        fast: IsingChains,
        slow: IsingChains | None,
        inverse_temperature: float,
    ) -> None:
        self._batch, self._model, self._parameters = batch, model, list(parameters)
        self._fast, self._slow, self._rho = fast, slow, inverse_temperature

    def parameters(self) -> Iterable[nn.Parameter]:
        """The weights to be learned."""
        return self._parameters

    def fast(self, sweeps: int) -> Draw:
        """Move the fast chains on and show where they are."""
        return self._draw(self._fast, 1.0, sweeps)

    def slow(self, sweeps: int) -> Draw:
        """Move the slow chains on and show where they are."""
        return self._draw(self._slow, self._rho, sweeps)

    def _draw(self, chains: IsingChains, scale: float, sweeps: int) -> Draw:
        couplings_E = scale * self._model()
        spins_CN = chains.run(couplings_E.detach(), sweeps)
        return Draw(spins_CN, self._batch.scores(spins_CN, couplings_E), -self._batch.cuts(spins_CN))


class NetPolicy:
    """The paper's bias-free ReLU net, one for each graph, sampled over spins by Gibbs or over R^N by MALA.

    MALA needs a density on R^N, but the integral of `exp(f)` is infinite: a ReLU net without biases grows along rays.
    The paper does not say what it does about it. Here the density is `exp(f(x))` times a standard normal one; entropy
    is then relative to that normal, and all gradients stay what they are. A cut is the sign of x.

    The slow part multiplies every layer by rho, so that `f_slow = rho^3 f` is flat to a few digits: its chains propose
    independent starts, corrected by Metropolis' rule, and accept nearly all of them.

    Args:
        batch: the graphs, all of one size.
        net: the scores.
        sampler: `NetGibbs` or `Mala`, the latter with B * C chains.
        slow_chains: of the slow part.
        inverse_temperature: rho.
        generator: of the slow part's draws.
    """

    def __init__(
        self,
        batch: Batch,
        net: HomogeneousNet,
        sampler: NetGibbs | Mala,
        slow_chains: int,
        inverse_temperature: float,
        generator: torch.Generator,
    ) -> None:
        self._batch, self._net, self._sampler, self._generator = batch, net, sampler, generator
        self._rho = inverse_temperature
        self._continuous = isinstance(sampler, Mala)
        self._slow_BCP = self._starts(slow_chains)

    def parameters(self) -> Iterable[nn.Parameter]:
        """The weights to be learned."""
        return self._net.parameters()

    def fast(self, sweeps: int) -> Draw:
        """Move the fast chains on and show where they are; a step of MALA counts as a sweep."""
        if self._continuous:
            x_BCP = self._by_graph(self._sampler.run(self._log_density, sweeps))
        else:
            x_BCP = self._sampler.run(self._net, sweeps)
        return self._draw(x_BCP, self._net(x_BCP))

    @torch.no_grad()
    def _move_slow(self) -> None:
        factor = self._net.slow_factor(self._rho)
        proposed_BCP = self._starts(self._slow_BCP.shape[1])
        log_ratio_BC = factor * (self._net(proposed_BCP) - self._net(self._slow_BCP))
        accept_BC = torch.rand(log_ratio_BC.shape, generator=self._generator).log() < log_ratio_BC
        self._slow_BCP = torch.where(accept_BC[..., None], proposed_BCP, self._slow_BCP)

    def slow(self, sweeps: int) -> Draw:
        """Move the slow chains on and show where they are."""
        for _ in range(sweeps):
            self._move_slow()
        return self._draw(self._slow_BCP, self._net(self._slow_BCP, self._rho))

    def _draw(self, x_BCP: Tensor, scores_BC: Tensor) -> Draw:
        spins_CN = torch.where(x_BCP >= 0, 1.0, -1.0).transpose(0, 1).flatten(1)
        return Draw(spins_CN, scores_BC, -self._batch.cuts(spins_CN))

    def _log_density(self, x_XP: Tensor) -> Tensor:
        """Log density of MALA's chains, graph after graph: [B * C]."""
        return self._net(self._by_graph(x_XP)).flatten() - x_XP.square().sum(1) / 2

    def _by_graph(self, x_XP: Tensor) -> Tensor:
        return x_XP.unflatten(0, (len(self._batch.vertex_counts), -1))

    def _starts(self, chains: int) -> Tensor:
        """Draw from the base measure: normal positions, or fair spins."""
        shape = (len(self._batch.vertex_counts), chains, self._batch.vertex_counts[0])
        x_BCP = torch.randn(shape, generator=self._generator)
        return x_BCP if self._continuous else torch.where(x_BCP >= 0, 1.0, -1.0)
