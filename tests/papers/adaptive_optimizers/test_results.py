"""Metrics of a made-up build folder, computed by hand."""

import json
import math
from pathlib import Path

import pytest

from common.errors import RepriseError
from common.metrics import read_samples
from common.scratch import write_json
from papers.adaptive_optimizers import results
from papers.adaptive_optimizers.results import write_results
from papers.adaptive_optimizers.runs import read_stages, steps_to_target
from papers.adaptive_optimizers.settings import Params
from tests.papers.adaptive_optimizers.made_build import Quality, params_at, rising, write_build

DIGITS = "digits_classification"
SIX = ["sgd", "momentum", "nesterov", "adam", "adamw", "lion"]


@pytest.fixture(autouse=True)
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results.figures, "draw_all", lambda *arguments: None)


def samples_of(params: Params, folder: Path, quality: Quality = rising) -> dict[str, list[float]]:
    write_build(params, folder / "build", quality)
    write_results(params, folder / "build", folder / "results")
    return read_samples(folder / "results")


def test_a_family_is_the_mean_of_its_members_seed_by_seed(tmp_path: Path):
    optimizers = ["sgd", "momentum", "adagrad", "adam", "adamw", "lion"]
    samples = samples_of(params_at("smoke", optimizers=optimizers), tmp_path)
    assert samples[f"{DIGITS}.tuned.adam.quality"] == pytest.approx([53.0, 53.1])
    assert samples[f"{DIGITS}.tuned.basic_mean.quality"] == pytest.approx([50.5, 50.6])
    assert samples[f"{DIGITS}.tuned.adaptive_mean.quality"] == pytest.approx([52.5, 52.6])  # without AdamW and Lion


def test_rankings_agree_by_kendalls_tau_seed_by_seed(tmp_path: Path):
    """Of four optimizers the order 0123 and 1023 agree in 5 pairs of 6; with 3210 in none; with itself in all."""
    orders = {
        "paper_era": {0: (0, 1, 2, 3), 1: (0, 1, 2, 3)},
        "torch": {0: (3, 2, 1, 0), 1: (0, 1, 2, 3)},
        "tuned": {0: (1, 0, 2, 3), 1: (0, 1, 2, 3)},
    }
    params = params_at("smoke", optimizers=["sgd", "momentum", "adam", "lion"])
    samples = samples_of(params, tmp_path, lambda _, convention, place, seed: 50.0 + orders[convention][seed][place])
    agreement = f"{DIGITS}.rank_agreement"
    assert samples[f"{agreement}.paper_era_tuned"] == pytest.approx([(5 - 1) / 6, 1])
    assert samples[f"{agreement}.paper_era_torch"] == pytest.approx([-1, 1])
    assert samples[f"{agreement}.torch_tuned"] == pytest.approx([(1 - 5) / 6, 1])


def test_a_ranking_of_nothing_but_ties_agrees_with_none(tmp_path: Path):
    samples = samples_of(params_at("smoke"), tmp_path, lambda *_: 50.0)
    assert samples[f"{DIGITS}.rank_agreement.paper_era_tuned"] == [0, 0]


def test_steps_to_target_are_those_of_the_first_check_at_the_median_of_momentum_and_inf_for_a_miss(tmp_path: Path):
    """Momentum ends at 60 and 64: the target is 62; quality rises by quarters, so 80 is there at the fourth of 4."""
    params = params_at("smoke", checks=4, optimizers=["sgd", "momentum", "adam"])
    final = {0: (61.0, 60.0, 80.0), 1: (248.0, 64.0, 124.0)}
    write_build(params, tmp_path, lambda _, convention, place, seed: final[seed][place])
    steps_SM = steps_to_target(params, read_stages(params, tmp_path).workloads[DIGITS])
    assert steps_SM.tolist() == [[math.inf, math.inf, 40], [10, 40, 20]]


def test_profiles_score_the_steps_against_the_best_of_each_workload(tmp_path: Path):
    params = params_at("smoke", checks=4, optimizers=["sgd", "momentum", "adam"])
    final = {0: (61.0, 60.0, 80.0), 1: (248.0, 64.0, 124.0)}
    samples = samples_of(params, tmp_path, lambda _, convention, place, seed: final[seed][place])
    score = "profile.steps_to_target.{}.score"
    assert samples[score.format("sgd")] == [0, 1]
    assert samples[score.format("momentum")] == [0, 0]  # four times the best
    assert samples[score.format("adam")] == pytest.approx([1, 2 / 3])  # twice the best


def test_the_basin_counts_learning_rates_within_five_points_of_the_best_seed_by_seed(tmp_path: Path):
    params = params_at("smoke")
    write_build(params, tmp_path / "build")
    file = tmp_path / "build/lecture/8.json"
    made = json.loads(file.read_text())
    made["optimizers"]["sgd"]["sweep"] |= {
        "learning_rates": [0.01, 0.1, 1, 10],
        "quality": [[85.0, 50.0], [89.9, 95.0], [90.0, 84.0], [None, None]],
    }
    write_json(file, made)
    write_results(params, tmp_path / "build", tmp_path / "results")
    assert read_samples(tmp_path / "results")["lecture.small.sweep.sgd.basin_width"] == [3, 1]


def test_both_widths_are_compared_on_the_seeds_that_both_have(tmp_path: Path):
    lecture = {"optimizers": SIX, "widths": [8, 32], "seeds": {8: 5, 32: 2}}
    samples = samples_of(params_at("smoke", lecture=lecture), tmp_path)
    # tuned accuracy of the optimizer in place p at width w and seed s: .5 + 10 p + s + w
    assert samples["lecture.small.tuned.adam.test_accuracy"] == pytest.approx([38.5 + seed for seed in range(5)])
    assert samples["lecture.lazy.width"] == [32]
    assert samples["lecture.overall.tuned.adam_pair.test_accuracy"] == pytest.approx([55.5, 56.5])
    assert samples["lecture.overall.tuned.other_four.test_accuracy"] == pytest.approx([40.5, 41.5])
    assert samples["lecture.small.tuned.six_mean.boundary_length"] == pytest.approx([33.5, 34.5])
    assert samples["lecture.lazy.tuned.six_mean.boundary_length"] == pytest.approx([57.5, 58.5])
    assert len(samples["lecture.small.classical.test_accuracy"]) == 5
    assert len(samples["lecture.lazy.classical.test_accuracy"]) == 2


def test_controls_costs_and_tuning_are_recorded(tmp_path: Path):
    params = params_at("smoke")
    samples = samples_of(params, tmp_path)
    assert samples[f"{DIGITS}.untrained.quality"] == [10, 11]
    assert samples[f"{DIGITS}.classical.quality"] == [45, 45]
    assert samples["costs.momentum.state_bytes_per_parameter"] == [4]
    assert samples[f"{DIGITS}.tuned.adam.at_edge_of_grid"] == [0]
    provenance = json.loads((tmp_path / "results/provenance.json").read_text())
    assert provenance["seconds"] == 2 * (1 + 2) + 2 * 4
    assert provenance["stages"][f"train {DIGITS}"] == 2


def test_a_seed_that_diverged_is_counted_and_leaves_the_others_curves(tmp_path: Path):
    params = params_at("smoke")
    write_build(params, tmp_path / "build")
    file = tmp_path / f"build/train/{DIGITS}.json"
    made = json.loads(file.read_text())
    run = next(run for run in made["runs"] if (run["optimizer"], run["convention"], run["seed"]) == ("sgd", "tuned", 1))
    run |= {"diverged_at": 3, "train_steps": run["steps"], "train_losses": [2.3] * params.checks}
    write_json(file, made)
    write_results(params, tmp_path / "build", tmp_path / "results")
    samples = read_samples(tmp_path / "results")
    assert samples[f"{DIGITS}.tuned.sgd.diverged"] == [0, 1]
    assert samples[f"{DIGITS}.tuned.sgd.train_loss"] == [0.5, 2.3]


def test_fewer_optimizers_and_conventions_have_fewer_metrics(tmp_path: Path):
    few = {"optimizers": ["momentum", "lion"], "conventions": ["torch", "tuned"], "lecture": {"optimizers": ["adam"]}}
    samples = samples_of(params_at("smoke", **few), tmp_path)
    assert f"{DIGITS}.tuned.basic_mean.quality" in samples
    assert not [path for path in samples if "adaptive_mean" in path or "paper_era" in path or "other_four" in path]


@pytest.mark.parametrize(
    ("stage", "selector"), [("train", DIGITS), ("sweep", DIGITS), ("lecture", "32"), ("controls", ""), ("costs", "")]
)
def test_a_stage_that_is_missing_or_damaged_is_one_line_with_the_command_to_run(tmp_path: Path, stage, selector):
    params = params_at("smoke")
    write_build(params, tmp_path)
    file = tmp_path / stage / f"{selector}.json" if selector else tmp_path / f"{stage}.json"
    for fault, spoil in (("damaged", lambda: file.write_text('{"half": ')), ("missing", file.unlink)):
        spoil()
        with pytest.raises(RepriseError) as caught:
            read_stages(params, tmp_path)
        command = f"python -m papers.adaptive_optimizers {stage} {selector}".rstrip()
        assert str(caught.value) == f"{file} is {fault}: `{command}` makes it, as does `dvc repro`"
