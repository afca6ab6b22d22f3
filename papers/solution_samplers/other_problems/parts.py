"""What each part of the experiment computes, by name: functions of the settings and of selectors."""

from collections.abc import Callable
from typing import Any

from papers.solution_samplers.other_problems.constants import completeness, variance_constant
from papers.solution_samplers.other_problems.double_star import compare
from papers.solution_samplers.other_problems.exact import TIE, solve, untrained
from papers.solution_samplers.other_problems.local_search import local_search
from papers.solution_samplers.other_problems.prior import generalise, reference
from papers.solution_samplers.other_problems.quasar import follow
from papers.solution_samplers.other_problems.settings import OtherProblems
from papers.solution_samplers.problems import Problem, make


def controls(settings: OtherProblems, name: str) -> dict[str, Any]:
    """Untrained samplers, and local search: the share of starts that end in an optimum, and whether any does."""
    problem = _instances(settings, name)
    costs_BC = local_search(problem, settings.exact.restarts, settings.exact.seed)
    best_B1 = problem.cost(problem.solutions()[None]).min(dim=1, keepdim=True).values
    optimal_BC = (costs_BC <= best_B1 + TIE).double()
    return {
        "untrained": untrained(settings.exact, name),
        "local_search": {"start": optimal_BC.mean(dim=1).tolist(), "best": optimal_BC.amax(dim=1).tolist()},
    }


def _instances(settings: OtherProblems, name: str) -> Problem:
    exact = settings.exact
    return make(name, exact.instances, exact.sizes[name], exact.seed)


PARTS: dict[str, Callable[..., Any]] = {
    "exact": lambda settings, name, optimizer, objective: solve(settings.exact, name, optimizer, objective),
    "controls": controls,
    "prior": lambda settings, seed: {**generalise(settings.prior, seed), **reference(settings.prior, seed)},
    "quasar": lambda settings, name, kind: follow(settings.quasar, name, kind),
    "completeness": lambda settings, name: completeness(settings.completeness, _instances(settings, name)),
    "constants": lambda settings, name, size: variance_constant(name, size),
    "double_star": lambda settings: compare(settings.double_star),
}
"""Part -> function of (settings, *selectors), as `run.Job` names them; they return JSON values."""
