"""Slopes and nearest-neighbour errors of both maps of the toy, against the number of samples."""

from typing import Any

import numpy as np

from common.choices import Compute, Seeds
from papers.surco.lipschitz.settings import Lipschitz
from papers.surco.lipschitz.toy import (
    SEGMENT,
    TRIANGLE,
    linear_solutions,
    nearest_error,
    solutions,
    steepest,
    surrogate_costs,
)

END = np.pi / 2


def run(settings: Lipschitz, seeds: Seeds, compute: Compute) -> dict[str, Any]:
    """Measure; `compute` is not needed.

    Returns:
        samples; per number of samples and seed: slope of the solution, of the surrogate, and of the solution on Omega
        as printed; error of the nearest neighbour for solution and surrogate; share of y on which the surrogate's
        solution is optimal.
    """
    rows = [[_measure(count, settings.queries, seed) for seed in seeds] for count in settings.samples]
    return {"samples": list(settings.samples), "rows": rows, "seconds": {}}


def _measure(count: int, queries: int, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    y_Y = (np.arange(count) + rng.uniform(size=count)) / count * END  # one in each of `count` equal parts
    query_Q = np.sort(rng.uniform(0, END, queries))
    solution_Y2, costs_Y2 = solutions(y_Y, SEGMENT), surrogate_costs(y_Y)
    return {
        "solution_slope": steepest(y_Y, solution_Y2),
        "surrogate_slope": steepest(y_Y, costs_Y2),
        "printed_slope": steepest(y_Y, solutions(y_Y, TRIANGLE)),
        "solution_error": nearest_error(y_Y, solution_Y2, query_Q, solutions(query_Q, SEGMENT)),
        "surrogate_error": nearest_error(y_Y, costs_Y2, query_Q, surrogate_costs(query_Q)),
        "agreement": float((linear_solutions(y_Y, SEGMENT) == solution_Y2).all(1).mean()),
    }
