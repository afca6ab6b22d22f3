"""The toy problem: classify points of the plane by the level of MATLAB's `peaks` function.

The slides name neither dataset nor settings. All test accuracies in their table are multiples of 0.5 %, which
says 200 test points; the train accuracies fit 1000 training points; and level sets of `peaks` in five classes
with 1000 training points are the usual toy of the lecturer's own software. That is a good guess, not a fact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LOW, HIGH = -3.0, 3.0
"""The square on which `peaks` is drawn, in both directions."""


@dataclass(frozen=True)
class Points:
    """Points x_RN2 in the plane with their classes y_RN, one set for each of R seeds."""

    x: np.ndarray
    y: np.ndarray


def peaks(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """MATLAB's `peaks`: a sum of three translated and scaled Gaussians with polynomial factors."""
    return (
        3 * (1 - x) ** 2 * np.exp(-(x**2) - (y + 1) ** 2)
        - 10 * (x / 5 - x**3 - y**5) * np.exp(-(x**2) - y**2)
        - np.exp(-((x + 1) ** 2) - y**2) / 3
    )


def true_class(points: np.ndarray, classes: int) -> np.ndarray:
    """Class of each point [..., 2]: which of `classes` equally high bands of `peaks` it lies in."""
    grid = np.linspace(LOW, HIGH, 241)
    levels = peaks(*np.meshgrid(grid, grid))
    edges = np.linspace(levels.min(), levels.max(), classes + 1)[1:-1]
    return np.digitize(peaks(points[..., 0], points[..., 1]), edges)


def draw(seeds: Sequence[int], sizes: tuple[int, ...], classes: int) -> tuple[Points, ...]:
    """Draw disjoint sets of points for every seed, each with equally many points of every class.

    Args:
        seeds: R seeds; a seed decides the points of all its sets.
        sizes: the size N of each set, divisible by `classes`.
        classes: number of level bands.

    Returns:
        One `Points` for each size.
    """
    per_class = [size // classes for size in sizes]
    drawn = [_draw_once(np.random.default_rng(seed), per_class, classes) for seed in seeds]
    return tuple(
        Points(np.stack([sets[k][0] for sets in drawn]), np.stack([sets[k][1] for sets in drawn]))
        for k in range(len(sizes))
    )


def _draw_once(rng: np.random.Generator, per_class: list[int], classes: int) -> list[tuple[np.ndarray, np.ndarray]]:
    needed, found = sum(per_class), [np.empty((0, 2))] * classes
    while min(len(points) for points in found) < needed:
        x = rng.uniform(LOW, HIGH, (50 * needed, 2))
        label = true_class(x, classes)
        found = [np.concatenate([found[c], x[label == c]]) for c in range(classes)]
    sets, start = [], 0
    for count in per_class:
        x = np.concatenate([points[start : start + count] for points in found]).astype(np.float32)
        sets.append((x, np.repeat(np.arange(classes), count)))
        start += count
    return sets
