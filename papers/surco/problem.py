"""What SurCo needs to know of a problem: a linear solver, and a differentiable objective. Nothing else.

Shape suffixes: B instances (or runs, each on one instance), N variables, K draws of noise.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from papers.surco.errors import RowsFailed, SurcoError
from papers.surco.polytope import Polytope, Regularised, solve_regularised

Instances = Any
"""B instances: a list, or anything with a length that a tensor of row numbers indexes (a tensor, a class of them)."""


@dataclass(frozen=True)
class Problem:
    """A family of problems min_{x in Omega(y)} f(x; y) (equation 1).

    Attributes:
        solve: (costs [B, N], instances) -> x [B, N], the minimisers of costs . x over Omega (equation 3). It may be
            a heuristic. Rows that it cannot solve it reports by raising `RowsFailed`.
        objective: (x [B, N], instances) -> f [B], differentiable in x by torch; to be minimised.
        relaxation: instances -> the Polytopes of the linear relaxation of Omega. Only the estimator
            "quadratic" asks for it.
    """

    solve: Callable[[Tensor, Instances], Tensor]
    objective: Callable[[Tensor, Instances], Tensor]
    relaxation: Callable[[Instances], Polytope] | None = None


@dataclass
class Oracle:
    """A problem and its instances, with every call checked and counted, and failed instances set aside.

    Attributes:
        problem: solver and objective.
        instances: all of them.
        names: what messages call them; their row numbers by default.
        calls: instance -> number of linear problems solved for it.
        failures: instance -> why it was given up.
    """

    problem: Problem
    instances: Instances
    names: Sequence[str] | None = None
    calls: Counter = field(default_factory=Counter)
    failures: dict[int, str] = field(default_factory=dict)

    def name(self, instance: int) -> str:
        """What messages call an instance."""
        return str(self.names[instance] if self.names is not None else instance)

    def solve(self, costs: Tensor, rows_B: Tensor) -> Tensor:
        """Solve for costs [B, N] or [K, B, N], whose run b is on instance rows_B[b]; the result has the same shape.

        Raises:
            SurcoError: the solver returned another shape.
        """
        flat_BN = costs.detach().reshape(-1, costs.shape[-1])
        tiled_B = rows_B.repeat(len(flat_BN) // len(rows_B))
        x_BN = self._guarded(self.problem.solve, flat_BN, tiled_B)
        self.calls.update(tiled_B.tolist())
        if x_BN.shape != flat_BN.shape:
            raise SurcoError(f"solve: costs of shape {list(flat_BN.shape)} gave x of shape {list(x_BN.shape)}")
        return x_BN.reshape(costs.shape).to(costs.dtype)

    def bound(self, rows_B: Tensor) -> "Bound":
        """Return the solver for runs on these instances, as estimators see it."""
        return Bound(self, rows_B)

    def regularised(self, costs_BN: Tensor, rows_B: Tensor, gamma: float) -> Regularised:
        """Solve the relaxation with a quadratic term; counted like a solver call.

        Raises:
            SurcoError: the problem has no relaxation.
        """
        if self.problem.relaxation is None:
            raise SurcoError("estimator quadratic: the problem has no linear relaxation (Problem.relaxation)")
        self.calls.update(rows_B.tolist())
        polytope = self.problem.relaxation(take(self.instances, rows_B))
        try:
            return solve_regularised(costs_BN, polytope, gamma)
        except RowsFailed as failed:
            self._note(rows_B, failed)
            return failed.results

    def value_and_slope(self, x: Tensor, rows_B: Tensor) -> tuple[Tensor, Tensor]:
        """Return f(x), shape [..., B], and df/dx, shape [..., B, N]; a non-finite one ends its instance.

        Raises:
            SurcoError: the objective returned another shape.
        """
        flat_BN = x.detach().reshape(-1, x.shape[-1]).requires_grad_()
        tiled_B = rows_B.repeat(len(flat_BN) // len(rows_B))
        values_B = self._guarded(self.problem.objective, flat_BN, tiled_B)
        if values_B.shape != flat_BN.shape[:1]:
            raise SurcoError(f"objective: {len(flat_BN)} solutions gave values of shape {list(values_B.shape)}")
        (slopes_BN,) = torch.autograd.grad(values_B.sum(), flat_BN)
        finite_B = values_B.isfinite() & slopes_BN.isfinite().all(1)
        for row in (~finite_B).nonzero().flatten().tolist():
            self._fail(tiled_B, row, f"objective is {values_B[row]:.4g} or has a non-finite gradient")
        slopes_BN = torch.where(finite_B[:, None], slopes_BN, 0.0)
        return values_B.detach().reshape(x.shape[:-1]), slopes_BN.reshape(x.shape)

    def value(self, x: Tensor, rows_B: Tensor) -> Tensor:
        """Return f(x) of shape [B], without a gradient."""
        with torch.no_grad():
            return self._guarded(self.problem.objective, x, rows_B)

    def alive(self, rows_B: Tensor) -> Tensor:
        """Say which runs are on instances that have not failed."""
        return ~torch.isin(rows_B, torch.tensor(list(self.failures), dtype=rows_B.dtype))

    def _guarded(self, function: Callable, values_BN: Tensor, rows_B: Tensor) -> Tensor:
        try:
            return function(values_BN, take(self.instances, rows_B))
        except RowsFailed as failed:
            self._note(rows_B, failed)
            return failed.results

    def _note(self, rows_B: Tensor, failed: RowsFailed) -> None:
        for row, text in failed.failures.items():
            self._fail(rows_B, row, text)

    def _fail(self, rows_B: Tensor, row: int, text: str) -> None:
        self.failures.setdefault(int(rows_B[row]), text)


@dataclass(frozen=True)
class Bound:
    """The oracle's solver for runs on given instances."""

    oracle: Oracle
    rows_B: Tensor

    def __call__(self, costs: Tensor) -> Tensor:
        """See `Oracle.solve`."""
        return self.oracle.solve(costs, self.rows_B)

    def regularised(self, costs_BN: Tensor, gamma: float) -> Regularised:
        """See `Oracle.regularised`."""
        return self.oracle.regularised(costs_BN, self.rows_B, gamma)


def take(instances: Instances, rows_B: Tensor) -> Instances:
    """Return the instances of the given rows, which may repeat."""
    return [instances[row] for row in rows_B.tolist()] if isinstance(instances, list | tuple) else instances[rows_B]
