"""What a minibatch costs: `TensorBatches` against slicing a shuffled tensor, and against torch's DataLoader."""

import time
from collections import deque
from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.case import Case
from benchmarks.training import BATCH_SIZE, images
from common.batches import TensorBatches

SAMPLES = 40_000


def consume(batches: Iterable[object]) -> None:
    """Take every batch and keep none."""
    deque(batches, maxlen=0)


def slice_shuffled(x: Tensor, y: Tensor) -> None:
    """Shuffle the whole tensors once, then slice: an epoch without any loader."""
    order = torch.randperm(len(x))
    x, y = x[order], y[order]
    consume((x[i : i + BATCH_SIZE], y[i : i + BATCH_SIZE]) for i in range(0, len(x), BATCH_SIZE))


def seconds(work: Callable[[], object]) -> float:
    """Time `work`, the best of three; copying the data once is the limit of what a loader can do."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def cases() -> list[Case]:
    """Compare one epoch of 40 000 images of MNIST's shape."""
    x, y = images(SAMPLES)
    batches = TensorBatches((x, y), BATCH_SIZE, drop_last=False)
    loader = DataLoader(TensorDataset(x, y), BATCH_SIZE, shuffle=True)
    return [
        Case(
            paper="common",
            name="an epoch of batches against slicing a shuffled tensor",
            ours=lambda: consume(batches),
            peer=lambda: slice_shuffled(x, y),
            target=1.0,
            unit=f"{SAMPLES} images in batches of {BATCH_SIZE}",
            limit_ratio=lambda: seconds(x.clone) / seconds(lambda: consume(batches)),
        ),
        Case(
            paper="common",
            name="an epoch of batches against torch's DataLoader",
            ours=lambda: consume(batches),
            peer=lambda: consume(loader),
            target=3.0,
            unit=f"{SAMPLES} images in batches of {BATCH_SIZE}",
        ),
    ]
