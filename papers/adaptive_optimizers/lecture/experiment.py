"""Sweep and final runs of the lecture's comparison at one width, all runs of an optimizer as one program.

Shape suffixes: R run, N point, B minibatch, G grid point, K class.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from common import ensembles
from common.device import best_device
from common.optimizers import defaults
from papers.adaptive_optimizers.jobs import LectureJob
from papers.adaptive_optimizers.lecture.peaks import HIGH, LOW, draw
from papers.adaptive_optimizers.networks import mlp
from papers.adaptive_optimizers.settings import Lecture
from papers.adaptive_optimizers.sweep import tune
from papers.adaptive_optimizers.tasks import accuracy

FIRST_TUNING_SEED = 1000
"""Tuning seeds start here, final seeds at 0, so that no dataset serves both."""

MOST_PARAMETERS = 2_000_000
"""Parameters in one batched program; larger ensembles are cut into several, to bound memory."""

MOST_ACTIVATIONS = 2**25
"""Hidden activations computed at a time while scoring."""


@dataclass(frozen=True)
class Data:
    """The points x_RN2 and classes y_RN of every run, for training, validation and test."""

    train: tuple[Tensor, Tensor]
    valid: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


def compare(job: LectureJob) -> dict[str, Any]:
    """Tune the learning rate of one optimizer at one width, then run it tuned and with torch's defaults.

    Every seed draws its own points, initial weights and order of the batches. A run that diverged counts as
    its network before training.

    Returns:
        `sweep` as `papers.adaptive_optimizers.sweep.choose` returns it; `runs`, for each convention, lists with
        one number per seed: train_loss, test_loss (nats), train_accuracy, test_accuracy (per cent) and
        boundary_length; `boundary`, the classes of the first seed's tuned network on the grid.
    """
    settings, seeds = job.settings, range(job.settings.seeds[job.width])
    tuning_seeds = range(FIRST_TUNING_SEED, FIRST_TUNING_SEED + settings.tuning_seeds[job.width])

    def quality_of(rates: list[float]) -> list[list[float]]:
        trained = _trained(job, [(rate, seed) for rate in rates for seed in tuning_seeds])
        return np.reshape([row for part in trained for row in _valid(*part)], (len(rates), -1)).tolist()

    sweep = tune(job.optimizer, settings.points, settings.extend, quality_of)
    runs, boundary = {}, None
    for convention, rate in (("torch", defaults(job.optimizer, "torch")["lr"]), ("tuned", sweep["best"])):
        scores = [_final_scores(settings, *part) for part in _trained(job, [(rate, seed) for seed in seeds])]
        runs[convention] = {key: [v for score in scores for v in score[key]] for key in scores[0] if key != "boundary"}
        boundary = scores[0]["boundary"]
    return {"sweep": sweep, "runs": runs, "boundary": boundary}


def untrained(settings: Lecture, width: int) -> list[float]:
    """Test accuracy in per cent of the networks before training, one number per seed."""
    seeds = range(settings.seeds[width])
    ensemble = ensembles.Ensemble(lambda: mlp(width, settings.classes), seeds, best_device())
    x_RN2, y_RN = _data(settings, seeds).test
    return accuracy(_logits(ensemble, x_RN2), y_RN).tolist()


def _trained(job: LectureJob, runs: Sequence[tuple[float, int]]) -> Iterator[tuple[ensembles.Ensemble, Data, Tensor]]:
    """Train every (learning rate, seed), in ensembles of bounded size: yield each with its data and alive_R."""
    parameters = job.width * (3 + job.settings.classes)
    size = max(1, MOST_PARAMETERS // parameters)
    for start in range(0, len(runs), size):
        rates, seeds = zip(*runs[start : start + size], strict=True)
        data = _data(job.settings, seeds)
        ensemble = ensembles.Ensemble(lambda: mlp(job.width, job.settings.classes), seeds, best_device())
        initial_RP = ensemble.theta_RP.clone()
        recipe = ensembles.Recipe(job.optimizer, {**defaults(job.optimizer, "torch"), "lr": list(rates)})
        batches = _batches(job.settings, data, seeds)
        ensembles.train(ensemble, recipe, batches, ensembles.cross_entropy, per_run=True, record=())
        alive_R = ensemble.theta_RP.isfinite().all(1)
        ensemble.theta_RP.copy_(ensemble.theta_RP.where(alive_R[:, None], initial_RP))
        yield ensemble, data, alive_R


def _data(settings: Lecture, seeds: Sequence[int]) -> Data:
    distinct = sorted(set(seeds))
    sizes = (settings.train_points, settings.valid_points, settings.test_points)
    rows = [distinct.index(seed) for seed in seeds]
    sets = draw(distinct, sizes, settings.classes)
    device = best_device()
    return Data(*((torch.from_numpy(s.x[rows]).to(device), torch.from_numpy(s.y[rows]).to(device)) for s in sets))


def _batches(settings: Lecture, data: Data, seeds: Sequence[int]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield minibatches x_RB2, y_RB, each run in its own order; the last, smaller one of an epoch is left out."""
    x_RN2, y_RN = data.train
    generators = [np.random.default_rng([seed, 1]) for seed in seeds]
    row_R1 = torch.arange(len(seeds), device=y_RN.device)[:, None]
    for _ in range(settings.epochs):
        order_RN = torch.from_numpy(np.stack([rng.permutation(y_RN.shape[1]) for rng in generators])).to(y_RN.device)
        x_epoch, y_epoch = x_RN2[row_R1, order_RN], y_RN[row_R1, order_RN]
        for start in range(0, y_RN.shape[1] - settings.batch_size + 1, settings.batch_size):
            chosen = slice(start, start + settings.batch_size)
            yield x_epoch[:, chosen], y_epoch[:, chosen]


@torch.no_grad()
def _logits(ensemble: ensembles.Ensemble, x_RN2: Tensor) -> Tensor:
    hidden = ensemble.theta_RP.shape[1]  # proportional to the width; bounds the activations
    size = max(1, MOST_ACTIVATIONS // (len(ensemble) * hidden))
    return torch.cat([ensemble(x, per_run=True) for x in x_RN2.split(size, dim=1)], dim=1)


def _valid(ensemble: ensembles.Ensemble, data: Data, alive_R: Tensor) -> list[float]:
    x_RN2, y_RN = data.valid
    return accuracy(_logits(ensemble, x_RN2), y_RN).where(alive_R, torch.nan).tolist()


def _final_scores(settings: Lecture, ensemble: ensembles.Ensemble, data: Data, alive_R: Tensor) -> dict[str, Any]:
    scores: dict[str, Any] = {"diverged": (~alive_R).long().tolist()}
    for part in ("train", "test"):
        x_RN2, y_RN = getattr(data, part)
        logits = _logits(ensemble, x_RN2)
        scores[f"{part}_loss"] = ensembles.cross_entropy(logits, y_RN).tolist()
        scores[f"{part}_accuracy"] = accuracy(logits, y_RN).tolist()
    grid = grid_points(settings.boundary_grid).to(x_RN2.device)
    class_RGG = _logits(ensemble, grid.expand(len(ensemble), *grid.shape)).argmax(-1)
    class_RGG = class_RGG.view(-1, settings.boundary_grid, settings.boundary_grid).cpu().numpy()
    return scores | {
        "boundary_length": boundary_length(class_RGG).tolist(),
        "boundary": class_RGG[0].tolist(),
    }


def grid_points(side: int) -> Tensor:
    """The points of a side x side grid over the square, row by row from below: [side * side, 2]."""
    line = torch.linspace(LOW, HIGH, side)
    y_GG, x_GG = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x_GG, y_GG], -1).view(-1, 2)


def boundary_length(class_RGG: np.ndarray) -> np.ndarray:
    """Length of the lines between classes on the grid, in the plane's units: neighbours that differ x spacing."""
    spacing = (HIGH - LOW) / (class_RGG.shape[-1] - 1)
    beside = (class_RGG[:, :, 1:] != class_RGG[:, :, :-1]).sum((1, 2))
    above = (class_RGG[:, 1:, :] != class_RGG[:, :-1, :]).sum((1, 2))
    return (beside + above) * spacing
