"""What a workload minimises and how it is scored: data, loss and quality.

Shape suffixes: R run, B example, C channel, H height, W width, K class. Every function takes outputs with a
leading run axis, so that one trained network (R = 1) and an ensemble of runs are scored by the same code.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common import datasets
from common.errors import RepriseError
from papers.adaptive_optimizers import networks
from papers.adaptive_optimizers.settings import Workload


@dataclass(frozen=True)
class Part:
    """Inputs x_BCHW and targets y (labels [B], or the images themselves)."""

    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class WorkloadData:
    """The three parts of a workload's data; the test part is read once, after everything is chosen."""

    train: Part
    valid: Part
    test: Part
    outputs: int

    def to(self, device: torch.device) -> "WorkloadData":
        """Return the same data on `device`."""
        parts = (Part(part.x.to(device), part.y.to(device)) for part in (self.train, self.valid, self.test))
        return WorkloadData(*parts, outputs=self.outputs)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of one image."""
        return tuple(self.train.x.shape[1:])


def classification_loss(logits_RBK: Tensor, y_B: Tensor) -> Tensor:
    """Cross-entropy in nats, the mean over examples: [R]."""
    runs, batch, _ = logits_RBK.shape
    loss_RB = F.cross_entropy(logits_RBK.flatten(0, 1), y_B.expand(runs, batch).flatten(), reduction="none")
    return loss_RB.view(runs, batch).mean(1)


def accuracy(logits_RBK: Tensor, y_B: Tensor) -> Tensor:
    """Share of examples whose largest logit is the label's, in per cent: [R]."""
    return 100 * (logits_RBK.argmax(-1) == y_B).float().mean(1)


def reconstruction_loss(logits_RBCHW: Tensor, y_BCHW: Tensor) -> Tensor:
    """Binary cross-entropy per pixel in nats, as Keras' autoencoder tutorials of the time use it: [R]."""
    target = y_BCHW.expand_as(logits_RBCHW)
    return F.binary_cross_entropy_with_logits(logits_RBCHW, target, reduction="none").flatten(1).mean(1)


def psnr(logits_RBCHW: Tensor, y_BCHW: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of the reconstructions, -10 log10(mean squared error), in dB: [R]."""
    error_R = (logits_RBCHW.sigmoid() - y_BCHW).square().flatten(1).mean(1)
    return -10 * error_R.log10()


@dataclass(frozen=True)
class Task:
    """A loss to minimise and a quality to report; quality is better when higher."""

    loss: Callable[[Tensor, Tensor], Tensor]
    quality: Callable[[Tensor, Tensor], Tensor]
    unit: str
    label: str


TASKS = {
    "classification": Task(classification_loss, accuracy, "%", "test accuracy"),
    "autoencoder": Task(reconstruction_loss, psnr, "dB", "test PSNR"),
}


@lru_cache(maxsize=1)
def read_data(workload: Workload, split_seed: int) -> WorkloadData:
    """Load a workload's dataset, cut off the validation part and take the subsets; kept for the next run of a worker.

    Args:
        workload: names the dataset and the sizes.
        split_seed: fixes the permutations by which validation and subsets are drawn.

    Returns:
        Standardised images (per channel, by the training part) with labels for classification; images in
        [0, 1] that are their own targets for an autoencoder.

    Raises:
        RepriseError: the sizes ask for more images than the dataset has.
    """
    data = datasets.load(workload.dataset)
    rng = np.random.default_rng(split_seed)
    order = rng.permutation(len(data.x_train))
    valid, rest = order[: workload.valid_examples], order[workload.valid_examples :]
    train = rest[: workload.train_examples]
    test = rng.permutation(len(data.x_test))[: workload.test_examples]
    if workload.train_examples and len(train) < workload.train_examples:
        raise RepriseError(
            f"train_examples: {workload.train_examples} of {workload.dataset}, which has {len(rest)} left"
        )
    parts = [_part(data.x_train, data.y_train, train), _part(data.x_train, data.y_train, valid)]
    parts.append(_part(data.x_test, data.y_test, test))
    if workload.task == "autoencoder":
        parts = [Part(part.x, part.x) for part in parts]
    else:
        mean, std = parts[0].x.mean((0, 2, 3), keepdim=True), parts[0].x.std((0, 2, 3), keepdim=True)
        parts = [Part((part.x - mean) / std, part.y) for part in parts]
    return WorkloadData(*parts, outputs=len(data.classes))


def _part(x: np.ndarray, y: np.ndarray, chosen: np.ndarray) -> Part:
    images = torch.from_numpy(np.ascontiguousarray(x[chosen].transpose(0, 3, 1, 2))).float() / 255
    return Part(images, torch.from_numpy(np.ascontiguousarray(y[chosen])).long())


def build_network(workload: Workload, data: WorkloadData, seed: int | None = None) -> nn.Module:
    """Make the workload's network for its images; without a seed, torch's global generator draws the weights."""
    if seed is not None:
        torch.manual_seed(seed)
    return getattr(networks, workload.network)(data.shape, data.outputs, workload.channels, workload.hidden)


@torch.no_grad()
def evaluate(task: Task, network: nn.Module, part: Part, batch_size: int = 1000) -> tuple[float, float]:
    """Return (loss, quality) of one network on a part of the data, in batches to bound memory."""
    outputs = torch.cat([network(x) for x in part.x.split(batch_size)])[None]
    return float(task.loss(outputs, part.y)), float(task.quality(outputs, part.y))
