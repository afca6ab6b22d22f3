import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from common.metrics import Metrics, MetricsError, read_samples


def test_metrics_are_nested_with_interval_and_unit_and_samples_are_flat(tmp_path: Path):
    metrics = Metrics()
    metrics.record("mnist.adam.accuracy", [90.0, 92.0, 94.0], unit="%")
    metrics.record("mnist.adam.seeds_used", [3])
    metrics.write(tmp_path / "results" / "smoke")
    tree = json.loads((tmp_path / "results" / "smoke" / "metrics.json").read_text())
    half = stats.t.ppf(0.975, 2) * 2 / 3**0.5
    leaf = tree["mnist"]["adam"]["accuracy"]
    assert (leaf["mean"], leaf["n"], leaf["unit"]) == (92.0, 3, "%")
    assert (leaf["low"], leaf["high"]) == pytest.approx((92 - half, 92 + half), rel=1e-9)
    assert tree["mnist"]["adam"]["seeds_used"] == {"mean": 3.0, "low": None, "high": None, "n": 1}
    assert read_samples(tmp_path / "results" / "smoke") == {
        "mnist.adam.accuracy": [90.0, 92.0, 94.0],
        "mnist.adam.seeds_used": [3.0],
    }


def test_the_bytes_depend_neither_on_the_order_of_recording_nor_on_the_last_bits(tmp_path: Path):
    thirds = [1 / 3, 2 / 3]
    for folder, order, jitter in (("one", ("a.x", "b"), 0.0), ("two", ("b", "a.x"), 1e-14)):
        metrics = Metrics()
        for path in order:
            metrics.record(path, [value + jitter for value in thirds])
        metrics.write(tmp_path / folder)
    for name in ("metrics.json", "samples.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["metrics.json", "samples.json"]
    assert "0.3333333333," in (tmp_path / "one" / "samples.json").read_text()


def test_numpy_values_are_taken(tmp_path: Path):
    metrics = Metrics()
    metrics.record("loss", np.array([1, 2], dtype=np.float32))
    metrics.write(tmp_path)
    assert read_samples(tmp_path) == {"loss": [1.0, 2.0]}


@pytest.mark.parametrize("path", ["", "Mnist", "a..b", ".a", "a.", "a-b", "a b", "a\n"])
def test_a_path_is_words_joined_by_dots(path: str):
    with pytest.raises(ValueError, match="a metric path is words"):
        Metrics().record(path, [1.0])


@pytest.mark.parametrize("values", [[], [float("nan")], [1.0, float("inf")]])
def test_values_must_be_finite_and_there(values: list[float]):
    with pytest.raises(ValueError, match="'a': needs finite values"):
        Metrics().record("a", values)


@pytest.mark.parametrize(("first", "second"), [("a.b", "a.b"), ("a", "a.b.c"), ("a.b.c", "a.b")])
def test_a_metric_is_recorded_once_and_is_no_group(first: str, second: str):
    metrics = Metrics()
    metrics.record(first, [1.0])
    with pytest.raises(ValueError, match="recorded before, or both a metric and a group"):
        metrics.record(second, [1.0])


@pytest.mark.parametrize("content", [None, "{"])
def test_missing_and_damaged_samples_are_named(tmp_path: Path, content: str | None):
    if content:
        (tmp_path / "samples.json").write_text(content)
    with pytest.raises(MetricsError, match=r"samples\.json: cannot be read .*; run the paper again"):
        read_samples(tmp_path)
