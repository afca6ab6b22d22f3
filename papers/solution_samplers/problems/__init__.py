"""The paper's five problems, by name."""

from common.claims import did_you_mean
from papers.solution_samplers.problems.base import EnumerationLimit, Problem, ProblemError
from papers.solution_samplers.problems.csp import MaxCsp
from papers.solution_samplers.problems.matching import Matching
from papers.solution_samplers.problems.max_cut import MaxCut
from papers.solution_samplers.problems.min_cut import MinCut
from papers.solution_samplers.problems.tsp import Tsp

PROBLEMS: dict[str, type[Problem]] = {problem.name: problem for problem in (MaxCut, MinCut, MaxCsp, Matching, Tsp)}
"""Every problem; one that is added here is tested by the tests' contract."""

SMALLEST = 3
"""The least size at which every problem has two solutions."""

__all__ = [
    "PROBLEMS",
    "EnumerationLimit",
    "Matching",
    "MaxCsp",
    "MaxCut",
    "MinCut",
    "Problem",
    "ProblemError",
    "Tsp",
    "make",
]


def make(name: str, count: int, size: int, seed: int) -> Problem:
    """Draw random instances of a problem.

    Args:
        name: a key of `PROBLEMS`.
        count: B, the number of instances.
        size: vertices, variables, workers or cities of each.
        seed: equal arguments give equal instances.

    Raises:
        ProblemError: no problem has this name, or the size is too small for it.
    """
    if name not in PROBLEMS:
        raise ProblemError(f"no problem {name!r}{did_you_mean(name, PROBLEMS)} (known: {', '.join(PROBLEMS)})")
    if size < SMALLEST:
        raise ProblemError(f"{name}: needs a size of at least {SMALLEST} (got {size})")
    return PROBLEMS[name].random(count, size, seed)
