"""The learning-rate sweep: for each optimizer one batched program of (learning rate x seed) runs.

This is the declared tuning protocol: the same number of half-decades and of seeds for every optimizer, and the same
rule where the best is an end of the grid; the other hyperparameters at torch's defaults; chosen by the mean quality on
the validation part.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from common import ensembles
from common.batches import TensorBatches
from common.device import best_device
from common.optimizers import defaults, learning_rate_grid
from papers.adaptive_optimizers.jobs import SweepJob
from papers.adaptive_optimizers.tasks import TASKS, Part, Task, build_network, read_data

EVALUATION_BATCH = 250
"""Examples scored at a time; bounds the memory of R networks' activations."""


def sweep_optimizer(job: SweepJob) -> dict[str, Any]:
    """Train every (learning rate, seed) of one optimizer together and score them on the validation part.

    Returns:
        `learning_rates` [L]; `quality` [L][S], None where a run diverged; `best`, the learning rate with the
        highest mean among those that no seed diverged at; `at_edge`, whether it is an end of the grid.
    """
    workload, tuning = job.params.workloads[job.workload], job.params.tuning
    device = best_device()
    task, data = TASKS[workload.task], read_data(workload, job.params.split_seed).to(device)
    seen = Part(data.train.x[: workload.tuning_examples], data.train.y[: workload.tuning_examples])

    def quality_of(rates: list[float]) -> list[list[float]]:
        runs = [(rate, seed) for rate in rates for seed in tuning.seeds]
        ensemble = ensembles.Ensemble(lambda: build_network(workload, data), [seed for _, seed in runs], device)
        hyper = {**defaults(job.optimizer, "torch"), "lr": [rate for rate, _ in runs]}
        batches = shared_batches(seen, workload.batch_size, workload.tuning_epochs, tuning.seeds[0])
        ensembles.train(ensemble, ensembles.Recipe(job.optimizer, hyper), batches, task.loss, record=())
        return score(ensemble, task, data.valid).view(len(rates), -1).tolist()

    return tune(job.optimizer, tuning.points, tuning.extend, quality_of)


def tune(
    optimizer: str, points: int, extend: int, quality_of: Callable[[list[float]], list[list[float]]]
) -> dict[str, Any]:
    """Sweep the grid and, while the best learning rate is its end, one half-decade more beyond that end.

    Args:
        optimizer: whose search centre the grid is around.
        points: learning rates of the grid.
        extend: the most half-decades that may be added.
        quality_of: learning rates [L] -> validation quality [L][S], NaN where a run diverged.

    Returns:
        See `choose`.
    """
    widest = learning_rate_grid(optimizer, points + 2 * extend)
    low, high = extend, extend + points
    quality_LS = quality_of(widest[low:high])
    for _ in range(extend):
        chosen = choose(widest[low:high], quality_LS)
        if not chosen["at_edge"]:
            break
        if chosen["best"] == widest[low]:
            low -= 1
            quality_LS = quality_of(widest[low : low + 1]) + quality_LS
        else:
            high += 1
            quality_LS = quality_LS + quality_of(widest[high - 1 : high])
    return choose(widest[low:high], quality_LS)


def choose(rates: list[float], quality_LS: list[list[float]]) -> dict[str, Any]:
    """Pick the learning rate with the best mean quality; None stands for a run that diverged."""
    means = [sum(row) / len(row) for row in quality_LS]
    finite = [i for i, mean in enumerate(means) if math.isfinite(mean)]
    best = max(finite, key=means.__getitem__, default=0)
    return {
        "learning_rates": rates,
        "quality": [[value if math.isfinite(value) else None for value in row] for row in quality_LS],
        "best": rates[best],
        "at_edge": best in {0, len(rates) - 1},
    }


def shared_batches(part: Part, batch_size: int, epochs: int, seed: int) -> Iterator[tuple[Tensor, ...]]:
    """Yield the minibatches (x, y) of all epochs, the same for every run of an ensemble."""
    batches = TensorBatches((part.x, part.y), batch_size, seed=seed)
    for epoch in range(epochs):
        batches.set_epoch(epoch)
        yield from batches


@torch.no_grad()
def score(ensemble: ensembles.Ensemble, task: Task, part: Part) -> Tensor:
    """Quality of every run on a part of the data, [R]; NaN for a run that diverged."""
    outputs = torch.cat([ensemble(x) for x in part.x.split(EVALUATION_BATCH)], dim=1)
    quality_R = task.quality(outputs, part.y)
    alive_R = ensemble.theta_RP.isfinite().all(1)
    return quality_R.where(alive_R, torch.nan)
