import errno
import math
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from pydantic import ValidationError

from common.config import ROOT
from common.errors import RepriseError
from common.recorder import Recorder
from common.training import Batches, CheckpointError, Interrupted, TrainingDiverged, TrainSettings, device, fit
from tests.common.digits_run import SETTINGS, DigitsClassifier, digits, run, signalling

GOLDEN = [2.293439, 2.195696, 2.118678, 2.056445, 2.051155]
"""Training loss of every row; a change here is a change of the science."""


class Killed(Exception):
    """Stands for the end of the process at a chosen step."""


def weights(module: torch.nn.Module) -> list[torch.Tensor]:
    return list(module.state_dict().values())


def assert_equal(ours: tuple, expected: tuple) -> None:
    (module, result), (other, reference) = ours, expected
    assert result.history == reference.history
    assert all(torch.equal(a, b) for a, b in zip(weights(module), weights(other), strict=True))


def fit_digits(run_dir: Path, kind: type[DigitsClassifier] = DigitsClassifier, **changes) -> tuple:
    torch.manual_seed(0)
    module = kind()
    return module, fit(module, digits(), SETTINGS.model_copy(update=changes), run_dir)


def kill_after(monkeypatch, step: int) -> None:
    record = Recorder.on_train_batch_end

    def record_then_die(self: Recorder, *args) -> None:
        record(self, *args)
        if self.step == step:
            raise Killed

    monkeypatch.setattr(Recorder, "on_train_batch_end", record_then_die)


def test_learns_digits_and_says_what_it_cost(tmp_path):
    settings = SETTINGS.model_copy(update={"max_epochs": 20, "checkpoint_every_steps": None})
    torch.manual_seed(0)
    module = DigitsClassifier(lr=2e-2, total_steps=220)
    result = fit(module, digits(augment=False), settings, tmp_path)
    assert result.history[-1]["valid_accuracy"] > 0.9
    assert result.history[-1]["step"] == result.steps == result.chosen_step == 220
    assert result.resumed_from_step == 0
    assert result.samples_per_second > 0 and result.peak_memory_bytes > 2**20 and result.seconds > 0


def test_loss_curve_is_golden_and_two_runs_are_bit_identical(tmp_path):
    first = run(tmp_path / "a")
    losses = [row["train_loss"] for row in first[1].history if "train_loss" in row]
    assert losses == pytest.approx(GOLDEN, rel=2e-5)
    assert_equal(run(tmp_path / "b"), first)
    assert (tmp_path / "a/metrics.csv").read_bytes() == (tmp_path / "b/metrics.csv").read_bytes()


def test_history_has_a_row_per_interval_and_per_validation(tmp_path):
    rows = fit_digits(tmp_path, validate_every=9)[1].history
    assert [row["step"] for row in rows if "train_loss" in row] == [7, 14, 21, 28, 33]
    assert [row["step"] for row in rows if "valid_loss" in row] == [9, 18, 27]
    assert [row["epoch"] for row in rows] == [0, 0, 1, 1, 1, 2, 2, 2]
    header, *lines = (tmp_path / "metrics.csv").read_text().splitlines()
    assert header == "step,epoch,train_loss,train_accuracy,valid_loss,valid_accuracy"
    assert len(lines) == len(rows)


def test_train_loss_is_the_mean_over_the_interval(tmp_path):
    every_step = [row["train_loss"] for row in fit_digits(tmp_path / "a", log_every=1)[1].history]
    rows = [row for row in fit_digits(tmp_path / "b")[1].history if "train_loss" in row]
    assert rows[0]["train_loss"] == pytest.approx(sum(every_step[:7]) / 7, rel=1e-12)


# an epoch has 11 steps; the last two cases are saved after a validation within an epoch, and after the last epoch
@pytest.mark.parametrize(
    ("killed_after", "resumed_from", "changes"),
    [
        (4, 0, {}),
        (5, 5, {}),
        (8, 5, {}),
        (11, 10, {}),
        (12, 11, {"checkpoint_every_steps": 11}),
        (9, 8, {"validate_every": 4, "checkpoint_every_steps": 4}),
        (29, 28, {"max_steps": 29, "checkpoint": "best", "monitor": "valid_loss", "checkpoint_every_steps": 4}),
    ],
)
def test_resumed_run_equals_an_uninterrupted_one(tmp_path, monkeypatch, killed_after, resumed_from, changes):
    settings = SETTINGS.model_copy(update=changes)
    expected = run(tmp_path / "whole", settings)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_after(patch, killed_after)
        run(tmp_path / "killed", settings)
    resumed = run(tmp_path / "killed", settings)
    assert resumed[1].resumed_from_step == resumed_from
    assert_equal(resumed, expected)
    assert (tmp_path / "killed/metrics.csv").read_bytes() == (tmp_path / "whole/metrics.csv").read_bytes()
    assert [file.name for file in (tmp_path / "killed").iterdir()] == ["metrics.csv"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal_saves_and_ends_with_the_shells_status(tmp_path, monkeypatch, capsys, number, status):
    expected = run(tmp_path / "whole")
    with monkeypatch.context() as patch, pytest.raises(Interrupted) as caught:
        patch.setattr(Recorder, "on_train_batch_end", signalling(17, number))
        run(tmp_path / "run")
    assert caught.value.code == status
    assert capsys.readouterr().err == "interrupted after step 17: start again to go on from there\n"
    resumed = run(tmp_path / "run")
    assert resumed[1].resumed_from_step == 17
    assert_equal(resumed, expected)


def test_signal_after_the_last_step_is_not_lost(tmp_path, monkeypatch):
    expected = run(tmp_path / "whole")
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(Recorder, "on_train_end", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        run(tmp_path / "run")
    assert_equal(run(tmp_path / "run"), expected)


@pytest.mark.parametrize(
    ("name", "status", "resumed_from"),
    [
        ("SIGKILL", -9, 15),
        pytest.param("SIGTERM", 143, 17, marks=pytest.mark.slow),
        pytest.param("SIGINT", 130, 17, marks=pytest.mark.slow),
    ],
)
def test_stopped_process_resumes_with_identical_metrics(tmp_path, name, status, resumed_from):
    script = [sys.executable, "-W", "error", "-m", "tests.common.digits_run", str(tmp_path / "run")]
    stopped = subprocess.run([*script, name, "17"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert stopped.returncode == status, stopped.stderr
    resumed = run(tmp_path / "run")
    assert resumed[1].resumed_from_step == resumed_from
    assert_equal(resumed, run(tmp_path / "whole"))


def test_signal_handlers_and_threads_are_put_back(tmp_path):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), torch.get_num_threads()
    fit_digits(tmp_path, max_epochs=1)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), torch.get_num_threads()) == before


def test_time_since_the_last_checkpoint_makes_one_due(tmp_path, monkeypatch):
    with pytest.raises(Killed):
        kill_after(monkeypatch, 3)
        fit_digits(tmp_path, checkpoint_every_steps=None, checkpoint_every_seconds=1e-6)
    assert torch.load(tmp_path / "resume.ckpt", weights_only=True)["global_step"] == 3


def test_divergence_names_the_step_and_the_last_finite_loss(tmp_path):
    class Diverging(DigitsClassifier):
        def training_step(self, batch):
            return super().training_step(batch) * (math.nan if self.global_step == 16 else 1.0)

    whole = [row["train_loss"] for row in fit_digits(tmp_path / "a", log_every=1)[1].history]
    with pytest.raises(TrainingDiverged) as caught:
        fit_digits(tmp_path / "b", Diverging)
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.step, error.last_finite_loss) == (17, whole[15])
    assert str(error).startswith("the loss became nan at step 17 (last finite loss ")
    assert [row["step"] for row in error.history] == [7, 11, 14]
    assert not (tmp_path / "b/resume.ckpt").exists()


def test_interruption_survives_the_way_back_from_a_worker():
    error = pickle.loads(pickle.dumps(Interrupted(signal.SIGTERM, 12)))
    assert (error.code, error.step) == (143, 12)


def test_clipping_bounds_the_whole_gradient(tmp_path):
    class Watched(DigitsClassifier):
        norms: ClassVar[list[float]] = []

        def on_before_zero_grad(self, optimizer):
            squares = [p.grad.square().sum() for p in self.parameters() if p.grad is not None]
            self.norms += [float(sum(squares)) ** 0.5] if squares else []

    fit_digits(tmp_path, Watched, max_epochs=1, gradient_clip=0.05)
    assert max(Watched.norms) == pytest.approx(0.05, rel=1e-4)


@pytest.mark.parametrize("mode", ["min", "max"])
def test_best_holds_the_weights_of_the_best_validation(tmp_path, mode):
    class Wandering(DigitsClassifier):
        """Validates to 3, 1, 2, and remembers its weights at each validation."""

        def on_fit_start(self):
            self.seen = []

        def validation_step(self, batch):
            self.log("score", [3.0, 1.0, 2.0][self.current_epoch])

        def on_validation_end(self):
            self.seen.append([tensor.clone() for tensor in weights(self)])

    module, result = fit_digits(tmp_path, Wandering, checkpoint="best", monitor="score", mode=mode)
    best = 1 if mode == "min" else 0
    assert result.chosen_step == 11 * (best + 1)
    assert all(torch.equal(a, b) for a, b in zip(weights(module), module.seen[best], strict=True))
    last, result = fit_digits(tmp_path, Wandering)
    assert result.chosen_step == 33
    assert all(torch.equal(a, b) for a, b in zip(weights(last), last.seen[2], strict=True))


def test_best_needs_a_metric_that_exists(tmp_path):
    with pytest.raises(ValidationError, match="checkpoint: best needs `monitor`"):
        TrainSettings(max_epochs=1, checkpoint="best")
    with pytest.raises(RepriseError, match=r"no validation metric 'acc' \(logged: valid_accuracy, valid_loss\)"):
        fit_digits(tmp_path, checkpoint="best", monitor="acc")


def test_full_disk_is_one_line_and_leaves_the_older_checkpoint(tmp_path, monkeypatch):
    expected = run(tmp_path / "whole")
    flush, calls = os.fsync, []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 4:  # two files a checkpoint
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(descriptor)

    with monkeypatch.context() as patch, pytest.raises(CheckpointError) as caught:
        patch.setattr(os, "fsync", full)
        run(tmp_path / "run")
    message = str(caught.value)
    assert "\n" not in message
    assert "resume.ckpt" in message and "No space left on device; make room" in message
    assert sorted(file.name for file in (tmp_path / "run").iterdir()) == ["metrics.csv", "resume.ckpt"]
    resumed = run(tmp_path / "run")
    assert resumed[1].resumed_from_step == 5
    assert_equal(resumed, expected)


def test_checkpoint_of_another_number_of_processes_is_refused(tmp_path, monkeypatch):
    with pytest.raises(Killed):
        kill_after(monkeypatch, 5)
        run(tmp_path)
    state = torch.load(tmp_path / "resume.ckpt", weights_only=True)
    recorded = state["callbacks"]["Recorder"]
    recorded["rngs"] = recorded["rngs"] * 2
    torch.save(state, tmp_path / "resume.ckpt")
    with pytest.raises(CheckpointError, match="is of a run of 2 processes, not 1"):
        run(tmp_path)


def test_damaged_checkpoint_is_one_line(tmp_path):
    (tmp_path / "resume.ckpt").write_bytes(b"not a checkpoint")
    with pytest.raises(CheckpointError, match=r"cannot read .*resume\.ckpt: .*; delete it to start afresh"):
        run(tmp_path)


def test_runs_without_validation(tmp_path):
    module = DigitsClassifier()
    result = fit(module, Batches(digits().train), SETTINGS, tmp_path)
    assert all("valid_loss" not in row for row in result.history)


def test_missing_gpu_is_one_line():
    if torch.cuda.is_available():
        assert device(TrainSettings(max_epochs=1)).type == "cuda"
    else:
        with pytest.raises(RepriseError, match="torch sees no CUDA device"):
            device(TrainSettings(max_epochs=1, accelerator="gpu"))
        assert device(TrainSettings(max_epochs=1)).type == "cpu"


def test_starting_a_fit_is_cheap(tmp_path):
    changes = {"max_steps": 1, "checkpoint_every_steps": None}
    seconds = []
    for _ in range(5):
        start = time.process_time()
        fit_digits(tmp_path, **changes)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.2


@pytest.mark.gpu
def test_a_gpu_trains_in_bfloat16_and_resumes(tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_after(patch, 12)
        fit_digits(tmp_path)
    _, result = fit_digits(tmp_path)
    assert result.resumed_from_step == 10 and result.steps == 33
    assert result.history[-1]["valid_accuracy"] > 0.3
