"""Many small trainings as one batched program, against the same trainings one after the other (fused Adam)."""

import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.case import Case
from common.ensembles import Ensemble, Recipe, cross_entropy, train
from common.optimizers import make

WIDTH, BATCH, CLASSES = 32, 32, 5
RATE = 1e-2
STEPS = {20: 465, 100: 93}  # runs -> steps: the same work in both cases


def cases() -> list[Case]:
    """Twenty and a hundred runs of the lecture's network: 2 inputs, 32 hidden units, 5 classes."""
    return [
        Case(
            paper="adaptive_optimizers",
            name=f"{runs} MLP runs: ensemble / sequential fused Adam",
            ours=partial(_together, runs, steps),
            peer=partial(_one_by_one, runs, steps),
            target=10.0,
            unit=f"{runs} runs x {steps} steps",
            limit_ratio=partial(_share_of_matrix_speed, runs, steps),
        )
        for runs, steps in STEPS.items()
    ]


def _build() -> nn.Module:
    return nn.Sequential(nn.Linear(2, WIDTH), nn.Tanh(), nn.Linear(WIDTH, CLASSES))


def _batches(steps: int) -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(steps, BATCH, 2, generator=generator)
    y = torch.randint(CLASSES, (steps, BATCH), generator=generator)
    return list(zip(x, y, strict=True))


def _together(runs: int, steps: int) -> None:
    recipe = Recipe("adam", {"lr": [RATE] * runs})  # one learning rate per run, as in a sweep
    train(Ensemble(_build, range(runs)), recipe, _batches(steps), cross_entropy, record=())


def _one_by_one(runs: int, steps: int) -> None:
    batches = _batches(steps)
    for seed in range(runs):
        torch.manual_seed(seed)
        model = _build()
        optimizer = make("adam", model.parameters(), {"lr": RATE})
        for x, y in batches:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()


def _share_of_matrix_speed(runs: int, steps: int) -> float:
    """Floating-point rate of the networks' matrix products over that of a large `bmm`."""
    forward = 2 * BATCH * (2 * WIDTH + WIDTH * CLASSES)
    backward = 2 * BATCH * (2 * WIDTH + 2 * WIDTH * CLASSES)  # no gradient of the inputs
    ours = runs * steps * (forward + backward) / _seconds(partial(_together, runs, steps))
    a, b = torch.randn(2, 16, 256, 256)
    limit = 16 * 2 * 256**3 / _seconds(lambda: torch.bmm(a, b))
    return ours / limit


def _seconds(work: Callable[[], object], repeats: int = 5) -> float:
    durations = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        durations.append(time.perf_counter() - start)
    return statistics.median(durations)
