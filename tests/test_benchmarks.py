import json
import time

import pytest

from benchmarks import __main__ as bench
from benchmarks.case import Case


def case(**changes):
    values = {
        "paper": "common",
        "name": "sleep",
        "ours": lambda: time.sleep(0.01),
        "peer": lambda: time.sleep(0.03),
        "target": 2.0,
        "unit": "nap",
    }
    return Case(**values | changes)


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(bench, "ROUNDS", 3)
    monkeypatch.setattr(bench, "ROUND_SECONDS", 0.0)
    monkeypatch.setattr(bench.torch, "set_num_threads", lambda count: None)  # it would outlive this test


def test_a_speed_up_is_the_peers_time_over_ours():
    row = bench.measure(case())
    assert 0.01 <= row["ours"] < row["peer"]
    assert row["ratio"] == pytest.approx(row["peer"] / row["ours"])
    assert row["met"]
    assert row["unit"] == "s per nap"
    assert row["limit_ratio"] is None


@pytest.mark.parametrize(("target", "met"), [(1.15, True), (0.01, False), (None, None)])
def test_an_overhead_is_our_time_over_the_peers(target, met):
    row = bench.measure(case(at_least=False, target=target, limit_ratio=lambda: 0.5))
    assert row["ratio"] == pytest.approx(row["ours"] / row["peer"])
    assert (row["met"], row["limit_ratio"]) == (met, 0.5)


def test_every_module_of_the_folder_offers_cases(monkeypatch, tmp_path, capsys):
    asked = []

    def measure(case):
        asked.append(case.name)
        return dict.fromkeys(["target", "met", "limit_ratio"]) | {
            "paper": case.paper, "name": case.name, "unit": case.unit, "ours": 1.0, "peer": 2.0, "ratio": 2.0,
        }  # fmt: skip

    monkeypatch.setattr(bench, "measure", measure)
    monkeypatch.setattr(bench, "__file__", str(tmp_path / "__main__.py"))
    bench.main([])
    rows = json.loads((tmp_path / "results.json").read_text())
    assert [row["name"] for row in rows] == asked
    assert len(asked) >= len(bench.modules()) > 1
    assert {"paper", "name", "ours", "peer", "ratio", "target", "unit", "limit_ratio"} <= rows[0].keys()
    assert "results.json" in capsys.readouterr().out


def test_an_unknown_module_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit):
        bench.main(["ensemble"])
    assert "known: " in capsys.readouterr().err
