"""Designs that a brush can paint: the conditional generator of Schubert et al. (2022, Algorithm 1), and its constraint.

A design is feasible if its solid pixels are a union of brush strokes, and its void pixels as well. A stroke ("touch")
has its centre inside the design and may reach over its edge. The brush is the 3x3 cross of Sec. 5.2.

The generator takes a reward for every pixel and places strokes of both kinds, one after the other, until they cover
the design. With the words of that paper, for solid strokes (void ones mirror them):

    existing   pixels covered by solid strokes
    valid      a stroke that covers no existing void pixel, and has not been made
    possible   pixels that are existing or that a valid stroke covers
    required   pixels that are not existing and can no longer become void
    resolving  a valid stroke that covers a required pixel
    free       a valid stroke that covers only pixels that can no longer become void

All free strokes are made at once; where there are none, the resolving stroke of the greatest reward is made; where
there are none of those, the valid one of the greatest reward. Among equals the solid stroke goes first, then the first
in the order of pixels. This greedy search is the paper's linear solver g, although it is no exact one.

Every stroke changes these sets only nearby. Here they are kept as counts per pixel, and candidates wait in two queues
ordered by reward, so that a design costs little more than sorting its rewards.

Shape suffixes: B rows of a batch, N pixels.
"""

import functools
import heapq
from collections.abc import Sequence
from typing import NamedTuple

import numba
import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from papers.surco.errors import RowsFailed, SurcoError
from papers.surco.photonics.devices import Instance

CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=bool)
"""The brush: its pixels around the centre of a stroke."""


def solve(costs_BN: Tensor, instances: Sequence[Instance]) -> Tensor:
    """Paint designs x (solid 1, void 0) of low costs . x; the `solve` of a `papers.surco.problem.Problem`.

    Raises:
        RowsFailed: costs that are not finite.
        SurcoError: costs of another size than the instance's design, or a design smaller than the brush.
    """
    x_BN = torch.zeros_like(costs_BN)
    failures = {}
    for row, (costs_N, instance) in enumerate(zip(costs_BN.detach(), instances, strict=True)):
        if len(costs_N) != instance.shape[0] * instance.shape[1]:
            raise SurcoError(f"{instance.name}: {len(costs_N)} costs for a design of {instance.shape} pixels")
        if not costs_N.isfinite().all():
            failures[row] = "costs are not finite"
            continue
        design = paint(-costs_N.double().numpy().reshape(instance.shape))
        x_BN[row] = torch.from_numpy(design.ravel()).to(costs_BN.dtype)
    if failures:
        raise RowsFailed(failures, x_BN)
    return x_BN


def paint(rewards: np.ndarray) -> np.ndarray:
    """Generate a design from the reward of making each pixel solid; see the module.

    Args:
        rewards: of the pixels; positive where solid is preferred. Any two-dimensional shape that holds the brush.

    Returns:
        Booleans of the same shape, true where solid.

    Raises:
        SurcoError: the brush does not fit.
    """
    if min(rewards.shape) < min(CROSS.shape):
        raise SurcoError(f"the brush of {CROSS.shape} pixels does not fit a design of {rewards.shape}")
    solid = stroke_rewards(rewards).ravel()
    both = np.concatenate([solid, -solid])
    order = np.argsort(-both, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return _paint(order, rank, _neighbours(rewards.shape)).reshape(rewards.shape)


def stroke_rewards(rewards: np.ndarray) -> np.ndarray:
    """Sum the rewards under a solid stroke at every pixel; a void stroke has the negative."""
    return ndimage.correlate(rewards, CROSS.astype(float), mode="constant")


def feasible(design: np.ndarray) -> bool:
    """Say whether both the solid and the void pixels are unions of strokes."""
    return all(bool((opened(pixels) == pixels).all()) for pixels in (design > 0, design <= 0))


def blank(design: np.ndarray) -> bool:
    """Say whether a design is all solid or all void, which the brush can paint, and which is no design."""
    return bool((design > 0).all() or (design <= 0).all())


def opened(pixels: np.ndarray) -> np.ndarray:
    """Return the union of all strokes inside the given pixels; outside of the design everything is allowed."""
    strokes = ndimage.binary_erosion(pixels, CROSS, border_value=1)
    return ndimage.binary_dilation(strokes, CROSS)


@functools.cache
def _neighbours(shape: tuple[int, int]) -> np.ndarray:
    """List the pixels under a stroke at each pixel, -1 beyond the edge: [N, pixels of the brush]."""
    x, y = np.indices(shape).reshape(2, -1, 1)
    shifts = np.argwhere(CROSS) - np.array(CROSS.shape) // 2
    x, y = x + shifts[:, 0], y + shifts[:, 1]
    inside = (x >= 0) & (x < shape[0]) & (y >= 0) & (y < shape[1])
    return np.where(inside, x * shape[1] + y, -1)


# In the compiled code a stroke is one number: its pixel for a solid one, its pixel + N for a void one; so is a pixel of
# one kind. The brush is symmetric: the strokes that cover a pixel are at the pixels that a stroke there covers.


class _Canvas(NamedTuple):
    """What the generator keeps; all arrays but `near` have 2 N entries, solid before void."""

    near: np.ndarray
    """Pixels under a stroke at each pixel, -1 beyond the edge: [N, pixels of the brush]."""
    rank: np.ndarray
    """Places of the strokes in the order of their rewards."""
    valid: np.ndarray
    existing: np.ndarray
    covers: np.ndarray
    """How many valid strokes cover a pixel."""
    free: list
    resolving: list
    """Heap of (rank, stroke); some may have ceased to be resolving."""


@numba.njit(cache=True)
def _paint(order: np.ndarray, rank: np.ndarray, near: np.ndarray) -> np.ndarray:
    count = len(near)
    covers = np.zeros(2 * count, dtype=np.int64)
    for pixel in near.flat:
        if pixel >= 0:
            covers[pixel] += 1
            covers[pixel + count] += 1
    canvas = _Canvas(
        near,
        rank,
        np.ones(2 * count, dtype=np.bool_),
        np.zeros(2 * count, dtype=np.bool_),
        covers,
        [0 for _ in range(0)],
        [(0, 0) for _ in range(0)],
    )
    uncovered, following = count, 0
    while uncovered > 0:
        stroke = -1
        if len(canvas.free) > 0:
            stroke = canvas.free.pop()
        while stroke < 0 and len(canvas.resolving) > 0:
            candidate = heapq.heappop(canvas.resolving)[1]
            if canvas.valid[candidate] and _resolves(candidate, canvas):
                stroke = candidate
        while stroke < 0:
            if canvas.valid[order[following]]:
                stroke = order[following]
            following += 1
        if canvas.valid[stroke]:
            uncovered -= _place(stroke, canvas)
    return canvas.existing[:count].copy()


@numba.njit(cache=True)
def _place(stroke: int, canvas: _Canvas) -> int:
    """Make a stroke and return how many pixels it took."""
    kind, other = _kinds(stroke, canvas)
    taken = 0
    for pixel in canvas.near[stroke - kind]:
        if pixel >= 0 and not canvas.existing[pixel + kind]:
            canvas.existing[pixel + kind] = True
            taken += 1
    _forbid(stroke, canvas)
    for pixel in canvas.near[stroke - kind]:
        if pixel < 0 or canvas.covers[pixel + other] == 0:
            continue
        for centre in canvas.near[pixel]:
            if centre >= 0 and canvas.valid[centre + other]:
                _forbid(centre + other, canvas)
    return taken


@numba.njit(cache=True)
def _forbid(stroke: int, canvas: _Canvas) -> None:
    """Take a stroke off the valid ones; where a pixel can no longer become of its kind, the other kind is decided."""
    kind, other = _kinds(stroke, canvas)
    canvas.valid[stroke] = False
    for pixel in canvas.near[stroke - kind]:
        if pixel < 0:
            continue
        canvas.covers[pixel + kind] -= 1
        if canvas.covers[pixel + kind] > 0 or canvas.existing[pixel + kind]:
            continue
        for centre in canvas.near[pixel]:
            if centre < 0 or not canvas.valid[centre + other]:
                continue
            if _is_free(centre + other, canvas):
                canvas.free.append(centre + other)
            elif not canvas.existing[pixel + other]:
                heapq.heappush(canvas.resolving, (canvas.rank[centre + other], centre + other))


@numba.njit(cache=True)
def _is_free(stroke: int, canvas: _Canvas) -> bool:
    kind, other = _kinds(stroke, canvas)
    for pixel in canvas.near[stroke - kind]:
        if pixel >= 0 and (canvas.covers[pixel + other] > 0 or canvas.existing[pixel + other]):
            return False
    return True


@numba.njit(cache=True)
def _resolves(stroke: int, canvas: _Canvas) -> bool:
    kind, other = _kinds(stroke, canvas)
    for pixel in canvas.near[stroke - kind]:
        taken = pixel < 0 or canvas.existing[pixel + kind] or canvas.existing[pixel + other]
        if not taken and canvas.covers[pixel + other] == 0:
            return True
    return False


@numba.njit(cache=True)
def _kinds(stroke: int, canvas: _Canvas) -> tuple[int, int]:
    """Offsets of the stroke's own kind and of the other."""
    count = len(canvas.near)
    return (0, count) if stroke < count else (count, 0)
