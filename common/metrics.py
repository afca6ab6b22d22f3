"""A paper's numbers of one scale: `metrics.json` to read and compare, `samples.json` to judge claims by.

Both are byte-stable: sorted, and rounded to ten significant digits, below which sums in another order
differ.
"""

import json
import math
import re
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path
from typing import Any

from common.errors import RepriseError
from common.statistics import t_interval

METRIC_PATH = r"[a-z0-9_]+(\.[a-z0-9_]+)*"
"""What a metric is called: `mnist.cnn.tuned.adam.test_accuracy`."""


class MetricsError(RepriseError):
    """A results folder whose samples cannot be read."""


class Metrics:
    """Collects every metric's samples, one per seed, and writes them with their intervals."""

    def __init__(self) -> None:
        self._samples: dict[str, list[float]] = {}
        self._units: dict[str, str] = {}
        self._groups: set[str] = set()

    def record(self, path: str, values: Iterable[float], unit: str = "") -> None:
        """Add a metric.

        Args:
            path: lower-case words joined by dots.
            values: one per seed, in the same order of seeds everywhere, since claims compare by pairs.
            unit: for the reader, such as "%" or "steps".

        Raises:
            ValueError: a bad path, one recorded before or both a metric and a group of metrics; no
                values, or one that is not finite.
        """
        if not re.fullmatch(METRIC_PATH, path):
            raise ValueError(f"{path!r}: a metric path is words of a-z, 0-9 and _ joined by dots")
        groups = list(accumulate(path.split("."), "{}.{}".format))[:-1]
        if path in self._samples or path in self._groups or any(group in self._samples for group in groups):
            raise ValueError(f"{path!r}: recorded before, or both a metric and a group of metrics")
        samples = [_rounded(value) for value in values]
        if not samples or not all(map(math.isfinite, samples)):
            raise ValueError(f"{path!r}: needs finite values, one per seed (got {samples})")
        self._samples[path] = samples
        self._units[path] = unit
        self._groups.update(groups)

    def write(self, folder: Path) -> None:
        """Write `metrics.json` (nested; mean, 95 % t interval, n, unit) and `samples.json` (flat)."""
        folder.mkdir(parents=True, exist_ok=True)
        _write_json(folder / "metrics.json", self._summary())
        _write_json(folder / "samples.json", self._samples)

    def _summary(self) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for path, samples in self._samples.items():
            *groups, name = path.split(".")
            node = tree
            for group in groups:
                node = node.setdefault(group, {})
            node[name] = _leaf(samples, self._units[path])
        return tree


def read_samples(folder: Path) -> dict[str, list[float]]:
    """Read the samples of every metric of a results folder.

    Raises:
        MetricsError: there are none, or the file is damaged.
    """
    path = folder / "samples.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MetricsError(f"{path}: cannot be read ({error}); run the paper again") from None


def _leaf(samples: list[float], unit: str) -> dict[str, float | int | str | None]:
    interval = t_interval(samples)
    low, high = (None if end is None else _rounded(end) for end in (interval.low, interval.high))
    leaf = {"mean": _rounded(interval.value), "low": low, "high": high, "n": interval.n}
    return leaf | {"unit": unit} if unit else leaf


def _rounded(value: float) -> float:
    return float(f"{float(value):.10g}")


def _write_json(path: Path, values: dict[str, Any]) -> None:
    """Write whole or not at all, so that a reader never meets half a file."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    partial.replace(path)
