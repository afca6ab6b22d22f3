"""Metrics of the Lipschitz toy."""

from typing import Any

from common.metrics import Metrics


def record(metrics: Metrics, data: dict[str, Any]) -> None:
    """Record `lipschitz.<map>.<measure>.n<samples>`, one value per seed."""
    for count, by_seed in zip(data["samples"], data["rows"], strict=True):
        for name in by_seed[0]:
            path = f"lipschitz.{name.replace('_', '.')}.n{count}"
            metrics.record(path, [one[name] for one in by_seed])
