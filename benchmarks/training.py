"""What the training core costs: its steps against a bare PyTorch loop on the MNIST network."""

import tempfile
from pathlib import Path

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from benchmarks.case import Case
from common.batches import TensorBatches
from common.training import Batches, TrainSettings, fit

BATCH_SIZE = 128
STEPS = 300
THREADS = 1


def network() -> nn.Sequential:
    """Build the MNIST network: 28x28 -> conv 5x5, 8 -> conv 5x5, 16 -> 64 -> 10."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(256, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def images(count: int = BATCH_SIZE * STEPS) -> tuple[Tensor, Tensor]:
    """Draw noise of MNIST's shape, one epoch of it."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, 1, 28, 28, generator=generator), torch.randint(10, (count,), generator=generator)


class Classifier(pl.LightningModule):
    """The network as the core takes it."""

    def __init__(self) -> None:
        super().__init__()
        self.net = network()

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the cross-entropy of one batch."""
        x, y = batch
        return nn.functional.cross_entropy(self.net(x), y)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Use Adam."""
        return torch.optim.Adam(self.parameters(), lr=1e-3, fused=True)


def train_with_core(x: Tensor, y: Tensor) -> None:
    """One epoch through `fit`, its start and end included."""
    settings = TrainSettings(max_epochs=1, threads=THREADS, accelerator="cpu", progress=False)
    with tempfile.TemporaryDirectory() as folder:
        fit(Classifier(), Batches(TensorBatches((x, y), BATCH_SIZE)), settings, Path(folder))


def train_bare(x: Tensor, y: Tensor) -> None:
    """The same epoch in the shortest loop that does the same: shuffled batches, and a look at the loss at times."""
    net = network()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    order = torch.randperm(len(x))
    for step in range(STEPS):
        chosen = order[step * BATCH_SIZE : (step + 1) * BATCH_SIZE]
        loss = nn.functional.cross_entropy(net(x[chosen]), y[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 49:
            loss.item()


def cases() -> list[Case]:
    """Compare one epoch of noise of MNIST's shape."""
    x, y = images()
    return [
        Case(
            paper="common",
            name="training core against a bare PyTorch loop, MNIST CNN",
            ours=lambda: train_with_core(x, y),
            peer=lambda: train_bare(x, y),
            target=1.15,
            unit=f"{STEPS} steps of batch {BATCH_SIZE}, start-up included",
            at_least=False,
        )
    ]
