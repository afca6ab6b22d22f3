"""Learning curves of the policies, and their gaps beside those of untrained copies and classical methods."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from common.figures import COLOURS, figure, save_svg, style_of
from common.statistics import t_interval

TITLES = {"max_cut": "Max-Cut, {} vertices", "tsp": "TSP, {} cities", "matching": "Matching, {} workers"}
ARMS = ("vanilla", "mixture", "entropy", "both")
METHODS = {
    "greedy": "greedy",
    "best_greedy": "greedy, best of {samples}",
    "one_exchange": "one-exchange, best of {samples}",
    "nearest_neighbour": "nearest neighbour",
    "two_opt": "2-opt",
    "best_two_opt": "2-opt, best of {samples}",
    "row_greedy": "greedy by worker",
    "pair_greedy": "greedy by pair",
    "hungarian": "Hungarian method",
}
SIMPLEST = {"max_cut": "greedy", "tsp": "nearest_neighbour", "matching": "row_greedy"}
"""The rule that takes the best single action, which a policy has to beat to have learned to look ahead."""

TICKS = (1, 2, 5, 10, 20, 50, 100)


def draw(data: dict[str, Any], folder: Path) -> None:
    """Write `reinforce_curves.svg` and `reinforce_gaps.svg`."""
    draw_curves(data, folder / "reinforce_curves.svg")
    draw_gaps(data, folder / "reinforce_gaps.svg")


def draw_curves(data: dict[str, Any], path: Path) -> None:
    """Gap of greedy solutions of instances never trained on, over the gradient steps: seeds thin, mean thick."""
    problems = data["problems"]
    with figure(1, len(problems), width=4.2 * len(problems), height=3.9, sharey=True) as (fig, axes):
        for ax, (problem, found) in zip(axes[0], problems.items(), strict=True):
            for name, runs in found["trained"].items():
                look = style_of(ARMS.index(name))
                gaps_SN = np.array([run["gaps"] for run in runs])
                ax.plot(runs[0]["steps"], gaps_SN.T, color=look["color"], linewidth=0.8, alpha=0.45)
                ax.plot(runs[0]["steps"], gaps_SN.mean(axis=0), label=name, **look)
            rule = np.mean([control["classical"][SIMPLEST[problem]] for control in found["controls"]])
            ax.axhline(rule, color="0.35", linewidth=1.4, linestyle=(0, (6, 3)))
            place = {"xy": (0.02, rule), "xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
            ax.annotate(METHODS[SIMPLEST[problem]], xytext=(0, -4), va="top", fontsize=10, color="0.25", **place)
            ax.set(title=TITLES[problem].format(found["size"]), xlabel="gradient steps")
        axes[0, 0].set(ylabel="gap to the optimum (%)", yscale="log")
        axes[0, 0].set_yticks(TICKS, map("{:g}".format, TICKS))
        handles, labels = axes[0, 0].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        save_svg(fig, path)


def draw_gaps(data: dict[str, Any], path: Path) -> None:
    """Gap on held-out instances of every method, mean and interval over seeds, on an axis linear up to 1 %."""
    rows = {problem: _rows(found, data["samples"]) for problem, found in data["problems"].items()}
    longest = max(map(len, rows.values()))
    with figure(1, len(rows), width=5.2 * len(rows), height=0.36 * longest + 1.3) as (fig, axes):
        for ax, (problem, entries) in zip(axes[0], rows.items(), strict=True):
            _draw_rows(ax, entries)
            ax.set(title=TITLES[problem].format(data["problems"][problem]["size"]), xlabel="gap to the optimum (%)")
        save_svg(fig, path)


def _rows(found: dict[str, Any], samples: int) -> list[tuple[str, str, list[float]]]:
    """Label, colour and values over seeds, from the learned to the classical methods."""
    policies = {**found["trained"], "untrained": [control["untrained"] for control in found["controls"]]}
    rows = []
    for name, runs in policies.items():
        colour = "0.45" if name == "untrained" else COLOURS[0]
        rows.append((f"{name}, greedy", colour, [run["greedy_gap"] for run in runs]))
        rows.append((f"{name}, best of {samples}", colour, [run["sampled_gap"] for run in runs]))
    for method, label in METHODS.items():
        if method in found["controls"][0]["classical"]:
            values = [control["classical"][method] for control in found["controls"]]
            rows.append((label.format(samples=samples), COLOURS[1], values))
    return rows


def _draw_rows(ax: Axes, entries: list[tuple[str, str, list[float]]]) -> None:
    for row, (_, colour, values) in enumerate(entries):
        interval = t_interval(values)
        ax.plot(values, [row] * len(values), "|", color=colour, alpha=0.6, markersize=8)
        ax.plot(interval.value, row, "o", color=colour)
        if interval.low is not None:
            ax.plot([max(interval.low, 0), interval.high], [row, row], "-", color=colour)
    ax.set_xscale("symlog", linthresh=1)
    ax.set_xlim(-0.08, 300)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_yticks(range(len(entries)), [label for label, _, _ in entries])
    ax.set_ylim(len(entries) - 0.5, -0.5)
    ax.grid(False, axis="y")
