"""Losses of one minibatch, one number per run; the targets may be shared by all runs."""

import torch.nn.functional as F
from torch import Tensor


def cross_entropy(logits_RBC: Tensor, labels: Tensor) -> Tensor:
    """Mean cross entropy per run, losses_R; `labels` is [B] or [R, B]."""
    labels_RB = labels.expand(logits_RBC.shape[:2])
    return F.cross_entropy(logits_RBC.transpose(1, 2), labels_RB, reduction="none").mean(1)


def mean_squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error per run, losses_R; `targets` is like `outputs` [R, B, ...] or shared, [B, ...]."""
    return (outputs - targets).square().flatten(1).mean(1)
