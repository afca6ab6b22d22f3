"""What the training core does inside Lightning's loop: record, notice divergence, keep the best, save, stop."""

import math
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytorch_lightning as pl
import torch
from torch import Tensor

from common.checkpoints import CheckpointError, rng_state, set_rng_state
from common.errors import RepriseError
from common.interruption import Interrupted, StopSignals
from common.settings import TrainSettings

Row = dict[str, float | int]
"""One row of the history: step (steps done), epoch (from 0), and the metrics known at that step."""


class TrainingDiverged(RepriseError):
    """The loss became NaN or infinite: a finding, to be recorded with its step, last finite loss and history."""

    def __init__(self, step: int, loss: float, last_finite_loss: float | None, history: list[Row]) -> None:
        super().__init__(step, loss, last_finite_loss, history)
        self.step, self.loss, self.last_finite_loss, self.history = step, loss, last_finite_loss, history

    def __str__(self) -> str:
        before = "never finite" if self.last_finite_loss is None else f"last finite loss {self.last_finite_loss:.6g}"
        return f"the loss became {self.loss} at step {self.step} ({before}): lower the learning rate or clip gradients"


class Positioned(Protocol):
    """Training batches that can be taken up anywhere, such as `common.batches.TensorBatches`."""

    batch_size: int
    """Samples in a batch of one process."""

    def __len__(self) -> int:
        """Batches in an epoch, for one process."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the rest of the epoch, the position always being that of the next batch."""

    def set_epoch(self, epoch: int, batch: int = 0) -> None:
        """Move to a position."""

    def shard(self, rank: int, world: int) -> None:
        """Yield only this process's part of every global batch."""

    def state_dict(self) -> dict[str, int]:
        """Tell the position."""

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Move to the position of `state_dict`."""


class Recorder(pl.Callback):
    """Follows one run; its state is in every checkpoint, so that a resumed run ends with the same history."""

    def __init__(
        self,
        settings: TrainSettings,
        batches: Positioned,
        validates: bool,
        signals: StopSignals,
        save: Callable[[list[Row]], None],
        checkpoint: Path,
    ) -> None:
        self.settings, self.batches, self.validates = settings, batches, validates
        self.signals, self.save_history, self.checkpoint = signals, save, checkpoint
        self.total_steps = settings.max_epochs * len(batches)
        if settings.max_steps is not None:
            self.total_steps = min(settings.max_steps, self.total_steps)
        self.history: list[Row] = []
        self.step = 0
        self.resumed_from_step = 0
        self.seconds = 0.0
        self.training_seconds = 0.0
        self.best: dict[str, Any] | None = None
        self._losses: list[Tensor | float] = []
        self._last_finite: float | None = None
        self._rngs: list[dict[str, Any]] = []
        self._saved_at = self._clock = time.monotonic()
        self._due = False
        self._epoch_ends = False

    @property
    def epochs(self) -> int:
        """Epochs begun until the last step."""
        return math.ceil(self.total_steps / len(self.batches))

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take over the signals and the generators' states, last of all before the first batch."""
        self.signals.install()
        if self._rngs:
            if len(self._rngs) != trainer.world_size:
                raise CheckpointError(
                    f"{self.checkpoint} is of a run of {len(self._rngs)} processes, not {trainer.world_size}: "
                    "start as many again, or delete it to start afresh"
                )
            set_rng_state(self._rngs[trainer.global_rank])
        self._saved_at = self._clock = time.monotonic()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Move the batches to the epoch; Lightning skips this where a run resumes within one."""
        self.batches.set_epoch(trainer.current_epoch)
        trainer.logged_metrics.clear()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Record the loss, stop a diverged run, and save where a checkpoint is due."""
        settings = self.settings
        self.step += 1
        self._losses.append(outputs["loss"])
        last = self.step == self.total_steps
        logs = last or self.step % settings.log_every == 0
        if logs:
            self._log(trainer)
        self._epoch_ends = last or batch_idx + 1 == len(self.batches)
        trainer.should_stop = last and batch_idx + 1 < len(self.batches)  # Lightning then validates at once
        every = settings.validate_every
        validates = trainer.should_stop or (self._epoch_ends if every is None else self.step % every == 0)
        self._due = self._due or self._is_due(trainer, logs or self._epoch_ends)
        # at the end of an epoch, and where a validation follows, the state is complete only after it
        if self._due and not self._epoch_ends and not (self.validates and validates):
            self._save(trainer)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Forget the training metrics, so that only this validation's are left at its end."""
        self._check_losses(trainer)
        self._tick(training=True)
        trainer.logged_metrics.clear()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Record the metrics, and keep the weights if they are the best so far."""
        metrics = _floats(trainer.logged_metrics)
        trainer.logged_metrics.clear()
        self._add(trainer, metrics)
        if self.settings.checkpoint == "best":
            self._keep_if_best(metrics, pl_module)
        self._tick(training=False)
        if self._due and not self._epoch_ends:
            self._save(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save between two epochs where a checkpoint is due."""
        if self._due:
            self._save(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop the clock."""
        self._tick(training=True)

    def state_dict(self) -> dict[str, Any]:
        """Tell what a resumed run needs, in tensors and plain values."""
        return {
            "step": self.step,
            "history": self.history,
            "losses": self._losses,
            "last_finite": self._last_finite,
            "best": self.best,
            "seconds": self.seconds,
            "training_seconds": self.training_seconds,
            "rngs": self._rngs,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.step = self.resumed_from_step = state["step"]
        self.history, self.best = state["history"], state["best"]
        self._losses, self._last_finite, self._rngs = state["losses"], state["last_finite"], state["rngs"]
        self.seconds, self.training_seconds = state["seconds"], state["training_seconds"]

    def _log(self, trainer: pl.Trainer) -> None:
        self._check_losses(trainer)
        window, self._losses = self._losses, []
        self._add(trainer, {"train_loss": math.fsum(window) / len(window), **_floats(trainer.logged_metrics)})
        trainer.logged_metrics.clear()

    def _add(self, trainer: pl.Trainer, metrics: Row) -> None:
        if not self.history or self.history[-1]["step"] != self.step:
            self.history.append({"step": self.step, "epoch": trainer.current_epoch})
        self.history[-1].update(metrics)

    def _check_losses(self, trainer: pl.Trainer) -> None:
        """Turn the losses since the last look into numbers, all at once: only here is a GPU waited for."""
        fresh = [loss for loss in self._losses if isinstance(loss, Tensor)]
        if not fresh:
            return
        values = trainer.strategy.reduce(torch.stack(fresh).detach().double(), reduce_op="mean").tolist()
        for step, value in enumerate(values, start=self.step - len(values) + 1):
            if not math.isfinite(value):
                raise TrainingDiverged(step, value, self._last_finite, self.history)
            self._last_finite = value
        self._losses = [loss for loss in self._losses if not isinstance(loss, Tensor)] + values

    def _keep_if_best(self, metrics: Row, module: pl.LightningModule) -> None:
        name = self.settings.monitor
        if name not in metrics:
            logged = ", ".join(sorted(metrics)) or "none"
            raise RepriseError(f"monitor: no validation metric {name!r} (logged: {logged})")
        value = metrics[name]
        sign = 1 if self.settings.mode == "min" else -1
        if math.isfinite(value) and (self.best is None or sign * value < sign * self.best["value"]):
            weights = {key: tensor.detach().cpu().clone() for key, tensor in module.state_dict().items()}
            self.best = {"value": value, "step": self.step, "weights": weights}

    def _is_due(self, trainer: pl.Trainer, processes_meet: bool) -> bool:
        """Whether to save; several processes must agree, and do so only where they meet anyway."""
        every = self.settings.checkpoint_every_steps
        due = (
            self.signals.received is not None
            or (every is not None and self.step % every == 0)
            or time.monotonic() - self._saved_at > self.settings.checkpoint_every_seconds
        )
        if trainer.world_size == 1:
            return due
        return processes_meet and trainer.strategy.reduce_boolean_decision(due, all=False)

    def _save(self, trainer: pl.Trainer) -> None:
        self._check_losses(trainer)
        self._tick(training=True)
        self._rngs = [rng_state()] * trainer.world_size
        if trainer.world_size > 1:
            torch.distributed.all_gather_object(self._rngs, rng_state())
        if trainer.is_global_zero:
            self.save_history(self.history)
        trainer.save_checkpoint(self.checkpoint, weights_only=False)
        self._saved_at, self._due = time.monotonic(), False
        number = self.signals.received
        if number is not None:
            if trainer.is_global_zero:
                print(f"interrupted after step {self.step}: start again to go on from there", file=sys.stderr)
            raise Interrupted(number, self.step)

    def _tick(self, training: bool) -> None:
        now = time.monotonic()
        self.seconds += now - self._clock
        self.training_seconds += (now - self._clock) if training else 0.0
        self._clock = now


def peak_memory_bytes() -> int:
    """Tell the most memory held: by torch on the GPU since the last reset, else by the process since its start."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        return torch.cuda.max_memory_allocated()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _floats(metrics: dict[str, Tensor]) -> Row:
    return {name: float(value) for name, value in metrics.items()}
