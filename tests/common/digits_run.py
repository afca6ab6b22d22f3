"""A small run on digits for the tests of the core; as a script it can be killed at a step of one's choice."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytorch_lightning as pl
import torch
from sklearn.datasets import load_digits
from torch import nn

from common.batches import TensorBatches
from common.recorder import Recorder
from common.schedules import schedule
from common.training import Batches, FitResult, TrainSettings, fit

SETTINGS = TrainSettings(max_epochs=3, threads=1, log_every=7, checkpoint_every_steps=5, progress=False)


class DigitsClassifier(pl.LightningModule):
    """An MLP with dropout, so that the generator's state matters, and Adam with a schedule, so that theirs do."""

    def __init__(self, lr: float = 3e-3, dropout: float = 0.2, total_steps: int = 33) -> None:
        super().__init__()
        self.lr, self.total_steps = lr, total_steps
        self.net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(dropout), nn.Linear(32, 10))

    def training_step(self, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        x, y = batch
        logits = self.net(x)
        self.log("train_accuracy", (logits.argmax(1) == y).float().mean())
        return nn.functional.cross_entropy(logits, y)

    def validation_step(self, batch: tuple[torch.Tensor, torch.Tensor]) -> None:
        x, y = batch
        logits = self.net(x)
        self.log("valid_loss", nn.functional.cross_entropy(logits, y))
        self.log("valid_accuracy", (logits.argmax(1) == y).float().mean())

    def configure_optimizers(self) -> dict:
        optimizer = torch.optim.Adam(self.parameters(), lr=self.lr)
        return {"optimizer": optimizer, "lr_scheduler": schedule(optimizer, "cosine", self.total_steps, warmup=3)}


def add_noise(batch: tuple[torch.Tensor, ...], generator: torch.Generator) -> tuple[torch.Tensor, ...]:
    x, y = batch
    return x + 0.05 * torch.randn(x.shape, generator=generator), y


def digits(batch_size: int = 128, augment: bool = True) -> Batches:
    """11 training batches and 2 for validation."""
    x_ND, y_N = load_digits(return_X_y=True)
    x_ND, y_N = torch.tensor(x_ND / 16, dtype=torch.float32), torch.tensor(y_N)
    train = TensorBatches((x_ND[:1500], y_N[:1500]), batch_size, seed=1, augment=add_noise if augment else None)
    return Batches(train, TensorBatches((x_ND[1500:], y_N[1500:]), 200, shuffle=False, drop_last=False))


def run(run_dir: Path, settings: TrainSettings = SETTINGS) -> tuple[DigitsClassifier, FitResult]:
    torch.manual_seed(0)
    module = DigitsClassifier(total_steps=settings.max_epochs * 11)
    return module, fit(module, digits(), settings, run_dir)


def signalling(step: int, number: int) -> Callable:
    """Recorder.on_train_batch_end of a process that sends itself a signal as training step `step` is done."""
    record = Recorder.on_train_batch_end

    def signal_and_record(self: Recorder, *args) -> None:
        if self.step + 1 == step:
            os.kill(os.getpid(), number)
        record(self, *args)

    return signal_and_record


if __name__ == "__main__":
    folder, name, when = sys.argv[1:]
    Recorder.on_train_batch_end = signalling(int(when), signal.Signals[name])
    run(Path(folder))
