"""The routes experiment: all tables, estimators, priors and baselines."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from common.choices import Compute, Seeds
from common.parallel import run_all
from papers.surco.routes.jobs import all_jobs, work
from papers.surco.routes.settings import RoutePlanning, Scaling

RIVALS = ("parametric", "surco_zero", "patient", "multi_start")
"""What general solvers are compared with, instance by instance."""


def run(settings: RoutePlanning, seeds: Seeds, compute: Compute) -> dict[str, Any]:
    """Run everything.

    Args:
        settings: of this experiment.
        seeds: of starts and of networks.
        compute: workers and threads.

    Returns:
        tables: name -> chances {method: [seed][instance]}, solver calls, share of runs that moved.
        ablation: estimator -> what was tried, and chances [seed][instance] of the best setting.
        prior: chances {method: [seed][instance]}, solver calls, losses.
        limited: solver -> per instance: chance (0 where it found no path), found, proven.
        rivals: chances [seed][instance] on the table of those solvers.
        random: chances [seed][instance] of random costs on the table of the ablation.
        seconds: what was measured on this machine.
    """
    jobs = all_jobs(settings, seeds)
    preload = ["papers.surco.routes.parts"]
    results = run_all(
        work, jobs, workers=compute.workers, threads=compute.threads, label="routes", preload=preload
    )
    tables, ablation, priors, limited = {}, {}, [], {}
    for job, result in zip(jobs, results, strict=True):
        match job.kind:
            case "table":
                tables[job.name] = result
            case "ablation":
                ablation[job.name] = result
            case "prior":
                priors.append(result)
            case "scip":
                limited.setdefault(job.name, []).append(result)
            case kind:
                limited.setdefault(kind, []).append(result)
    seconds = {"prior.training": float(np.mean([one["seconds"]["training"] for one in priors]))}
    for name, table in tables.items():
        seconds |= {f"{name}.{method}": value for method, value in table.pop("seconds").items()}
    for name, many in limited.items():
        seconds[f"limited.{name}"] = float(np.mean([one.pop("seconds") for one in many]))
    return {
        "tables": tables,
        "ablation": ablation,
        "prior": {
            "chances": {name: [one["chances"][name] for one in priors] for name in priors[0]["chances"]},
            "calls": priors[0]["calls"],
            "losses": [one["losses"] for one in priors],
        },
        "limited": limited,
        "rivals": {name: tables[settings.limited.table]["chances"][name] for name in RIVALS},
        "random": tables[settings.ablation.table]["chances"]["random"],
        "seconds": seconds | _scaling(settings.scaling),
    }


def _scaling(settings: Scaling) -> dict[str, float]:
    """Seconds for one shortest path, against the side of the grid: ours in a batch, and networkx one by one."""
    import networkx as nx  # noqa: PLC0415  (half a second)

    from papers.surco.routes.instances import grid  # noqa: PLC0415  (imports torch)
    from papers.surco.routes.shortest import shortest_paths  # noqa: PLC0415

    measured = {}
    shortest_paths(grid(2), np.ones((1, 4)))  # compile
    for side in settings.sides:
        graph = grid(side)
        costs_RE = np.random.default_rng(0).uniform(0, 1, (settings.rows, len(graph.edges_E2)))
        measured[f"scaling.ours.{side}"] = _least_seconds(shortest_paths, graph, costs_RE) / settings.rows
        network = nx.Graph(graph.edges_E2.tolist())
        for (tail, head), cost in zip(graph.edges_E2.tolist(), costs_RE[0].tolist(), strict=True):
            network[tail][head]["cost"] = cost
        path = partial(nx.shortest_path, method="bellman-ford")
        measured[f"scaling.networkx.{side}"] = _least_seconds(path, network, graph.source, graph.target, "cost")
    return measured


def _least_seconds(function: Callable, *arguments: Any) -> float:
    """The best of three timings."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        function(*arguments)
        seconds.append(time.perf_counter() - start)
    return min(seconds)
