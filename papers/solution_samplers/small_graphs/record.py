"""Metrics of the small graphs: one value per graph seed, in the order of the settings."""

from collections.abc import Callable
from typing import Any

import numpy as np

from common.metrics import Metrics

EARLY = 100
"""The iteration at which Figure 2's curves are compared."""
GRAPHS = "% of graphs"


def rate_name(rate: float) -> str:
    """Return a learning rate as a word of a metric path: 0.03 is "lr_0_03"."""
    return f"lr_{rate:g}".replace(".", "_").replace("-", "m")


def solved(cuts: list[float], optimum: list[float]) -> np.ndarray:
    """Say of each graph whether a cut is an optimal one; both are sums of unit weights, up to rounding."""
    return np.asarray(cuts) > np.asarray(optimum) - 0.5


def record(metrics: Metrics, data: dict[str, Any]) -> None:
    """Record `small_graphs.<sweep>.<learning rate>.<objective>.<measure>` and the controls.

    `successes`: the mode of the final fast part is an optimal cut. `expected_successes`: its expected cut was within
    half an edge of the optimum at some iteration. `early` and `late`: expected cut over the optimum at iteration
    100 (or the last kept one before it) and at the end. `slow_share_start` and `slow_share_end`: of the slow part in
    the gradient, for objectives with a mixture.
    """
    every = data["settings"]["keep_every"]
    for sweep, arms in data["sweeps"].items():
        for arm in arms:
            path = f"small_graphs.{sweep}.{rate_name(arm['learning_rate'])}.{arm['objective']}"
            _record_arm(metrics, path, arm["runs"], every)
    for sweep in data["sweeps"]:
        for what in ("mode", "samples"):
            _record_control(metrics, f"untrained.{sweep}.{what}", data["controls"], f"{sweep}.{what}")
    for method in ("greedy", "one_exchange"):
        _record_control(metrics, method, data["controls"], method)


def _record_arm(metrics: Metrics, path: str, runs: list[dict[str, Any]], every: int) -> None:
    def over_seeds(measure: Callable[[dict[str, Any]], Any]) -> list[float]:
        return [float(np.mean(measure(run))) for run in runs]

    metrics.record(f"{path}.successes", over_seeds(lambda run: 100 * solved(run["mode_cut"], run["optimum"])), GRAPHS)
    metrics.record(
        f"{path}.expected_successes",
        over_seeds(lambda run: 100 * solved(run["highest_expected_cut"], run["optimum"])),
        GRAPHS,
    )
    metrics.record(f"{path}.optimum_probability", over_seeds(lambda run: run["optimum_probability"]))
    early = min(EARLY // every, len(runs[0]["expected_curve"]) - 1)
    metrics.record(f"{path}.early", over_seeds(lambda run: run["expected_curve"][early]), "of the optimum")
    metrics.record(f"{path}.late", over_seeds(lambda run: run["expected_curve"][-1]), "of the optimum")
    for when in ("start", "end"):
        if f"share_{when}" in runs[0]:
            metrics.record(f"{path}.slow_share_{when}", over_seeds(lambda run, key=f"share_{when}": run[key]))


def _record_control(metrics: Metrics, name: str, controls: list[dict[str, Any]], key: str) -> None:
    rates = [100 * solved(found[key], found["optimum"][: len(found[key])]).mean() for found in controls]
    metrics.record(f"small_graphs.controls.{name}.successes", rates, GRAPHS)
