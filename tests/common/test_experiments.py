"""A paper made of two experiments: what a stage leaves, what the results are made of, and what a fault says."""

import json
import sys
from pathlib import Path

import pytest

from common import experiments, scratch
from common.config import Config, load
from common.scratch import Scratch

FILES = {
    "run": "def run(section, seeds):\n    return {'squares': [section['factor'] * seed**2 for seed in seeds]}",
    "record": "def record(metrics, data):\n    metrics.record(f'{__package__}.squares', data['squares'])",
    "figures": "def draw(data, folder):\n    (folder / f'{__package__}.svg').write_text('<svg/>')",
}
NAMES = ("first", "second")


class Params(Config):
    scale: str
    seeds: tuple[int, ...]
    first: dict[str, int]
    second: dict[str, int]


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "toy_paper"
    for name in NAMES:
        (home / name).mkdir(parents=True)
        for module, code in FILES.items():
            (home / name / f"{module}.py").write_text(code)
    (home / "__init__.py").touch()
    (home / "params.yaml").write_text("{scale: laptop, seeds: [1, 2, 3], first: {factor: 1}, second: {factor: 10}}")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(scratch, "ROOT", tmp_path)
    yield home
    for module in [name for name in sys.modules if name.startswith("toy_paper")]:
        del sys.modules[module]


def call(paper: Path, stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["toy_paper", stage])
    experiments.main("toy_paper", NAMES, lambda: load(Params, paper / "params.yaml"), given=("seeds",))


def test_stages_measure_and_results_join_what_they_measured(paper: Path, monkeypatch):
    kept = Scratch("toy_paper/first")
    kept.once("0" * 64, lambda _: {"part": 1})
    for stage in (*NAMES, "results"):
        call(paper, stage, monkeypatch)
    assert json.loads((paper / "build/laptop/second.json").read_text())["data"] == {"squares": [10, 40, 90]}
    samples = json.loads((paper / "results/laptop/samples.json").read_text())
    assert set(samples) == {"toy_paper.first.squares", "toy_paper.second.squares"}
    assert set(json.loads((paper / "results/laptop/provenance.json").read_text())["stages"]) == set(NAMES)
    drawn = {file.name for file in (paper / "results/laptop/figures").iterdir()}
    assert drawn == {"toy_paper.first.svg", "toy_paper.second.svg"}
    assert kept.once("0" * 64, lambda _: {"part": 2}) == {"part": 2}  # what was kept of the stage is forgotten


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_text("{")], ids=["missing", "damaged"])
def test_results_name_the_stage_whose_file_is(paper: Path, monkeypatch, capsys, damage):
    for stage in NAMES:
        call(paper, stage, monkeypatch)
    damage(paper / "build" / "laptop" / "second.json")
    with pytest.raises(SystemExit):
        call(paper, "results", monkeypatch)
    (line,) = capsys.readouterr().err.splitlines()
    assert "second.json: " in line
    assert line.endswith("; run: python -m toy_paper second")


def test_an_unknown_stage_is_refused_with_the_list(paper: Path, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        call(paper, "frist", monkeypatch)
    assert "'first', 'second', 'results'" in capsys.readouterr().err.replace('"', "'")
