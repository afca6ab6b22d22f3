"""The ledger: its printed numbers, and that every scale which may judge a claim measures what it names."""

import shutil
from pathlib import Path

import pytest

from common import experiments
from common.claims import load_ledger
from common.config import SCALES
from common.experiments import write_results
from papers.surco.settings import EXPERIMENTS, HERE
from tests.papers.ledger_checks import check_metrics, check_verdicts
from tests.papers.surco.made_build import params_at, write_build

LEDGER = load_ledger(HERE)
CLAIMS = {claim.id: claim for claim in LEDGER.claims}


def test_the_printed_numbers_are_those_of_section_5_3():
    printed = {name: claim.paper for name, claim in CLAIMS.items() if name.startswith("routes_gain")}
    assert printed == {"routes_gain_loose": 4.5, "routes_gain_normal": 6.5, "routes_gain_tight": 8.5}
    assert CLAIMS["routes_lost"].paper == 2


def test_what_the_paper_does_not_say_carries_none_of_its_numbers_but_that_genetic_search_finds_nothing():
    ours = [claim for claim in LEDGER.claims if claim.where.startswith("ours")]
    assert [claim.id for claim in ours if claim.paper is not None] == ["routes_genetic_edges"]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger beside made-up results of every scale."""
    folder = tmp_path_factory.mktemp("papers") / HERE.name
    folder.mkdir()
    shutil.copy(HERE / "claims.yaml", folder)
    with pytest.MonkeyPatch.context() as patch:
        part = experiments._part
        patch.setattr(
            experiments, "_part", lambda *names: part(*names) if names[-1] == "record" else _NoFigures()
        )
        for scale in SCALES:
            write_build(params_at(scale), folder / "build" / scale)
            write_results("papers.surco", EXPERIMENTS, folder / "build" / scale, folder / "results" / scale)
    return folder


class _NoFigures:
    def draw(self, data, folder):
        """Tested elsewhere."""


@pytest.mark.parametrize("scale", SCALES)
def test_every_claim_that_a_scale_may_judge_gets_a_verdict(judged: Path, scale: str):
    check_verdicts(judged, scale)


def test_every_metric_that_a_claim_names_is_made_at_its_scale(judged: Path):
    check_metrics(judged)


def test_figures_are_drawn_for_every_experiment(tmp_path: Path):
    params = params_at("laptop")
    write_build(params, tmp_path / "build")
    write_results("papers.surco", EXPERIMENTS, tmp_path / "build", tmp_path / "results")
    drawn = {file.name for file in (tmp_path / "results" / "figures").iterdir()}
    assert {name.split("_")[0] for name in drawn} == {*EXPERIMENTS, "timing"}
    assert {"lipschitz_toy.svg", "routes_gain_text.svg", "routes_paths_text.svg", "routes_ablation.svg"} < drawn
    assert all(file.stat().st_size < 300_000 for file in (tmp_path / "results" / "figures").iterdir())
