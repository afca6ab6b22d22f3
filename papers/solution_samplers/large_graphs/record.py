"""Metrics of the large graphs: one value for each graph, in the order of the seeds."""

from typing import Any

from common.metrics import Metrics


def record(metrics: Metrics, data: dict[str, Any]) -> None:
    """Record normalised cuts as `large_graphs.d<degree>.<arm>.<rule>.<measure>` and `....d<degree>.lines.<method>`."""
    for degree, found in data["degrees"].items():
        path = f"large_graphs.d{degree}"
        for name, cuts in found["lines"].items():
            metrics.record(f"{path}.lines.{name}", cuts)
        for name, arm in found["arms"].items():
            _record_arm(metrics, f"{path}.{name}", arm)


def _record_arm(metrics: Metrics, path: str, arm: dict[str, Any]) -> None:
    for rule, run in arm["runs"].items():
        _record_run(metrics, f"{path}.{rule}", run)
        metrics.record(f"{path}.{rule}.r_hat", [stages[-1] for stages in run["r_hat"]])
        metrics.record(f"{path}.{rule}.effective_samples", [stages[-1] for stages in run["effective_samples"]])
    for objective, run in arm["shared_rate"].items():
        _record_run(metrics, f"{path}.shared_rate.{objective}", run)
    for objective, rate in arm["rates"].items():
        metrics.record(f"{path}.{objective}.learning_rate", [rate])
    for objective, by_rate in arm["tuning"].items():
        for rate, values in by_rate.items():
            metrics.record(f"{path}.tuning.rate_{rate.replace('.', '_').replace('-', '_')}.{objective}", values)
    if "vanilla" in arm["rates"]:
        metrics.record(f"{path}.both_beats_vanilla", _wins(arm["runs"]), "share of graphs")
        metrics.record(f"{path}.shared_rate.both_beats_vanilla", _wins(arm["shared_rate"]), "share of graphs")


def _record_run(metrics: Metrics, path: str, run: dict[str, Any]) -> None:
    metrics.record(f"{path}.expected", run["expected"])
    metrics.record(f"{path}.best", run["best"])
    late_gain = [last - early for last, early in zip(run["expected"], run["early"], strict=True)]
    metrics.record(f"{path}.late_gain", late_gain)


def _wins(runs: dict[str, Any]) -> list[float]:
    pairs = zip(runs["both"]["expected"], runs["vanilla"]["expected"], strict=True)
    return [float(both > vanilla) for both, vanilla in pairs]
