"""CP-SAT on a model that is linear in pieces: 1 / sqrt(variance) is taken constant on each of many short intervals."""

import numpy as np
from ortools.sat.python import cp_model

from papers.surco.routes.instances import Routes
from papers.surco.routes.shortest import shortest_paths

UNITS = 10_000
"""Times and variances become integers: so many units each."""
WEIGHT_UNITS = 1_000
"""The same for 1 / sqrt(variance)."""


def cpsat_path(routes: Routes, instance: int, pieces: int, work: float) -> tuple[np.ndarray | None, bool]:
    """Maximise w_k (T - mean) over paths whose variance lies in the k-th interval, where w_k = 1 / sqrt(its middle).

    Args:
        routes: instances.
        instance: which of them.
        pieces: intervals, in geometric progression from the least variance of a path to that of all edges.
        work: limit in CP-SAT's deterministic time, so that the result does not depend on the machine's speed.

    Returns:
        Edges of the best path found, [E], None where there is none; and whether CP-SAT proved it best for this model.
    """
    graph = routes.graph
    means_E, variances_E = (values_BE[instance].numpy() for values_BE in (routes.means_BE, routes.variances_BE))
    model = cp_model.CpModel()
    arcs, edges = [], len(means_E)
    for tail, head in np.concatenate([graph.edges_E2, graph.edges_E2[:, ::-1]]).tolist():
        arcs.append((tail, head, model.new_bool_var("")))
    passed_by = [(vertex, vertex, model.new_bool_var("")) for vertex in range(graph.vertices)]
    back = (graph.target, graph.source, model.new_constant(1))
    model.add_circuit([*arcs, *passed_by, back])
    takes = [literal for _, _, literal in arcs]
    mean = _weighted(takes, means_E)
    variance = _weighted(takes, variances_E)
    least_used_RE, _ = shortest_paths(graph, variances_E[None])
    ends = np.geomspace(variances_E @ least_used_RE[0] * 0.999, variances_E.sum(), pieces + 1)
    slack = round(routes.deadlines_B[instance].item() * UNITS) - mean
    limit = round(2 * UNITS * WEIGHT_UNITS * means_E.sum() / np.sqrt(ends[0]))
    score = model.new_int_var(-limit, limit, "")
    chosen = [model.new_bool_var("") for _ in range(pieces)]
    model.add_exactly_one(chosen)
    for literal, low, high in zip(chosen, ends[:-1], ends[1:], strict=True):
        model.add_linear_constraint(variance, round(low * UNITS), round(high * UNITS)).only_enforce_if(literal)
        weight = round(WEIGHT_UNITS / np.sqrt((low + high) / 2))
        model.add(score <= weight * slack).only_enforce_if(literal)
    model.maximize(score)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = work
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, False
    taken = np.array([solver.boolean_value(literal) for literal in takes], dtype=float)
    return taken[:edges] + taken[edges:], status == cp_model.OPTIMAL


def _weighted(takes: list[cp_model.IntVar], values_E: np.ndarray) -> cp_model.LinearExpr:
    units = np.round(np.tile(values_E, 2) * UNITS).astype(int).tolist()
    return cp_model.LinearExpr.weighted_sum(takes, units)
