"""Metrics of the routes experiment. Chances to arrive on time are in per cent, one value per grid."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from common.metrics import Metrics

DEADLINES = ("loose", "normal", "tight")
SAME = 1e-9
"""Chances that differ by less are the same."""


def record(metrics: Metrics, data: dict[str, Any]) -> None:
    """Record everything under `routes`."""
    for name, table in data["tables"].items():
        _record_table(metrics, f"routes.{name}", table)
    for name, tuned in data["ablation"].items():
        path = f"routes.ablation.{name}"
        metrics.record(f"{path}.chance", _per_grid(tuned["chances"]).mean(1) * 100, "%")
        metrics.record(f"{path}.by_seed.chance", np.mean(tuned["chances"], 1) * 100, "%")
        metrics.record(f"{path}.calls", [tuned["calls"]], "solver calls")
    metrics.record("routes.ablation.random.chance", _per_grid(data["random"]).mean(1) * 100, "%")
    for name, chances in data["prior"]["chances"].items():
        for deadline, chances_G in zip(DEADLINES, _per_grid(chances).T, strict=True):
            metrics.record(f"routes.prior.{deadline}.{name}.chance", chances_G * 100, "%")
        metrics.record(f"routes.prior.{name}.calls", [data["prior"]["calls"][name]], "solver calls")
    for name, results in data["limited"].items():
        path = f"routes.limited.{name}"
        for key in ("found", "proven"):
            metrics.record(f"{path}.{key}", [100.0 * one[key] for one in results], "% of instances")
        metrics.record(f"{path}.chance", [100.0 * one["chance"] for one in results], "%")
        for rival, rival_chances in data["rivals"].items():
            chances = np.mean(rival_chances, 0)[: len(results)] * 100
            metrics.record(f"{path}.same_instances.{rival}.chance", chances, "%")


def _record_table(metrics: Metrics, path: str, table: dict[str, Any]) -> None:
    chances = {name: np.array(values) for name, values in table["chances"].items()}
    for name, chances_SB in chances.items():
        for column, deadline in enumerate(DEADLINES):
            mine_SG, heuristic_G = chances_SB[:, column::3], chances["heuristic"][0, column::3]
            here = f"{path}.{deadline}.{name}"
            metrics.record(f"{here}.chance", mine_SG.mean(0) * 100, "%")
            metrics.record(f"{here}.gain", (mine_SG.mean(1) / heuristic_G.mean() - 1) * 100, "%")
            if "optimum" in chances:
                best_G = chances["optimum"][0, column::3]
                metrics.record(f"{here}.optimal", (mine_SG > best_G - SAME).mean(0) * 100, "% of runs")
                metrics.record(f"{here}.gap", (1 - mine_SG / best_G).mean(0) * 100, "%")
        for rival in ("heuristic", "mean"):
            lost_S = (chances_SB < chances[rival] - SAME).sum(1)
            metrics.record(f"{path}.{name}.lost_to_{rival}", lost_S, "instances")
    for name, calls in table["calls"].items():
        metrics.record(f"{path}.{name}.calls", [calls], "solver calls")
    for name, moved in table["moved"].items():
        metrics.record(f"{path}.{name}.moved", np.array(moved) * 100, "% of runs")
    for name, steps in table["steps"].items():
        metrics.record(f"{path}.{name}.steps", steps, "steps")


def _per_grid(chances_SB: Iterable[Iterable[float]]) -> np.ndarray:
    """Mean over seeds, grids apart from deadlines: [G, 3]."""
    return np.mean(list(chances_SB), 0).reshape(-1, len(DEADLINES))
