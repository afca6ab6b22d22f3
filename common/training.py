"""The one training core: a Lightning module, its batches and its settings in; a history out."""

import csv
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.environments import (
    ClusterEnvironment,
    LightningEnvironment,
    SLURMEnvironment,
    TorchElasticEnvironment,
)
from pytorch_lightning.callbacks import RichProgressBar

from common.checkpoints import AtomicCheckpoints, CheckpointError, write_atomically
from common.errors import RepriseError
from common.interruption import Interrupted, StopSignals
from common.recorder import Positioned, Recorder, Row, TrainingDiverged, peak_memory_bytes
from common.settings import TrainSettings

__all__ = [
    "Batches",
    "CheckpointError",
    "FitResult",
    "Interrupted",
    "TrainSettings",
    "TrainingDiverged",
    "device",
    "fit",
]


@dataclass(frozen=True)
class Batches:
    """What to train on, and what to validate on (the whole of it in every process), if anything."""

    train: Positioned
    valid: Iterable[Any] | None = None


@dataclass(frozen=True)
class FitResult:
    """How a run went; the module itself holds the weights of `chosen_step`."""

    history: list[Row]
    """Rows of step, epoch and what is known there: train_loss every `log_every` steps, validation's metrics."""
    steps: int
    chosen_step: int
    """The last step, or the best one if the settings ask for that."""
    seconds: float
    """Wall time of the loop, summed over interruptions."""
    samples_per_second: float
    """Training samples through the steps, validation time left out, all processes together."""
    peak_memory_bytes: int
    """Of the GPU if one is used; else the process's high water so far."""
    resumed_from_step: int
    """0 where the run did not resume."""


def fit(module: pl.LightningModule, data: Batches, settings: TrainSettings, run_dir: Path) -> FitResult:
    """Train `module` in place, going on where an earlier run in `run_dir` was stopped.

    An interrupted run ends as an uninterrupted one would have, bit by bit on a CPU. The caller seeds the weights
    before it makes the module; here the generators are seeded for training. Metrics that `training_step` logs
    appear in the history as they were at that step; Lightning's means over an epoch of training do not.

    Ctrl-C and SIGTERM end in `Interrupted`, a full disk or a damaged checkpoint in `CheckpointError`, a missing GPU
    or an unknown `monitor` in `RepriseError`.

    Args:
        module: `training_step` returns the loss, `validation_step` logs metrics.
        data: the batches; under `torchrun` or `srun` each process takes its part of every training batch.
        settings: see `TrainSettings`.
        run_dir: of this run alone, see `common.scratch.run_key`; keeps metrics.csv, and the checkpoint until the end.

    Returns:
        The history and what the run cost.

    Raises:
        TrainingDiverged: the loss became NaN or infinite. The checkpoint is gone, as a second try would end alike.
    """
    where, cluster = device(settings), _cluster()
    rank, world = cluster.global_rank(), cluster.world_size()
    data.train.shard(rank, world)
    data.train.set_epoch(0)
    checkpoint, checkpoints = run_dir / "resume.ckpt", AtomicCheckpoints()
    run_dir.mkdir(parents=True, exist_ok=True)
    with _global_settings(settings), StopSignals() as signals:
        recorder = Recorder(
            settings,
            data.train,
            data.valid is not None,
            signals,
            lambda history: _write_csv(history, run_dir / "metrics.csv"),
            checkpoint,
        )
        trainer = _trainer(settings, where, cluster, recorder, checkpoints, run_dir)
        pl.seed_everything(settings.seed + rank, workers=True, verbose=False)
        if where.type == "cuda":
            torch.cuda.reset_peak_memory_stats(where)
        module.train()
        resume = checkpoint if checkpoint.exists() else None
        try:
            trainer.fit(module, data.train, data.valid, ckpt_path=resume, weights_only=True)
        except TrainingDiverged:
            checkpoints.remove_checkpoint(checkpoint)
            raise
    if signals.received is not None:  # it came after the last step; the checkpoint before is still there
        raise Interrupted(signals.received, recorder.step)
    if settings.checkpoint == "best" and recorder.best is not None:
        module.load_state_dict(recorder.best["weights"])
    if rank == 0:
        _write_csv(recorder.history, run_dir / "metrics.csv")
        checkpoints.remove_checkpoint(checkpoint)
    samples = recorder.step * data.train.batch_size * world
    return FitResult(
        history=recorder.history,
        steps=recorder.step,
        chosen_step=recorder.best["step"] if recorder.best else recorder.step,
        seconds=recorder.seconds,
        samples_per_second=samples / max(recorder.training_seconds, 1e-9),
        peak_memory_bytes=peak_memory_bytes(),
        resumed_from_step=recorder.resumed_from_step,
    )


def device(settings: TrainSettings) -> torch.device:
    """Tell where `fit` will train, for callers that put their data there beforehand.

    Args:
        settings: `accelerator` decides; `auto` takes a GPU where there is one.

    Returns:
        The CPU or this process's GPU.

    Raises:
        RepriseError: a GPU is asked for and there is none.
    """
    available = torch.cuda.is_available()
    if settings.accelerator == "gpu" and not available:
        raise RepriseError("accelerator: gpu is asked for, but torch sees no CUDA device; use auto or cpu")
    if settings.accelerator == "cpu" or not available:
        return torch.device("cpu")
    return torch.device("cuda", _cluster().local_rank())


def _cluster() -> ClusterEnvironment:
    """The launcher that started this process as one of several; else an environment of one process."""
    if TorchElasticEnvironment.detect():
        return TorchElasticEnvironment()
    # only a job step has several processes; a batch script is alone, whatever its job has reserved
    if "SLURM_STEP_ID" in os.environ and int(os.environ.get("SLURM_NTASKS", "1")) > 1:
        return SLURMEnvironment(auto_requeue=False)  # requeueing would write checkpoints of its own
    return LightningEnvironment()


def _nodes(cluster: ClusterEnvironment) -> int:
    if isinstance(cluster, TorchElasticEnvironment):
        return cluster.world_size() // int(os.environ["LOCAL_WORLD_SIZE"])
    return int(os.environ["SLURM_NNODES"]) if isinstance(cluster, SLURMEnvironment) else 1


def _trainer(
    settings: TrainSettings,
    where: torch.device,
    cluster: ClusterEnvironment,
    recorder: Recorder,
    checkpoints: AtomicCheckpoints,
    run_dir: Path,
) -> pl.Trainer:
    on_gpu = where.type == "cuda"
    world, nodes = cluster.world_size(), _nodes(cluster)
    bar = [RichProgressBar(refresh_rate=20)] if settings.progress and sys.stdout.isatty() else []
    precision = ("bf16-mixed" if on_gpu else "32") if settings.precision == "auto" else settings.precision
    return pl.Trainer(
        accelerator="gpu" if on_gpu else "cpu",
        strategy="ddp" if world > 1 else "auto",
        devices=world // nodes,
        num_nodes=nodes,
        plugins=[checkpoints, cluster],
        precision=precision,
        deterministic=settings.deterministic,
        max_epochs=recorder.epochs,
        gradient_clip_val=settings.gradient_clip,
        val_check_interval=settings.validate_every,
        check_val_every_n_epoch=None if settings.validate_every else 1,
        callbacks=[recorder, *bar],
        enable_progress_bar=bool(bar),
        default_root_dir=run_dir,
        # the recorder does it, or nobody needs it, and each would cost time at every start
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_autolog_hparams=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )


@contextmanager
def _global_settings(settings: TrainSettings) -> Iterator[None]:
    """Set torch's threads and Lightning's verbosity, and put back everything that a fit changes globally."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    chatter = [logging.getLogger(name) for name in ("pytorch_lightning", "lightning_fabric")]
    levels = [logger.level for logger in chatter]
    torch.set_num_threads(settings.threads)
    for logger in chatter:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            # Lightning 2.6.6 asks torch's pytree in a way that torch 2.13 has renamed
            warnings.filterwarnings("ignore", message=r"`isinstance\(treespec, LeafSpec\)`", category=FutureWarning)
            # a run without validation is asked for by `valid=None`
            warnings.filterwarnings("ignore", message="You defined a `validation_step` but have no `val_dataloader`")
            # on a machine with SLURM a process outside of it is no mistake
            warnings.filterwarnings("ignore", message="The `srun` command is available")
            # every process validates on the same data, so there is nothing to synchronise
            warnings.filterwarnings("ignore", message="It is recommended to use `self.log")
            yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)
        for logger, level in zip(chatter, levels, strict=True):
            logger.setLevel(level)


def _write_csv(history: list[Row], path: Path) -> None:
    columns = list(dict.fromkeys(name for row in history for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    write_atomically(path, text.getvalue().encode())
