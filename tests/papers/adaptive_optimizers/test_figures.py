"""The figures of a made-up build folder: all that report and slides cite, the same bytes every time."""

import json
import re
from pathlib import Path

import pytest

from common.scratch import write_json
from papers.adaptive_optimizers.figures import draw_all
from papers.adaptive_optimizers.figures.workloads import title_of
from papers.adaptive_optimizers.runs import read_stages
from papers.adaptive_optimizers.settings import HERE, Params
from tests.papers.adaptive_optimizers.made_build import params_at, write_build


def cited(document: str, params: Params) -> set[str]:
    """The figures that a Typst document shows."""
    text = (HERE / document).read_text(encoding="utf-8")
    found = set()
    for stem, per_workload in re.findall(r'figure-of\(\s*ctx,\s*"(\w+)"( \+ name)?', text):
        names = [name for name in params.run if stem != "reconstructions_" or name.endswith("autoencoder")]
        found |= {stem + name for name in names} if per_workload else {stem}
    return found


@pytest.fixture(scope="module")
def params() -> Params:
    return params_at("smoke", lecture={"boundary_grid": 11})


@pytest.fixture(scope="module")
def drawn(params: Params, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Figures of runs one of which diverged."""
    folder = tmp_path_factory.mktemp("figures")
    write_build(params, folder / "build")
    file = folder / "build/train/digits_classification.json"
    made = json.loads(file.read_text())
    made["runs"][-1] |= {"diverged_at": 3, "train_steps": [20, 40], "train_losses": [2.3, 2.3]}
    write_json(file, made)
    draw_all(params, read_stages(params, folder / "build"), folder)
    return folder


@pytest.mark.parametrize("document", ["report.typ", "slides.typ"])
def test_every_figure_that_is_shown_is_drawn(drawn: Path, params: Params, document: str):
    stems = cited(document, params)
    assert len(stems) >= 10
    assert stems <= {file.stem for file in drawn.glob("*.svg")}


def test_no_figure_is_drawn_in_vain(drawn: Path, params: Params):
    assert {file.stem for file in drawn.glob("*.svg")} == cited("report.typ", params) | cited("slides.typ", params)


def test_the_same_numbers_give_the_same_bytes(drawn: Path, params: Params, tmp_path: Path):
    draw_all(params, read_stages(params, drawn / "build"), tmp_path)
    files = sorted(tmp_path.glob("*.svg"))
    assert files
    assert [file.name for file in files if file.read_bytes() != (drawn / file.name).read_bytes()] == []


def test_one_seed_has_no_bands_and_is_drawn_all_the_same(tmp_path: Path):
    one = {"seeds": [0], "lecture": {"boundary_grid": 5, "seeds": {8: 1, 32: 1}, "tuning_seeds": {8: 1, 32: 1}}}
    params = params_at("smoke", run=["digits_classification"], **one)
    write_build(params, tmp_path / "build")
    draw_all(params, read_stages(params, tmp_path / "build"), tmp_path)
    assert (tmp_path / "final.svg").stat().st_size > 1000


def test_workloads_have_names_for_people():
    assert [title_of(name) for name in params_at("overnight").run] == [
        "MNIST classification",
        "CIFAR-10 classification",
        "Flowers classification",
        "MNIST autoencoder",
        "CIFAR-10 autoencoder",
        "LFW autoencoder",
    ]
