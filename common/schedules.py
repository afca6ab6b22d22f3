"""Learning-rate schedules: a factor on the optimizer's own learning rate, as a function of the step."""

import difflib
import functools
import math
from collections.abc import Sequence
from typing import Any

import torch

from common.errors import RepriseError


def _constant(progress: float, floor: float) -> float:
    return 1.0


def _linear(progress: float, floor: float) -> float:
    return floor + (1 - floor) * (1 - progress)


def _cosine(progress: float, floor: float) -> float:
    return floor + (1 - floor) * (1 + math.cos(math.pi * progress)) / 2


SHAPES = {"constant": _constant, "linear": _linear, "cosine": _cosine}
"""Factor at `progress` in [0, 1] of the way from the end of warm-up to the last step; ends at `floor`."""


def factor(
    step: int,
    name: str,
    total_steps: int,
    warmup: int = 0,
    floor: float = 0.0,
    milestones: Sequence[float] = (0.5, 0.75),
    gamma: float = 0.1,
) -> float:
    """Compute the factor on the learning rate of step number `step`, from 0.

    Warm-up: (step + 1) / warmup, so that no step is wasted on a rate of zero. Then, p in [0, 1) being the part done
    of the other steps: constant: 1; linear: 1 - p; cosine: (1 + cos(pi p)) / 2 (Loshchilov and Hutter 2017, eq. 5
    without restarts), the latter two squeezed onto [floor, 1]; step: gamma to the number of milestones <= p.
    """
    if step < warmup:
        return (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, total_steps - warmup))
    if name == "step":
        return gamma ** sum(progress >= milestone for milestone in milestones)
    return SHAPES[name](progress, floor)


def schedule(
    optimizer: torch.optim.Optimizer,
    name: str,
    total_steps: int,
    warmup: int = 0,
    floor: float = 0.0,
    milestones: Sequence[float] = (0.5, 0.75),
    gamma: float = 0.1,
) -> dict[str, Any]:
    """Build what `configure_optimizers` returns as "lr_scheduler": `factor` applied after every step.

    Args:
        optimizer: its learning rates are scaled, each parameter group by the same factor.
        name: constant, linear, cosine or step.
        total_steps: of the whole run.
        warmup: steps of linear warm-up.
        floor: where linear and cosine end, as a part of the learning rate.
        milestones: where `step` drops, as parts of the run after warm-up.
        gamma: the factor of each drop.

    Returns:
        Lightning's scheduler configuration.

    Raises:
        RepriseError: no such schedule.
    """
    known = [*SHAPES, "step"]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise RepriseError(f"no schedule {name!r}{hint} (known: {', '.join(known)})")
    scale = functools.partial(
        factor,
        name=name,
        total_steps=total_steps,
        warmup=warmup,
        floor=floor,
        milestones=tuple(milestones),
        gamma=gamma,
    )
    return {"scheduler": torch.optim.lr_scheduler.LambdaLR(optimizer, scale), "interval": "step"}
