"""SCIP on the nonlinear integer program itself, with a time limit; one instance at a time."""

import math

import numpy as np

from papers.surco.routes.instances import Routes
from papers.surco.routes.shortest import path_among


def scip_path(routes: Routes, instance: int, seconds: float, nonnegative: bool) -> tuple[np.ndarray | None, bool]:
    """Maximise (T - mean) / sqrt(variance) over paths of the directed graph.

    The released script declares the objective variable without bounds, and PySCIPOpt's default is a lower bound of
    zero. That excludes every path whose mean exceeds the deadline: `nonnegative` repeats it.

    Args:
        routes: instances.
        instance: which of them.
        seconds: SCIP's time limit.
        nonnegative: whether the objective variable is bounded by zero from below.

    Returns:
        Edges of the best path found, [E], None where SCIP found none; and whether it proved that nothing is better.
    """
    from pyscipopt import Model, quicksum, sqrt  # noqa: PLC0415  (only this baseline needs it)

    graph = routes.graph
    means_E, variances_E = routes.means_BE[instance].tolist(), routes.variances_BE[instance].tolist()
    edges = len(means_E)
    model = Model()
    model.hideOutput()
    model.setParam("limits/time", seconds)
    model.setParam("parallel/maxnthreads", 1)
    arcs = [model.addVar(vtype="B") for _ in range(2 * edges)]
    score = model.addVar(lb=0.0 if nonnegative else None)
    for flow, balance in zip(graph.incidence(), graph.balance(), strict=True):
        model.addCons(quicksum(sign * arcs[arc] for arc, sign in enumerate(flow) if sign) == balance)
    mean = quicksum(means_E[arc % edges] * arcs[arc] for arc in range(2 * edges))
    variance = quicksum(variances_E[arc % edges] * arcs[arc] for arc in range(2 * edges))
    model.addCons(score == (routes.deadlines_B[instance].item() - mean) / sqrt(variance))
    model.setObjective(score, "maximize")
    model.optimize()
    proven = model.getStatus() in ("optimal", "infeasible")
    if model.getNSols() == 0 or not math.isfinite(model.getPrimalbound()):
        return None, proven
    solution = model.getBestSol()
    taken = np.array([model.getSolVal(solution, arc) > 0.5 for arc in arcs])
    return path_among(graph, taken[:edges] | taken[edges:]), proven
