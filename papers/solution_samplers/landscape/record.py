"""Metrics of the toy: one value for each start, in the order of the settings."""

import math
from typing import Any

from common.metrics import Metrics


def record(metrics: Metrics, data: dict[str, Any]) -> None:
    """Record what each start reached on each objective, as `landscape.<objective>.<measure>`.

    `flow_decades` is the logarithm to base ten of the steps until the gradient flow has arrived.
    """
    for name, found in data["objectives"].items():
        path = f"landscape.{name}"
        metrics.record(f"{path}.expected_cost", found["expected_cost"])
        metrics.record(f"{path}.optimal_probability", found["optimal_probability"])
        metrics.record(f"{path}.distance", found["distance"])
        metrics.record(f"{path}.start_gradient", found["start_gradient"])
        metrics.record(f"{path}.weakest_gradient", [min(found["start_gradient"])])
    for name, flow in data["flow"].items():
        metrics.record(f"landscape.{name}.flow_distance", flow["distance"])
        metrics.record(f"landscape.{name}.flow_decades", map(math.log10, flow["steps"]), "powers of ten of steps")
