"""A workload as a LightningModule: what the shared training core needs to train one run."""

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from common.optimizers import make
from papers.adaptive_optimizers.tasks import Task


class WorkloadModule(pl.LightningModule):
    """One network, one loss and one optimizer.

    Args:
        network: from images to logits.
        task: the loss to minimise and the quality to report.
        optimizer: name in `common.optimizers.OPTIMIZERS`.
        hyper: its hyperparameters.
    """

    def __init__(self, network: nn.Module, task: Task, optimizer: str, hyper: dict) -> None:
        super().__init__()
        self.network = network
        self.task = task
        self.optimizer = optimizer
        self.hyper = hyper

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Logits of a batch."""
        return self.network(x_BCHW)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_index: int) -> Tensor:
        """Loss of a minibatch."""
        x, y = batch
        return self.task.loss(self(x)[None], y)[0]

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_index: int) -> None:
        """Log loss and quality of a validation batch."""
        x, y = batch
        outputs = self(x)[None]
        self.log("valid_loss", self.task.loss(outputs, y)[0], batch_size=len(x))
        self.log("valid_quality", self.task.quality(outputs, y)[0], batch_size=len(x))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The optimizer under study, fused where torch offers it."""
        return make(self.optimizer, self.parameters(), self.hyper)
