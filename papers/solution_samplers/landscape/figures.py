"""Figure 1: the landscapes with the paths of gradient descent, and how fast the gradient dies out far away."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from common.figures import COLOURS, figure, save_svg, style_of
from papers.solution_samplers.landscape.page import page

LABELS = {"vanilla": "vanilla", "mixture": "mixture alone", "entropy": "entropy", "both": "entropy and mixture"}
GROUND = LinearSegmentedColormap.from_list("ground", ["#23395d", "#5d86ad", "#a9c6da", "#e3edf1", "#fbfaf6"])
LEVELS = np.linspace(0, 1, 12) ** 2
"""Contours as shares of the range of values, denser near the minimum, where the differences are small."""


def draw(data: dict[str, Any], folder: Path) -> None:
    """Write `landscape_paths.svg`, `landscape_gradient.svg` and the interactive `landscape.html`."""
    draw_paths(data, folder / "landscape_paths.svg")
    draw_gradient(data, folder / "landscape_gradient.svg")
    (folder / "landscape.html").write_text(page(data), encoding="utf-8")


def draw_paths(data: dict[str, Any], path: Path) -> None:
    """Contours of the objectives with the path from every start: the paper's three panels, and the mixture alone."""
    names = ["vanilla", "entropy", "both", "mixture"]
    with figure(1, len(names), width=12, height=3.9, sharex=True, sharey=True) as (fig, axes):
        for ax, name in zip(axes[0], names, strict=True):
            _draw_landscape(ax, data, name)
            ax.set(title=LABELS[name], xlabel="$w_1$")
        axes[0, 0].set_ylabel("$w_2$")
        handles, labels = axes[0, 2].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside upper center", ncols=len(labels))
        save_svg(fig, path)


def _draw_landscape(ax: Axes, data: dict[str, Any], name: str) -> None:
    found, side_G = data["objectives"][name], data["side"]
    values_GG = np.array(found["grid"])
    levels = values_GG.min() + LEVELS * np.ptp(values_GG)
    ax.contourf(side_G, side_G, values_GG, levels, cmap=GROUND)
    paths_BK2 = np.array(found["paths"])
    for index, path_K2 in enumerate(paths_BK2):
        first = index == 0
        ax.plot(*path_K2.T, color=COLOURS[1], linewidth=1.6, label="path" if first else None)
        ax.plot(*path_K2[0], "o", color="white", markeredgecolor="black", label="start" if first else None)
        ax.plot(*path_K2[-1], "s", color=COLOURS[1], markeredgecolor="black", label="end" if first else None)
    if name in {"entropy", "both"}:
        look = {"color": COLOURS[4], "markeredgecolor": "black", "markersize": 13}
        ax.plot(*data["minimiser"], "*", label=r"$-c/\lambda$", **look)
    reach = data["settings"]["reach"]
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    ax.grid(False)


def draw_gradient(data: dict[str, Any], path: Path) -> None:
    """Norm of the gradient along a ray outwards from -c / lambda, on a logarithmic axis."""
    with figure(width=7.6, height=4.4) as (fig, axes):
        ax = axes[0, 0]
        for index, (name, label) in enumerate(LABELS.items()):
            look = style_of(index) | {"marker": ""}
            ax.plot(data["ray"], data["objectives"][name]["ray_gradient"], label=label, **look)
        ax.set(yscale="log", ylim=(1e-9, 1e2), xlim=(0, data["ray"][-1]))
        ax.set(xlabel=r"distance from $-c/\lambda$", ylabel="norm of the gradient")
        ax.legend()
        save_svg(fig, path)
