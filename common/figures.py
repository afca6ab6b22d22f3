"""Figures in the house style: told apart without colour, readable when projected, byte-stable as SVG."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from common.statistics import Interval, t_interval

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's colours for all kinds of colour vision, without their yellow, which is lost on white."""

LINES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "^", "D")

STYLE = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 13,
    "axes.labelsize": 13,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",  # comes with matplotlib, hence the same everywhere
    "font.size": 12,
    "grid.alpha": 0.3,
    "legend.fontsize": 11,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
    "lines.markersize": 5.0,
    "svg.fonttype": "path",  # text as outlines: no viewer's own font changes the picture
    "svg.hashsalt": "reprise",  # ids from the content rather than at random
}


class Style(TypedDict):
    """How one of several curves looks; goes into `Axes.plot` as keywords."""

    color: str
    linestyle: str
    marker: str


def style_of(index: int) -> Style:
    """Return the look of curve `index`: 28 of them differ, and equal colours differ in line and marker."""
    row = index // len(COLOURS) % len(LINES)
    return Style(color=COLOURS[index % len(COLOURS)], linestyle=LINES[row], marker=MARKERS[row])


@contextmanager
def figure(
    rows: int = 1, columns: int = 1, width: float = 7.0, height: float = 4.2, **subplots: bool | str
) -> Iterator[tuple[Figure, np.ndarray]]:
    """Open a figure in the house style; draw and save it inside the `with` block.

    Args:
        rows: of axes.
        columns: of axes.
        width: of the whole figure, inches.
        height: of the whole figure, inches.
        **subplots: `sharex`, `sharey` as of `Figure.subplots`, which refuses what it does not know.

    Yields:
        The figure and its axes, an array of shape [rows, columns].
    """
    with mpl.rc_context(STYLE):
        fig = Figure(figsize=(width, height))  # without pyplot there is no window and nothing to close
        FigureCanvasSVG(fig)
        yield fig, fig.subplots(rows, columns, squeeze=False, **subplots)


def save_svg(fig: Figure, path: Path) -> None:
    """Write the figure whole or not at all; the same drawing gives the same bytes. Makes the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with mpl.rc_context(STYLE):
        fig.savefig(partial, format="svg", metadata={"Date": None, "Creator": None})
    partial.replace(path)


def band(ax: Axes, x: ArrayLike, values_SN: ArrayLike, label: str, style: Style) -> None:
    """Draw the mean over seeds with its 95 % t band; the mean alone for one seed, a gap where one diverged.

    Args:
        ax: where.
        x: the points, shape [N].
        values_SN: one row per seed; NaN or infinite once a run has diverged.
        label: for the legend.
        style: of the curve, from `style_of`.
    """
    values_SN = np.asarray(values_SN, dtype=float)
    values_SN = np.where(np.isfinite(values_SN), values_SN, np.nan)
    intervals = [t_interval(values_S) for values_S in values_SN.T]
    every = max(1, len(intervals) // 10)
    ax.plot(x, [interval.value for interval in intervals], label=label, markevery=every, **style)
    if intervals[0].low is not None:
        lows, highs = zip(*((interval.low, interval.high) for interval in intervals), strict=True)
        ax.fill_between(x, lows, highs, color=style["color"], alpha=0.18, linewidth=0)


def interval_bars(ax: Axes, labels: Sequence[str], intervals: Sequence[Interval]) -> None:
    """Draw one value per row, the first on top, with the bar of its interval where it has one."""
    for row, interval in enumerate(intervals):
        ax.plot(interval.value, row, "o", color=COLOURS[0])
        if interval.low is not None:
            ax.plot([interval.low, interval.high], [row, row], "-", color=COLOURS[0])
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.grid(False, axis="y")
