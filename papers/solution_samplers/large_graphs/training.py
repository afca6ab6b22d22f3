"""One run of a sampler: sample, record, update; and what may stand in the place of learning.

Shape suffixes: B instances, C chains, T iterations, N positions of a solution, F features.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from papers.solution_samplers.large_graphs.policies import Draw, Policy
from papers.solution_samplers.objective import Objective, annealed_weight, sampled_surrogate

Update = Callable[[Draw, float], None]
"""Changes the weights after a draw of the fast part, given the entropy weight of this iteration."""


@dataclass(frozen=True)
class Annealing:
    """How long a run is, and its entropy weight lambda, which is halved again and again.

    Attributes:
        iterations: T.
        start: lambda at the first iteration.
        halve_every: iterations.
        sweeps: of every chain in one iteration.
    """

    iterations: int
    start: float
    halve_every: int
    sweeps: int

    def weight(self, iteration: int) -> float:
        """Return lambda at an iteration, from 0."""
        return annealed_weight(self.start, self.halve_every, iteration)


@dataclass(frozen=True)
class Trace:
    """What the fast chains did.

    Attributes:
        costs_TBC: the cost of every chain at every iteration.
        best_B: the lowest cost that any chain was at.
        best: for each instance the solution [positions] of that cost.
        last_CN: where the chains ended, over the union.
    """

    costs_TBC: Tensor
    best_B: Tensor
    best: list[Tensor]
    last_CN: Tensor


def policy_gradient(policy: Policy, objective: Objective, learning_rate: float, sweeps: int) -> Update:
    """Return the update by Adam along the sampled gradient.

    Both parts of the mixture are estimated from chains of their own; for linear scores over cuts the fast part's
    gradient is `(1 - beta) Cov(l + lambda f, s_i s_j)` for edge ij, and that of the slow part `beta rho Cov_slow(...)`.
    """
    optimizer = torch.optim.Adam(policy.parameters(), lr=learning_rate)
    beta, rho = objective.mixture_weight, objective.inverse_temperature

    def update(fast: Draw, entropy_weight: float) -> None:
        weight = entropy_weight if objective.entropy else 0.0
        surrogate_B = (1 - beta) * sampled_surrogate(fast.scores_BC, fast.costs_BC, weight)
        if beta:
            slow = policy.slow(sweeps)
            surrogate_B = surrogate_B + beta * sampled_surrogate(slow.scores_BC, slow.costs_BC, weight / rho)
        optimizer.zero_grad(set_to_none=True)
        surrogate_B.sum().backward()
        optimizer.step()

    return update


def untrained(fast: Draw, entropy_weight: float) -> None:
    """Change nothing: the control that shows what the same number of samples is worth."""


def known_optimum(weights_F: Tensor, cost_features_F: Tensor) -> Update:
    """Return the update that needs no learning: the minimiser `-c / lambda` of the regularised objective itself.

    To sample it while lambda falls is simulated annealing.

    Args:
        weights_F: w of a linear score, changed in place.
        cost_features_F: c, where a solution with the features x costs `c . x`.
    """

    def update(fast: Draw, entropy_weight: float) -> None:
        weights_F.copy_(cost_features_F).div_(-entropy_weight)

    return update


def follow(policy: Policy, update: Update, annealing: Annealing, positions: list[int]) -> Trace:
    """Run the chains from their starts, one draw and one update an iteration.

    Args:
        policy: the sampler.
        update: the rule by which its weights change.
        annealing: length and schedule.
        positions: how many of a solution's entries belong to each instance: vertices of a graph, cities of a tour.
    """
    ends = torch.tensor(positions).cumsum(0).tolist()
    parts = [slice(end - count, end) for count, end in zip(positions, ends, strict=True)]
    costs, best_B, best = [], torch.full((len(parts),), torch.inf), [torch.empty(0)] * len(parts)
    for iteration in range(annealing.iterations):
        draw = policy.fast(annealing.sweeps)
        costs.append(draw.costs_BC)
        lowest_B, chain_B = draw.costs_BC.min(dim=1)
        for instance in (lowest_B < best_B).nonzero().flatten().tolist():
            best_B[instance] = lowest_B[instance]
            best[instance] = draw.solutions_CN[chain_B[instance], parts[instance]].clone()
        update(draw, annealing.weight(iteration))
    return Trace(torch.stack(costs), best_B, best, draw.solutions_CN.clone())
