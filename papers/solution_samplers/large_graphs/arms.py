"""Building the sampler of an arm: its score model, its chains, all from one seed."""

from functools import partial

import torch
from torch import nn

from papers.solution_samplers.large_graphs.batch import Batch
from papers.solution_samplers.large_graphs.policies import IsingChains, IsingPolicy, NetPolicy, Policy
from papers.solution_samplers.large_graphs.settings import Arm, Models
from papers.solution_samplers.samplers.gibbs import IsingGibbs
from papers.solution_samplers.samplers.mala import Mala
from papers.solution_samplers.samplers.net_gibbs import NetGibbs
from papers.solution_samplers.samplers.tempering import Tempering
from papers.solution_samplers.scores import HomogeneousNet


def learner(arm: Arm, models: Models, batch: Batch, inverse_temperature: float, generator: torch.Generator) -> Policy:
    """Build the untrained sampler of an arm.

    Args:
        arm: model, sampler and numbers of chains.
        models: sizes and starts.
        batch: the graphs.
        inverse_temperature: rho of the slow part.
        generator: of the initial weights and of all chains.
    """
    if arm.model == "net":
        return _net_policy(arm, models, batch, inverse_temperature, generator)
    fast = _ising_chains(arm, models, batch, generator)
    slow = IsingGibbs(batch.edges_2E, batch.vertices, arm.slow_chains, generator)
    if arm.model == "linear":
        weights_E = nn.Parameter(models.deviation * torch.randn(batch.weights_E.shape, generator=generator))
        return IsingPolicy(batch, lambda: weights_E, [weights_E], fast, slow, inverse_temperature)
    from papers.solution_samplers.graph_net import CouplingNet  # noqa: PLC0415  (its library takes seconds to load)

    net = CouplingNet(models.width, models.rounds, generator)
    model = partial(net, batch.edges_2E, batch.weights_E, batch.vertices)
    return IsingPolicy(batch, model, net.parameters(), fast, slow, inverse_temperature)


def bare_chains(
    arm: Arm, models: Models, batch: Batch, couplings_E: torch.Tensor, generator: torch.Generator
) -> Policy:
    """Build an arm's chains with couplings in place of its model, for whoever knows the optimum."""
    return IsingPolicy(batch, lambda: couplings_E, [], _ising_chains(arm, models, batch, generator), None, 1.0)


def _ising_chains(arm: Arm, models: Models, batch: Batch, generator: torch.Generator) -> IsingChains:
    if arm.sampler == "gibbs":
        return IsingGibbs(batch.edges_2E, batch.vertices, arm.chains, generator)
    return Tempering(batch.edges_2E, batch.vertices, arm.chains, models.ladder, generator)


def _net_policy(arm: Arm, models: Models, batch: Batch, rho: float, generator: torch.Generator) -> NetPolicy:
    graphs, vertices = len(batch.vertex_counts), batch.vertex_counts[0]
    net = HomogeneousNet(graphs, (vertices, *models.hidden, 1), generator)
    if arm.sampler == "mala":
        sampler = Mala(vertices, graphs * arm.chains, models.mala_step, generator)
    else:
        sampler = NetGibbs(graphs, vertices, arm.chains, generator)
    return NetPolicy(batch, net, sampler, arm.slow_chains, rho, generator)
