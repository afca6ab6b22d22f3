"""Metrics of REINFORCE: one value per seed, gaps to the optimum in per cent."""

from typing import Any

from common.metrics import Metrics

SCORES = ("greedy_gap", "sampled_gap")


def record(metrics: Metrics, data: dict[str, Any]) -> None:
    """Record `reinforce.<problem>.<objective or untrained>.<score>` and `reinforce.<problem>.<method>.gap`."""
    for problem, found in data["problems"].items():
        path = f"reinforce.{problem}"
        policies = {**found["trained"], "untrained": [control["untrained"] for control in found["controls"]]}
        for name, runs in policies.items():
            for score in SCORES:
                metrics.record(f"{path}.{name}.{score}", [run[score] for run in runs], "%")
        for method in found["controls"][0]["classical"]:
            gaps = [control["classical"][method] for control in found["controls"]]
            metrics.record(f"{path}.{method}.gap", gaps, "%")
