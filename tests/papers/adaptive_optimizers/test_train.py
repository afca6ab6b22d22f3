"""Final runs: their hyperparameters, curves and divergence, and which of them are one and the same run."""

import json
from pathlib import Path

import pytest

from common import scratch
from common.optimizers import OPTIMIZERS, defaults
from papers.adaptive_optimizers import __main__, jobs, train
from papers.adaptive_optimizers.jobs import LectureJob, SweepJob, TrainJob
from papers.adaptive_optimizers.settings import Params
from papers.adaptive_optimizers.tasks import TASKS, build_network, evaluate, read_data
from papers.adaptive_optimizers.train import SHOWN, hyperparameters, train_run
from tests.papers.adaptive_optimizers.made_build import params_at

SMALL = {"train_examples": 256, "valid_examples": 100, "test_examples": 50, "epochs": 2}  # 8 steps
PARAMS = params_at("smoke", checks=4, workloads={"digits_classification": SMALL, "digits_autoencoder": SMALL})


def job(workload="digits_classification", optimizer="adam", convention="torch", seed=0, best=1e-2) -> TrainJob:
    return TrainJob(PARAMS, workload, optimizer, convention, seed, best)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_convention_is_its_defaults_and_tuned_is_torchs_with_the_chosen_learning_rate(optimizer):
    paper_era, torch, tuned = (
        hyperparameters(job(optimizer=optimizer, convention=convention, best=0.123))
        for convention in ("paper_era", "torch", "tuned")
    )
    assert paper_era == defaults(optimizer, "paper_era")
    assert torch == defaults(optimizer, "torch")
    assert tuned == torch | {"lr": 0.123}


def test_a_run_learns_and_its_curves_have_the_steps_that_were_asked_for(tmp_path: Path):
    result = train_run(job(), tmp_path)
    assert result["steps"] == [2, 4, 6, 8]
    assert result["train_steps"] == list(range(1, 9))
    assert {len(result["valid_quality"]), len(result["valid_loss"])} == {4}
    assert len(result["train_losses"]) == 8
    assert result["diverged_at"] is None
    assert result["train_losses"][-1] < result["train_losses"][0]
    assert "reconstructions" not in result


def test_two_runs_agree_to_the_last_bit_and_another_seed_does_not(tmp_path: Path):
    first, again, other = (train_run(job(seed=seed), tmp_path / str(i)) for i, seed in enumerate((0, 0, 1)))
    assert first == again
    assert first["train_losses"] != other["train_losses"]


def test_only_the_first_seed_of_an_autoencoder_keeps_reconstructions(tmp_path: Path):
    first, second = (train_run(job("digits_autoencoder", seed=seed), tmp_path / str(seed)) for seed in PARAMS.seeds)
    assert "reconstructions" not in second
    pixels = first["reconstructions"]
    assert (len(pixels), len(pixels[0]), len(pixels[0][0]), len(pixels[0][0][0])) == (SHOWN, 8, 8, 1)
    assert all(0 <= value <= 255 for image in pixels for row in image for (value,) in row)


def test_a_run_that_diverges_scores_as_its_untrained_copy(tmp_path: Path):
    result = train_run(job(optimizer="sgd", convention="tuned", best=1e30), tmp_path)
    assert result["diverged_at"] in {2, 3}
    workload, task = PARAMS.workloads["digits_classification"], TASKS["classification"]
    data = read_data(workload, PARAMS.split_seed)
    untrained = build_network(workload, data, seed=0)
    assert (result["test_loss"], result["quality"]) == evaluate(task, untrained, data.test)
    loss, quality = evaluate(task, untrained, data.valid)
    assert result["steps"] == [2, 4, 6, 8]
    assert (result["valid_loss"], result["valid_quality"]) == ([loss] * 4, [quality] * 4)


@pytest.fixture
def computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[TrainJob]:
    """The jobs that were really trained; what is kept goes to a folder of the test."""
    done: list[TrainJob] = []

    def train_nothing(job: TrainJob, run_dir: Path) -> dict[str, float]:
        done.append(job)
        return {"quality": float(len(done))}

    monkeypatch.setattr(scratch, "ROOT", tmp_path)
    monkeypatch.setattr(train, "train_run", train_nothing)
    return done


def test_conventions_that_agree_in_all_hyperparameters_share_one_run(computed):
    same = defaults("lion", "torch")["lr"]
    runs = [job(optimizer="lion", convention=name, best=same) for name in ("paper_era", "torch", "tuned")]
    assert defaults("lion", "paper_era") == defaults("lion", "torch")
    assert [jobs.train(run) for run in runs] == [{"quality": 1.0}] * 3
    assert computed == runs[:1]


def more_seeds(params: Params) -> Params:
    return params.model_copy(update={"seeds": (0, 1, 2, 3, 4), "optimizers": ("sgd", "adam"), "scale": "laptop"})


def test_a_run_is_trained_again_only_when_something_that_decides_it_has_changed(computed):
    jobs.train(job())
    jobs.train(TrainJob(more_seeds(PARAMS), "digits_classification", "adam", "torch", 0, best=0.5))
    assert len(computed) == 1
    fewer_checks = PARAMS.model_copy(update={"checks": 2})
    others = [
        job(seed=1),
        job(optimizer="adamax"),
        job(convention="paper_era"),
        job(convention="tuned", best=2e-3),
        job("digits_autoencoder"),
        TrainJob(fewer_checks, "digits_classification", "adam", "torch", 0, 1e-2),
    ]
    assert [jobs.train(run)["quality"] for run in others] == [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    assert computed[1:] == others


def test_stages_keep_their_unfinished_work_apart():
    stages = [
        job().stage,
        job("digits_autoencoder").stage,
        SweepJob(PARAMS, "digits_classification", "adam").stage,
        *(LectureJob(PARAMS.lecture, width, "adam").stage for width in (8, 32)),
    ]
    assert len(set(stages)) == len(stages)


def test_what_was_computed_is_forgotten_only_once_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    params = params_at("smoke", compute={"workers": 1})
    computed = []

    def sweep(job: SweepJob) -> dict[str, float]:
        return scratch.Scratch(job.stage).once(job.optimizer, lambda _: computed.append(job) or {"best": 0.1})

    def full_disk(file: Path, value: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(scratch, "ROOT", tmp_path)
    monkeypatch.setattr(__main__, "HERE", tmp_path)
    monkeypatch.setattr(jobs, "sweep", sweep)
    with monkeypatch.context() as patch, pytest.raises(OSError, match="no space"):
        patch.setattr(__main__, "write_json", full_disk)
        __main__.sweep(params, "digits_classification")
    __main__.sweep(params, "digits_classification")
    assert len(computed) == len(params.optimizers)
    written = json.loads((tmp_path / "build/smoke/sweep/digits_classification.json").read_text())
    assert written["optimizers"] == {name: {"best": 0.1} for name in params.optimizers}
    __main__.sweep(params, "digits_classification")
    assert len(computed) == 2 * len(params.optimizers)
