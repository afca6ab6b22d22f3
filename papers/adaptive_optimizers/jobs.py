"""The units of work that go to worker processes. Light to import: a worker loads what its own stage needs."""

from dataclasses import dataclass
from typing import Any

from common.scratch import Scratch, run_key
from papers.adaptive_optimizers.settings import Lecture, Params

PAPER = "papers.adaptive_optimizers"


@dataclass(frozen=True)
class SweepJob:
    """All learning rates and tuning seeds of one optimizer on one workload."""

    params: Params
    workload: str
    optimizer: str

    @property
    def stage(self) -> str:
        """Where unfinished work of the stage is kept."""
        return f"adaptive_optimizers/sweep/{self.workload}"


@dataclass(frozen=True)
class TrainJob:
    """One final run. `best` is the learning rate that the sweep chose, for convention "tuned"."""

    params: Params
    workload: str
    optimizer: str
    convention: str
    seed: int
    best: float

    @property
    def stage(self) -> str:
        """Where unfinished work of the stage is kept."""
        return f"adaptive_optimizers/train/{self.workload}"


@dataclass(frozen=True)
class LectureJob:
    """One optimizer of the lecture at one width."""

    settings: Lecture
    width: int
    optimizer: str

    @property
    def stage(self) -> str:
        """Where unfinished work of the stage is kept."""
        return f"adaptive_optimizers/lecture/{self.width}"


def sweep(job: SweepJob) -> dict[str, Any]:
    """See `papers.adaptive_optimizers.sweep.sweep_optimizer`."""
    from papers.adaptive_optimizers.sweep import sweep_optimizer  # noqa: PLC0415  (a worker imports torch, not we)

    params = job.params
    key = run_key(
        params.workloads[job.workload], params.tuning, params.split_seed, job.optimizer,
        modules=("common.batches", "common.ensembles", "common.optimizers",
                 f"{PAPER}.networks", f"{PAPER}.sweep", f"{PAPER}.tasks"),
    )  # fmt: skip
    return Scratch(job.stage).once(key, lambda _: sweep_optimizer(job))


def train(job: TrainJob) -> dict[str, Any]:
    """See `papers.adaptive_optimizers.train.train_run`."""
    from papers.adaptive_optimizers.train import hyperparameters, train_run  # noqa: PLC0415  (imports Lightning)

    params = job.params
    key = run_key(
        params.workloads[job.workload], params.split_seed, params.checks, job.optimizer, job.seed,
        hyperparameters(job),  # not the convention: where two of them agree, one run serves both
        modules=("common.batches", "common.checkpoints", "common.optimizers", "common.recorder", "common.training",
                 f"{PAPER}.module", f"{PAPER}.networks", f"{PAPER}.tasks", f"{PAPER}.train"),
    )  # fmt: skip
    return Scratch(job.stage).once(key, lambda run_dir: train_run(job, run_dir))


def lecture(job: LectureJob) -> dict[str, Any]:
    """See `papers.adaptive_optimizers.lecture.experiment.compare`."""
    from papers.adaptive_optimizers.lecture.experiment import compare  # noqa: PLC0415  (imports torch)

    key = run_key(
        job.settings, job.width, job.optimizer,
        modules=("common.ensembles", "common.optimizers", f"{PAPER}.lecture", f"{PAPER}.networks",
                 f"{PAPER}.sweep", f"{PAPER}.tasks"),
    )  # fmt: skip
    return Scratch(job.stage).once(key, lambda _: compare(job))
