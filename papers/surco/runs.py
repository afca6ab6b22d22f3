"""Descents on the costs of many instances at once, from one or more starts of each; the engine of Algorithms 1 and 4.

Shape suffixes: B instances, S starts of each, R = S B runs, A runs that still go on, K draws of noise, N variables.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from papers.surco.choices import LinkName, Search
from papers.surco.errors import SurcoError
from papers.surco.estimators import Estimator
from papers.surco.problem import Oracle

LINKS: dict[LinkName, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "identity": lambda u: u,
}
"""Costs are link(u) of free parameters u."""

Penalty = Callable[[Tensor, Tensor], Tensor]
"""(costs of runs [A, N], their instances [A]) -> a scalar that is added to the objective."""


@dataclass(frozen=True)
class Outcome:
    """What a method found for B instances.

    Attributes:
        x_BN: the best solution of each instance; zeros where it failed.
        values_B: its objective; infinite where the instance failed.
        costs_BN: costs that lead there.
        best_TSB: best objective of each start after each step; constant once the run has stopped.
        steps_SB: steps that each run took.
        moved_SB: whether any solution of the run differed from its first.
        calls_B: linear problems solved for each instance.
    """

    x_BN: Tensor
    values_B: Tensor
    costs_BN: Tensor
    best_TSB: Tensor
    steps_SB: Tensor
    moved_SB: Tensor
    calls_B: Tensor


class Runs:
    """The state of all runs: free parameters, best solutions, and who still goes on.

    Args:
        oracle: problem and instances.
        starts_SBN: u of every start and instance.
        search: link, learning rate and patience.

    Raises:
        SurcoError: the starts do not fit the instances, or are not finite.
    """

    def __init__(self, oracle: Oracle, starts_SBN: Tensor, search: Search) -> None:
        instances = len(oracle.instances)
        if starts_SBN.ndim != 3 or starts_SBN.shape[1] != instances:
            raise SurcoError(f"starts have shape {list(starts_SBN.shape)}; needed: [starts, {instances}, variables]")
        if not starts_SBN.isfinite().all():
            raise SurcoError("starts are not finite")
        self.oracle, self.search = oracle, search
        self.shape_SB = starts_SBN.shape[:2]
        self.u_RN = starts_SBN.detach().flatten(0, 1).clone().requires_grad_()
        self.instance_R = torch.arange(instances).repeat(len(starts_SBN))
        runs = len(self.u_RN)
        self.active_R = torch.ones(runs, dtype=torch.bool)
        self.values_R = self.u_RN.new_full((runs,), torch.inf)
        self.x_RN, self.costs_RN = torch.zeros_like(self.u_RN), torch.zeros_like(self.u_RN)
        self.last_RN = self.u_RN.new_full(self.u_RN.shape, torch.nan)
        self.steps_R = torch.zeros(runs, dtype=torch.long)
        self.stale_R = torch.zeros(runs, dtype=torch.long)
        self.moved_R = torch.zeros(runs, dtype=torch.bool)
        self.optimizer = torch.optim.Adam([self.u_RN], search.learning_rate, search.betas)

    def step(self, estimator: Estimator, penalty: Penalty | None = None) -> bool:
        """Take one step with every run that goes on.

        Args:
            estimator: of the gradient.
            penalty: added to the objective.

        Returns:
            Whether the solution of any run changed.
        """
        runs_A = self.active_R.nonzero().flatten()
        instance_A = self.instance_R[runs_A]
        solve = self.oracle.bound(instance_A)
        costs_AN = LINKS[self.search.link](self.u_RN[runs_A])
        fixed_AN = costs_AN.detach()
        forward = estimator.solve(fixed_AN, solve)
        values_KA, slopes_KAN = self.oracle.value_and_slope(forward.x_KBN, instance_A)
        if estimator.vertices:
            values_A, draw_A = values_KA.min(0)
            x_AN = forward.x_KBN[draw_A, torch.arange(len(runs_A))]
        else:
            x_AN = solve(fixed_AN)
            values_A = self.oracle.value(x_AN, instance_A)
        changed = self._keep(runs_A, x_AN, values_A, fixed_AN)
        gradient_AN = estimator.gradient(fixed_AN, forward, slopes_KAN, solve)
        gradient_AN[~self.oracle.alive(instance_A)] = 0.0
        self.optimizer.zero_grad()
        costs_AN.backward(gradient_AN, retain_graph=penalty is not None)
        if penalty is not None:
            penalty(costs_AN, instance_A).backward()
        self.optimizer.step()
        self.active_R[runs_A] = (self.stale_R[runs_A] < self.search.patience) & self.oracle.alive(instance_A)
        return changed

    def _keep(self, runs_A: Tensor, x_AN: Tensor, values_A: Tensor, costs_AN: Tensor) -> bool:
        """Note new best solutions, and say whether any run's solution is another than in the step before."""
        better_A = (values_A < self.values_R[runs_A]) & self.oracle.alive(self.instance_R[runs_A])
        improved = runs_A[better_A]
        self.values_R[improved] = values_A[better_A].to(self.values_R.dtype)
        self.x_RN[improved] = x_AN[better_A]
        self.costs_RN[improved] = costs_AN[better_A]
        self.stale_R[runs_A] = torch.where(better_A, 0, self.stale_R[runs_A] + 1)
        first_A = self.steps_R[runs_A] == 0
        other_A = (x_AN != self.last_RN[runs_A]).any(1)
        self.moved_R[runs_A] |= other_A & ~first_A
        self.last_RN[runs_A] = x_AN
        self.steps_R[runs_A] += 1
        return bool(other_A.any())

    def outcome(self, history: list[Tensor]) -> Outcome:
        """Return the best start of every instance.

        Args:
            history: best value of every run after each step, `values_R` of then.
        """
        values_SB = self.values_R.reshape(self.shape_SB).clone()
        values_SB[:, list(self.oracle.failures)] = torch.inf
        values_B, start_B = values_SB.min(0)
        best_B = start_B * self.shape_SB[1] + torch.arange(self.shape_SB[1])
        return Outcome(
            x_BN=self.x_RN[best_B],
            values_B=values_B,
            costs_BN=self.costs_RN[best_B],
            best_TSB=torch.stack(history).reshape(-1, *self.shape_SB),
            steps_SB=self.steps_R.reshape(self.shape_SB),
            moved_SB=self.moved_R.reshape(self.shape_SB),
            calls_B=torch.tensor([self.oracle.calls[instance] for instance in range(self.shape_SB[1])]),
        )
