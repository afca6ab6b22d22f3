"""Training one linear sampler for each instance, on the exact gradient, with the paper's annealing.

Descent runs in single precision, as torch does by default; what it has reached is measured in double precision.

Shape suffixes: B instances, R runs (one for each learning rate and instance), S enumerated solutions, F features.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from papers.solution_samplers.objective import annealed_weight, objectives
from papers.solution_samplers.other_problems.descent import descend, exact_gradient, normal
from papers.solution_samplers.other_problems.settings import Exact
from papers.solution_samplers.problems import Problem, make

TIE = 1e-6
"""Difference in scaled cost below which two solutions are equally good."""


@dataclass(frozen=True)
class Scaled:
    """Enumerated instances whose costs all have the same standard deviation over uniform solutions.

    Attributes:
        features_SF: float64.
        costs_BS: scaled, the constant part left out.
        cost_sd: their standard deviation.
    """

    features_SF: Tensor
    costs_BS: Tensor
    cost_sd: float

    @classmethod
    def of(cls, problem: Problem, cost_sd: float) -> "Scaled":
        """Enumerate a problem and scale the costs of its instances, by the closed form of their variance."""
        features_SF = problem.psi(problem.solutions()).double()
        scale_B1 = cost_sd / problem.variance(problem.costs_BF).sqrt()[:, None]
        return cls(features_SF, (scale_B1 * problem.costs_BF) @ features_SF.T, cost_sd)

    @property
    def optimal_BS(self) -> Tensor:
        """Which solutions are optimal."""
        return self.costs_BS <= self.costs_BS.min(dim=1, keepdim=True).values + TIE


@dataclass(frozen=True)
class Quality:
    """How good the fast part of each run is, one value per run.

    Attributes:
        success_R: whether its most probable solution is optimal.
        probability_R: how often it draws an optimal solution.
        gap_R: expected cost above the optimum, in standard deviations of the cost of a uniform solution.
    """

    success_R: Tensor
    probability_R: Tensor
    gap_R: Tensor


def quality(instances: Scaled, weights_RF: Tensor) -> Quality:
    """Measure runs of consecutive blocks of B."""
    blocks = len(weights_RF) // len(instances.costs_BS)
    costs_RS, optimal_RS = instances.costs_BS.repeat(blocks, 1), instances.optimal_BS.repeat(blocks, 1)
    p_RS = (weights_RF.double() @ instances.features_SF.T).softmax(dim=1)
    success_R = optimal_RS.gather(1, p_RS.argmax(dim=1, keepdim=True)).squeeze(1)
    excess_R = (p_RS * costs_RS).sum(dim=1) - costs_RS.min(dim=1).values
    return Quality(success_R, (p_RS * optimal_RS).sum(dim=1), excess_R / instances.cost_sd)


def train(
    settings: Exact,
    instances: Scaled,
    start_BF: Tensor,
    arm: tuple[str, str],
    rates: tuple[float, ...],
    watch: Callable[[Tensor], None] | None = None,
) -> Tensor:
    """Train every instance with every learning rate.

    Args:
        settings: the schedule.
        instances: to be solved.
        start_BF: initial weights, the same for all rates.
        arm: optimizer and objective.
        rates: learning rates.
        watch: called with the weights at each watched iteration.

    Returns:
        The final weights [R, F], rate after rate.
    """
    optimizer, name = arm
    objective = objectives(settings.mixture_weight, settings.inverse_temperature)[name]
    rate_R1 = torch.tensor(rates).repeat_interleave(len(start_BF))[:, None]
    start_RF = start_BF.float().repeat(len(rates), 1)
    gradient = exact_gradient(
        instances.features_SF.float(), instances.costs_BS.float().repeat(len(rates), 1), objective,
        lambda iteration: annealed_weight(settings.entropy_weight, settings.halve_every, iteration),
    )  # fmt: skip
    for step, weights_RF in descend(start_RF, gradient, optimizer, rate_R1, settings.iterations):
        if watch is not None and step % settings.watch_every == 0:
            watch(weights_RF)
    return weights_RF


def solve(settings: Exact, name: str, optimizer: str, objective: str) -> dict[str, Any]:
    """Choose the learning rate on the tuning instances, then train on the others.

    Returns:
        `rate`; `tuning`, the `solved` instances and the mean `gap` of each rate; one value per instance: `success`
        (0 or 1), `probability` and `gap` (see `Quality`); `curve`, the mean probability at each watched iteration.
    """
    arm, rates = (optimizer, objective), settings.rates[optimizer]
    tuning, start_BF = _drawn(settings, name, settings.tuning_instances, settings.tuning_seed)
    tuned = quality(tuning, train(settings, tuning, start_BF, arm, rates))
    solved = tuned.success_R.view(len(rates), -1).sum(dim=1)
    gaps = tuned.gap_R.view(len(rates), -1).mean(dim=1)
    rate = rates[choose(solved, gaps)]
    instances, start_BF = _drawn(settings, name, settings.instances, settings.seed)
    curve: list[float] = []
    weights_BF = train(
        settings, instances, start_BF, arm, (rate,),
        watch=lambda weights_BF: curve.append(quality(instances, weights_BF).probability_R.mean().item()),
    )  # fmt: skip
    return {
        "rate": rate,
        "tuning": {"solved": solved.tolist(), "gap": gaps.tolist()},
        "curve": curve,
        **_values(quality(instances, weights_BF)),
    }


def choose(solved: Tensor, gaps: Tensor) -> int:
    """Index of the learning rate that solves most tuning instances; among those, of the smallest expected cost."""
    return int(gaps.where(solved == solved.max(), torch.inf).argmin())


def untrained(settings: Exact, name: str) -> dict[str, list[float]]:
    """Measure the initial weights, as `solve` measures the final ones."""
    instances, start_BF = _drawn(settings, name, settings.instances, settings.seed)
    return _values(quality(instances, start_BF))


def _values(found: Quality) -> dict[str, list[float]]:
    return {
        "success": found.success_R.double().tolist(),
        "probability": found.probability_R.tolist(),
        "gap": found.gap_R.tolist(),
    }


def _drawn(settings: Exact, name: str, count: int, seed: int) -> tuple[Scaled, Tensor]:
    """Draw instances and the weights to start from."""
    problem = make(name, count, settings.sizes[name], seed)
    start_BF = settings.initial_sd * normal((count, problem.features), seed)
    return Scaled.of(problem, settings.cost_sd), start_BF
