"""The final runs: every optimizer under every convention, through the shared training core."""

import math
from pathlib import Path
from typing import Any

import torch

from common.batches import TensorBatches
from common.optimizers import defaults
from common.training import Batches, TrainingDiverged, TrainSettings, fit
from papers.adaptive_optimizers.jobs import TrainJob
from papers.adaptive_optimizers.module import WorkloadModule
from papers.adaptive_optimizers.tasks import TASKS, WorkloadData, build_network, evaluate, read_data

SHOWN = 8
"""Test images whose reconstructions are kept, from the first seed of an autoencoder."""


def hyperparameters(job: TrainJob) -> dict[str, Any]:
    """Return the optimizer's hyperparameters under the run's convention."""
    if job.convention == "tuned":
        return {**defaults(job.optimizer, "torch"), "lr": job.best}
    return defaults(job.optimizer, job.convention)


def train_run(job: TrainJob, run_dir: Path) -> dict[str, Any]:
    """Train once through the shared core and score once on the test part.

    Args:
        job: what to train.
        run_dir: where the core keeps its checkpoint.

    Returns:
        `quality` and `test_loss`; the curves `steps`, `valid_quality`, `valid_loss`, `train_steps`, `train_losses`;
        `diverged_at`, None or a step; and for the first seed of an autoencoder `reconstructions`, [N][H][W][C] from
        0 to 255. A run that diverged scores as its untrained copy.
    """
    workload = job.params.workloads[job.workload]
    task, data = TASKS[workload.task], read_data(workload, job.params.split_seed)
    network = build_network(workload, data, job.seed)
    before = evaluate(task, network, data.valid)
    batches = TensorBatches((data.train.x, data.train.y), workload.batch_size, seed=job.seed)
    valid = TensorBatches((data.valid.x, data.valid.y), 500, shuffle=False, drop_last=False)
    every = max(1, len(batches) * workload.epochs // job.params.checks)
    settings = TrainSettings(
        max_epochs=workload.epochs,
        seed=job.seed,
        threads=job.params.compute.threads,
        validate_every=every,
        log_every=max(1, every // 5),
        progress=False,
    )
    module = WorkloadModule(network, task, job.optimizer, hyperparameters(job))
    steps = len(batches) * workload.epochs
    try:
        history = fit(module, Batches(batches, valid), settings, run_dir).history
        diverged_at = _first_non_finite(history)
    except TrainingDiverged as error:
        history, diverged_at = [], error.step
    loss, quality = evaluate(task, network, data.test)
    if diverged_at is None and not math.isfinite(loss):
        diverged_at = steps  # the last update was the one too far
    if diverged_at is not None:
        network = build_network(workload, data, job.seed)
        loss, quality = evaluate(task, network, data.test)
    curves = _curves(history, every, before, diverged_at, steps)
    result = {"quality": quality, "test_loss": loss, "diverged_at": diverged_at, **curves}
    if workload.task == "autoencoder" and job.seed == job.params.seeds[0]:
        result["reconstructions"] = _reconstructions(network, data)
    return result


def _first_non_finite(history: list[dict]) -> int | None:
    return next((row["step"] for row in history if not all(map(math.isfinite, row.values()))), None)


def _curves(
    history: list[dict], every: int, before: tuple[float, float], diverged_at: int | None, total: int
) -> dict[str, Any]:
    """Pick the curves out of the history; a run that diverged stays where it started."""
    if diverged_at is not None:
        steps = list(range(every, total + 1, every))
        flat = {"valid_loss": [before[0]] * len(steps), "valid_quality": [before[1]] * len(steps)}
        return {"steps": steps, **flat, "train_steps": steps, "train_losses": flat["valid_loss"]}
    checks = [row for row in history if "valid_quality" in row]
    trained = [row for row in history if "train_loss" in row]
    return {
        "steps": [row["step"] for row in checks],
        "valid_loss": [row["valid_loss"] for row in checks],
        "valid_quality": [row["valid_quality"] for row in checks],
        "train_steps": [row["step"] for row in trained],
        "train_losses": [row["train_loss"] for row in trained],
    }


@torch.no_grad()
def _reconstructions(network: torch.nn.Module, data: WorkloadData) -> list:
    images = network(data.test.x[:SHOWN]).sigmoid()
    return (255 * images).round().int().permute(0, 2, 3, 1).tolist()
