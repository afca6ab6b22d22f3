"""Faults in what is given to a sampler, each told in one line."""

import torch
from torch import Tensor

from common.errors import RepriseError


class SamplerError(RepriseError):
    """A sampler cannot run with what it was given; says which sampler, what, and where."""


def check_finite(sampler: str, what: str, values: Tensor, shape: tuple[int, ...]) -> None:
    """Refuse values of another shape, or that hold NaN or infinity.

    Args:
        sampler: who complains.
        what: how the message calls the values.
        values: to be checked.
        shape: what theirs must be.

    Raises:
        SamplerError: names the shape, or the first value that is not finite.
    """
    if tuple(values.shape) != shape:
        raise SamplerError(f"{sampler}: {what} must have shape {list(shape)} (got {list(values.shape)})")
    if not torch.isfinite(values).all():
        index = (~torch.isfinite(values)).nonzero()[0].tolist()
        raise SamplerError(f"{sampler}: {what}{index} is not finite (got {values[tuple(index)].item()})")


def check_positive(sampler: str, **counts: int) -> None:
    """Refuse numbers of vertices, chains, ... below 1.

    Raises:
        SamplerError: names the first such number.
    """
    for what, count in counts.items():
        if count < 1:
            raise SamplerError(f"{sampler}: {what} must be at least 1 (got {count})")


def check_cpu(sampler: str, generator: torch.Generator) -> None:
    """Refuse a generator on a GPU.

    Raises:
        SamplerError: names the device.
    """
    if generator.device.type != "cpu":
        raise SamplerError(f"{sampler}: runs on the CPU (got a generator on {generator.device})")
