"""Train all runs of an ensemble together."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from common import optimizers
from common.ensembles.ensemble import Ensemble
from common.ensembles.rules import RULES


@dataclass(frozen=True)
class Recipe:
    """How parameters are updated.

    Attributes:
        optimizer: name in `common.optimizers.OPTIMIZERS`.
        hyper: its hyperparameters, each a number or R numbers (`betas`: a pair of numbers); those left out
            have the defaults of torch.
        clip: the largest gradient norm of a run, or R of them; as `torch.nn.utils.clip_grad_norm_`.
        schedule: step (from 1) -> factor on the learning rate.
    """

    optimizer: str
    hyper: Mapping[str, Any]
    clip: float | Sequence[float] | None = None
    schedule: Callable[[int], float] | None = None


@dataclass(frozen=True)
class History:
    """What `train` recorded.

    Attributes:
        steps_S: the recorded steps, counted from 1.
        losses_SR: minibatch losses at those steps, before their update; not finite once a run has diverged.
        diverged_at_R: the step at which a run's loss or parameters ceased to be finite; 0 if they never did.
    """

    steps_S: list[int]
    losses_SR: Tensor
    diverged_at_R: Tensor


def train(
    ensemble: Ensemble,
    recipe: Recipe,
    batches: Iterable[tuple[Tensor, Tensor]],
    loss: Callable[[Tensor, Tensor], Tensor],
    *,
    per_run: bool = False,
    record: Collection[int] | None = None,
    on_record: Callable[[int, Tensor], None] | None = None,
) -> History:
    """Take one step of every run per batch; `ensemble.theta_RP` changes in place.

    A run whose loss is no longer finite has diverged: its parameters become NaN, the others go on unchanged.

    Args:
        ensemble: the runs.
        recipe: optimizer and hyperparameters.
        batches: inputs and targets, one pair per step: [B, ...] for all runs, or [R, B, ...] if `per_run`.
        loss: (outputs [R, B, ...], targets) -> losses_R.
        per_run: whether every run has its own batch.
        record: the steps to record; all of them by default.
        on_record: called with (step, losses_R) after a recorded step, without gradients: to evaluate or to show
            progress.

    Returns:
        The recorded losses, and where runs diverged.
    """
    theta_RP = ensemble.theta_RP.requires_grad_()
    update = _Update(theta_RP, recipe)
    ones_R = torch.ones_like(theta_RP[:, 0])
    diverged_at_R = torch.zeros(len(ensemble), dtype=torch.long)
    steps, losses, step = [], [], 0
    for step, (x, y) in enumerate(batches, start=1):
        losses_R = loss(ensemble(x, per_run), y)
        (grad_RP,) = torch.autograd.grad(losses_R, theta_RP, ones_R)
        losses_R = losses_R.detach()
        update(theta_RP, grad_RP, step)
        if not math.isfinite(losses_R.sum().item()):
            _freeze(diverged_at_R, theta_RP, losses_R.isfinite(), step)
        if record is None or step in record:
            steps.append(step)
            losses.append(losses_R)
            if on_record is not None:
                with torch.no_grad():
                    on_record(step, losses_R)
    theta_RP.requires_grad_(False)
    _freeze(diverged_at_R, theta_RP, theta_RP.isfinite().all(1), step)  # the last update, one too far
    losses_SR = torch.stack(losses) if losses else theta_RP.new_empty(0, len(ensemble))
    return History(steps, losses_SR, diverged_at_R)


@torch.no_grad()
def _freeze(diverged_at_R: Tensor, theta_RP: Tensor, finite_R: Tensor, step: int) -> None:
    """Note the runs that are not finite, and end them."""
    bad_R = ~finite_R.cpu()
    diverged_at_R[bad_R & (diverged_at_R == 0)] = step
    theta_RP[bad_R] = torch.nan


class _Update:
    """Clip, scale the learning rate and apply the rule, for all runs at once."""

    @torch.no_grad()
    def __init__(self, theta_RP: Tensor, recipe: Recipe) -> None:
        hyper = optimizers.complete(recipe.optimizer, recipe.hyper)
        self._hyper = {key: _column(value, theta_RP) for key, value in hyper.items()}
        self._clip = _column(recipe.clip, theta_RP)
        self._schedule = recipe.schedule
        self._rule = RULES[recipe.optimizer]
        self._state = self._rule.init(theta_RP, self._hyper)

    @torch.no_grad()
    def __call__(self, theta_RP: Tensor, grad_RP: Tensor, step: int) -> None:
        if self._clip is not None:
            norm_R1 = grad_RP.norm(dim=1, keepdim=True)
            grad_RP.mul_((self._clip / (norm_R1 + 1e-6)).clamp_(max=1.0))  # 1e-6: as in clip_grad_norm_
        hyper = self._hyper
        if self._schedule is not None:
            hyper = hyper | {"lr": hyper["lr"] * self._schedule(step)}
        self._rule.step(theta_RP, grad_RP, self._state, hyper, step)


def _column(value: Any, theta_RP: Tensor) -> Any:
    """A column [R, 1] with one value per run; None, numbers and pairs of numbers stay what they are."""
    if value is None or isinstance(value, int | float | tuple):
        return value
    column_R1 = torch.as_tensor(value, dtype=theta_RP.dtype, device=theta_RP.device).view(-1, 1)
    runs, values = len(theta_RP), len(column_R1)
    if runs != values:
        raise optimizers.OptimizerError(f"{values} values of a hyperparameter for an ensemble of {runs} runs")
    return column_R1
