"""Two gloo processes on a CPU, started as a user would start them; as a script this file is what they run."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from common.config import ROOT
from common.recorder import Recorder
from common.training import fit
from tests.common.digits_run import SETTINGS, DigitsClassifier, digits, signalling


def train(folder: Path, batch_size: int) -> None:
    torch.manual_seed(0)
    module = DigitsClassifier(dropout=0.0)
    result = fit(module, digits(batch_size, augment=False), SETTINGS, folder)
    if os.environ.get("RANK", "0") == "0":
        torch.save({"weights": module.state_dict(), "from": result.resumed_from_step}, folder / "result.pt")


def launch(folder: Path, *signals: str) -> int:
    command = ["-W", "error", "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    script = ["-m", "tests.common.test_training_distributed", str(folder), *signals]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, *command, *script], cwd=ROOT, env=environment, check=False)
    return done.returncode


def launch_as_slurm(folder: Path) -> int:
    """Start two processes with the environment that `srun --ntasks-per-node 2` gives them."""
    job = {"SLURM_JOB_ID": "123", "SLURM_STEP_ID": "0", "SLURM_JOB_NAME": "train", "SLURM_NTASKS": "2"}
    place = {
        "SLURM_NNODES": "1",
        "SLURM_NTASKS_PER_NODE": "2",
        "SLURM_NODEID": "0",
        "SLURM_NODELIST": "127.0.0.1",
        "CUDA_VISIBLE_DEVICES": "",
    }
    script = [sys.executable, "-W", "error", "-m", "tests.common.test_training_distributed", str(folder)]
    ranks = [{"SLURM_PROCID": rank, "SLURM_LOCALID": rank, "RANK": rank} for rank in ("0", "1")]
    tasks = [subprocess.Popen(script, cwd=ROOT, env={**os.environ, **job, **place, **rank}) for rank in ranks]
    return max(task.wait() for task in tasks)


def rows(folder: Path) -> list[dict[str, float]]:
    """The history without train_accuracy, which the module logs for its own part of a batch."""
    with (folder / "metrics.csv").open() as file:
        table = list(csv.DictReader(file))
    return [{k: float(v) for k, v in row.items() if v and k != "train_accuracy"} for row in table]


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["torchrun", "srun"])
def test_two_processes_equal_one_with_the_doubled_batch(tmp_path, launcher):
    start = launch if launcher == "torchrun" else launch_as_slurm
    assert start(tmp_path / "two") == 0
    train(tmp_path / "one", batch_size=128)
    ours, theirs = (torch.load(tmp_path / name / "result.pt")["weights"] for name in ("two", "one"))
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=1e-4, atol=1e-5)
    for ours_row, row in zip(rows(tmp_path / "two"), rows(tmp_path / "one"), strict=True):
        assert ours_row == pytest.approx(row, rel=1e-4)
    assert sorted(file.name for file in (tmp_path / "two").iterdir()) == ["metrics.csv", "result.pt"]


@pytest.mark.slow
def test_two_processes_stop_together_and_resume(tmp_path):
    assert launch(tmp_path / "run", "17") != 0
    assert (tmp_path / "run/resume.ckpt").exists()
    assert launch(tmp_path / "run") == 0
    assert torch.load(tmp_path / "run/result.pt")["from"] == 21  # where the processes met after the signal
    assert launch(tmp_path / "whole") == 0
    assert (tmp_path / "run/metrics.csv").read_bytes() == (tmp_path / "whole/metrics.csv").read_bytes()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        Recorder.on_train_batch_end = signalling(int(sys.argv[2]), signal.SIGTERM)
    train(Path(sys.argv[1]), batch_size=64)
