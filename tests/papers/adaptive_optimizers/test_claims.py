"""The ledger: its numbers are those of the slides, and every scale that may judge a claim measures what it names."""

import shutil
from pathlib import Path

import pytest

from common.claims import judge, load_ledger
from common.config import SCALES
from papers.adaptive_optimizers import results
from papers.adaptive_optimizers.results import write_results
from papers.adaptive_optimizers.settings import HERE
from tests.papers.adaptive_optimizers.made_build import params_at, write_build
from tests.papers.ledger_checks import check_metrics, check_verdicts

# CBMS lecture 5, slide "Numerical Results": train loss, test loss, train and test accuracy in per cent
MEASURES = ("train_loss", "test_loss", "train_accuracy", "test_accuracy")
SLIDE = {
    "small": {
        "sgd": (0.51, 0.50, 82.9, 82.5),
        "momentum": (0.41, 0.48, 85.6, 79.5),
        "nesterov": (0.89, 1.04, 68.3, 63.5),
        "adam": (0.21, 0.44, 92.9, 90.0),
        "adamw": (0.13, 0.29, 95.0, 92.0),
        "lion": (0.41, 0.70, 85.6, 81.5),
    },
    "lazy": {
        "sgd": (0.24, 0.42, 91.6, 86.0),
        "momentum": (0.58, 0.84, 83.6, 85.5),
        "nesterov": (0.24, 0.29, 90.9, 89.5),
        "adam": (0.08, 0.29, 97.2, 91.5),
        "adamw": (0.24, 0.36, 90.2, 86.5),
        "lion": (0.34, 0.41, 91.4, 85.0),
    },
}
LEDGER = load_ledger(HERE)
CLAIMS = {claim.id: claim for claim in LEDGER.claims}


def test_the_ledger_has_the_48_numbers_of_the_slide_and_no_other_table():
    table = {
        f"table_{network}_{optimizer}_{measure}": (f"lecture.{network}.tuned.{optimizer}.{measure}", number)
        for network, rows in SLIDE.items()
        for optimizer, numbers in rows.items()
        for measure, number in zip(MEASURES, numbers, strict=True)
    }
    assert len(table) == 48
    assert {key: (c.metric, c.paper) for key, c in CLAIMS.items() if key.startswith("table_")} == table


@pytest.mark.parametrize(
    ("claim", "number"),
    [
        ("lecture_adamw_best_small", SLIDE["small"]["adamw"][3]),
        ("lecture_adam_best_lazy", SLIDE["lazy"]["adam"][3]),
        ("lecture_nesterov_unstable_small", SLIDE["small"]["sgd"][3] - SLIDE["small"]["nesterov"][3]),
        ("lecture_momentum_hurts_small", SLIDE["small"]["sgd"][3] - SLIDE["small"]["momentum"][3]),
        ("lecture_momentum_helps_lazy", SLIDE["lazy"]["momentum"][3] - SLIDE["lazy"]["sgd"][3]),
        ("lecture_nesterov_recovers_lazy", SLIDE["lazy"]["nesterov"][3] - SLIDE["lazy"]["sgd"][3]),
    ],
)
def test_statements_of_the_slides_carry_the_numbers_of_its_table(claim: str, number: float):
    assert CLAIMS[claim].paper == pytest.approx(number)


def test_best_overall_is_the_mean_of_adam_and_adamw_at_both_widths_above_the_other_four():
    pair = [SLIDE[network][name][3] for network in SLIDE for name in ("adam", "adamw")]
    others = [row[3] for rows in SLIDE.values() for name, row in rows.items() if not name.startswith("adam")]
    expected = sum(pair) / len(pair) - sum(others) / len(others)
    assert CLAIMS["lecture_adaptive_best_overall"].paper == pytest.approx(expected, abs=0.05)


def test_no_number_of_the_paper_is_made_up():
    known = {claim.id for claim in LEDGER.claims if claim.paper is not None}
    assert {name for name in known if not name.startswith(("table_", "lecture_"))} == set()


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The paper's ledger beside made-up results of every scale."""
    folder = tmp_path_factory.mktemp("papers") / HERE.name
    folder.mkdir()
    shutil.copy(HERE / "claims.yaml", folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results.figures, "draw_all", lambda *arguments: None)
        for scale in SCALES:
            params = params_at(scale, lecture={"boundary_grid": 2})
            write_build(params, folder / "build" / scale)
            write_results(params, folder / "build" / scale, folder / "results" / scale)
    return folder


@pytest.mark.parametrize("scale", SCALES)
def test_every_claim_that_a_scale_may_judge_finds_its_metrics_and_gets_a_verdict(judged: Path, scale: str):
    check_verdicts(judged, scale)


def test_every_metric_that_a_claim_names_is_made_at_its_scale(judged: Path):
    check_metrics(judged)


def test_filling_in_a_number_of_the_paper_is_all_it_takes(judged: Path, tmp_path: Path):
    folder = tmp_path / HERE.name
    shutil.copytree(judged, folder)
    ledger = folder / "claims.yaml"
    start, rest = ledger.read_text().split("id: adaptive_beat_basic_mnist_classification", 1)
    ledger.write_text(f"{start}id: adaptive_beat_basic_mnist_classification{rest.replace('null', '3.25', 1)}")
    changed = {verdict.id: verdict.paper_value for verdict in judge(folder, "laptop")}
    before = {verdict.id: verdict.paper_value for verdict in judge(judged, "laptop")}
    assert changed == before | {"adaptive_beat_basic_mnist_classification": 3.25}
