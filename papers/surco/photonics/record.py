"""Metrics of the photonics experiment, one value per test instance."""

from typing import Any

import numpy as np

from common.metrics import Metrics


def record(metrics: Metrics, data: dict[str, Any]) -> None:
    """Record everything under `photonics`, for each device and for all of them together."""
    everything = [result for results in data["devices"].values() for result in results]
    for device, results in [*data["devices"].items(), ("all", everything)]:
        for name in results[0]["methods"]:
            _record_method(
                metrics, f"photonics.{device}.{name}", [one["methods"][name] for one in results], data["steps"]
            )
        accuracy = [100 * one["direct_accuracy"] for one in results]
        metrics.record(f"photonics.{device}.direct.accuracy", accuracy, "% of pixels")
    _record_sweep(metrics, data)
    for mutation, result in data["genetic"].items():
        path = f"photonics.genetic.{mutation}"
        metrics.record(f"{path}.feasible", [100.0 * (result["last"] == 0)], "% of runs")
        metrics.record(f"{path}.unpaintable", [result["last"]], "pixels")
        metrics.record(f"{path}.unpaintable_at_first", [result["first"]], "pixels")
    usable = [100.0 * (result["last"] == 0 and not result["blank"]) for result in data["genetic"].values()]
    metrics.record("photonics.genetic.all.usable", usable, "% of runs")


def _record_method(metrics: Metrics, path: str, results: list[dict[str, Any]], limit: int) -> None:
    met = [one["met_after"] is not None for one in results]
    metrics.record(f"{path}.success", [100.0 * value for value in met], "% of instances")
    metrics.record(f"{path}.feasible", [100.0 * one["feasible"] for one in results], "% of instances")
    usable = [one["feasible"] and not one["blank"] for one in results]
    metrics.record(f"{path}.usable", [100.0 * value for value in usable], "% of instances")
    metrics.record(f"{path}.log_loss", np.log10([one["loss"] for one in results]), "log10 of the loss")
    metrics.record(f"{path}.steps", [one["met_after"] or limit for one in results], "steps, at most the limit")
    metrics.record(f"{path}.late_changes", [one["late_changes"] for one in results], "pixels per step")
    metrics.record(f"{path}.work", [one["work"] for one in results], "simulations and solver calls")


def _record_sweep(metrics: Metrics, data: dict[str, Any]) -> None:
    for kind, names in (("chosen", [data["chosen"]]), ("every", list(data["sweep"]))):
        results = [one for name in names for many in data["sweep"][name].values() for one in many]
        metrics.record(
            f"photonics.sweep.{kind}.success", [100.0 * (one["met_after"] is not None) for one in results], "%"
        )
        metrics.record(f"photonics.sweep.{kind}.log_loss", np.log10([one["loss"] for one in results]))
    _, strength, rate = data["chosen"].split()
    metrics.record("photonics.sweep.chosen.strength", [float(strength)], "times the costs")
    metrics.record("photonics.sweep.chosen.learning_rate", [float(rate)])
