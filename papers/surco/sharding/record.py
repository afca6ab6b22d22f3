"""Metrics of the sharding experiment. Latencies are in ms, one value per test instance: the mean over its runs."""

from typing import Any

import numpy as np

from common.metrics import Metrics


def record(metrics: Metrics, data: dict[str, Any]) -> None:
    """Record everything under `sharding`."""
    for source, cost in data["costs"].items():
        for name, errors in cost["errors"].items():
            metrics.record(f"sharding.cost.{source}.{name}.error", np.abs(errors), "%")
            metrics.record(f"sharding.cost.{source}.{name}.bias", errors, "%")
    for name, sizes in data["settings"].items():
        for size, methods in sizes.items():
            _record_methods(metrics, f"sharding.{name}.{size}", methods)
        for size, heads in data["prediction"][name].items():
            for head, scores in heads.items():
                for key, values in scores.items():
                    metrics.record(f"sharding.{name}.{size}.prediction.{head}.{key}", 100 * np.array(values), "%")
    _record_ablation(metrics, data)


def _record_methods(metrics: Metrics, path: str, methods: dict[str, Any]) -> None:
    heuristic = {key: np.mean(methods["dim_greedy"][key], 0) for key in ("latency", "judged")}
    for method, one in methods.items():
        here = f"{path}.{method}"
        for key in ("latency", "judged"):
            values_B = np.mean(one[key], 0)
            metrics.record(f"{here}.{key}", values_B, "ms")
            metrics.record(f"{here}.{key}_gain", 100 * (1 - values_B / heuristic[key]), "% of the heuristic's")
        metrics.record(f"{here}.fits", 100 * np.mean(one["fits"], 0), "% of runs")
        if "calls" in one:
            metrics.record(f"{here}.calls", [one["calls"]], "solver calls")
            metrics.record(f"{here}.moved", 100 * np.array(one["moved"]), "% of runs")
            metrics.record(f"{here}.separable", 100 * np.array(one["separable"]), "% of instances")


def _record_ablation(metrics: Metrics, data: dict[str, Any]) -> None:
    for name, estimators in data["ablation"].items():
        for estimator, one in estimators.items():
            path = f"sharding.{name}.ablation.{estimator}"
            metrics.record(f"{path}.latency", np.mean(one["latency"], 0), "ms")
            if "calls" in one:
                metrics.record(f"{path}.calls", [one["calls"]], "solver calls")
                for key in ("strength", "learning_rate"):
                    metrics.record(f"{path}.best_{key}", [one["best"][key]])
    for name, estimators in data["gradients"].items():
        for estimator, one in estimators.items():
            path = f"sharding.{name}.gradient.{estimator}"
            relative = np.array(one["norm"]) / np.array(estimators["quadratic"]["norm"])
            metrics.record(f"{path}.norm", relative, "times the quadratic one's")
            metrics.record(f"{path}.cosine", one["cosine"])
