"""Metrics of the best-known experiment: gaps in per cent, one for each seed; over all instances their mean."""

from typing import Any

import numpy as np

from common.metrics import Metrics


def record(metrics: Metrics, data: dict[str, Any]) -> None:
    """Record `best_known.<kind>.<instance>.<method>.<measure>`, and under `best_known.<kind>.all` the means."""
    for kind in ("cuts", "tours"):
        instances = data[kind]
        for name, found in instances.items():
            for method, gaps in found["methods"].items():
                for measure, values in gaps.items():
                    metrics.record(f"best_known.{kind}.{name.lower()}.{method}.{measure}", values, "%")
            for source, value in found["published"].items():
                if source != "best":
                    gap = 100 * (found["published"]["best"] - value) / found["published"]["best"]
                    metrics.record(f"best_known.{kind}.{name.lower()}.published.{source}", [gap], "%")
        first = next(iter(instances.values()))["methods"]
        for method, gaps in first.items():
            for measure in gaps:
                values_IS = [found["methods"][method][measure] for found in instances.values()]
                metrics.record(f"best_known.{kind}.all.{method}.{measure}", np.mean(values_IS, axis=0), "%")
