"""Gaps to the best known solution: a panel for each instance, a row for each method."""

import math
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from common.figures import COLOURS, figure, save_svg
from common.statistics import t_interval

MOST_COLUMNS = 5
SMALLEST = 0.01
"""Per cent below which the axis is linear, so that a gap of 0 has a place."""

LARGEST = 300
"""Per cent at which the axis ends; untrained tours may lie beyond."""

NAMES = {
    "known_optimum": "known optimum, no learning",
    "untrained": "untrained",
    "greedy": "greedy",
    "goemans_williamson": "Goemans-Williamson",
    "burer_monteiro": "Burer-Monteiro, climbed",
    "mean_field": "mean-field policy gradient",
    "tabu": "tabu",
    "annealing": "annealing (compiled)",
    "nearest_neighbour": "nearest neighbour",
    "two_opt": "2-opt",
    "routing": "OR-Tools",
}
PUBLISHED = {
    "mcpg": "MCPG, published",
    "bls": "BLS, published",
    "dsdp": "DSDP, published",
    "run_csp": "RUN-CSP, published",
    "pi_gnn": "PI-GNN, published",
    "eo": "EO, published",
    "emadm": "EMADM, published",
}
OBJECTIVES = {
    "vanilla": "vanilla",
    "mixture": "mixture alone",
    "entropy": "entropy alone",
    "both": "entropy and mixture",
}
MODELS = {"linear": {"cuts": "edge weights", "tours": "pair weights"}, "graph": {"cuts": "graph network"}}


def draw(data: dict[str, Any], folder: Path) -> None:
    """Write `best_known_cuts.svg` and `best_known_tours.svg`."""
    for kind in ("cuts", "tours"):
        draw_gaps(data[kind], kind, folder / f"best_known_{kind}.svg")


def draw_gaps(instances: dict[str, Any], kind: str, path: Path) -> None:
    """Gap in per cent with its interval over seeds: of the best solution seen, and hollow after local search."""
    instances = dict(sorted(instances.items(), key=lambda item: int("".join(filter(str.isdigit, item[0])))))
    methods = list(next(iter(instances.values()))["methods"])
    published = [name for name in PUBLISHED if any(name in found["published"] for found in instances.values())]
    labels = [_title(method, kind) for method in methods] + [PUBLISHED[name] for name in published]
    rows = math.ceil(len(instances) / MOST_COLUMNS)
    columns = math.ceil(len(instances) / rows)
    size = {"width": 2.6 * columns + 2.8, "height": rows * (0.31 * len(labels) + 1.2) + 0.6}
    with figure(rows, columns, **size, sharex=True, sharey=True) as (fig, axes):
        for ax in axes.flat[len(instances) :]:
            ax.set_axis_off()
        for ax, (name, found) in zip(axes.flat, instances.items(), strict=False):
            _draw_instance(ax, found, methods, published)
            ax.set_title(f"{name} ({found['published']['best']})")
            ax.set_xscale("symlog", linthresh=SMALLEST)
            ax.set_xlim(-SMALLEST / 3, LARGEST)
            ax.set_xticks([0, 0.01, 0.1, 1, 10, 100], ["0", ".01", ".1", "1", "10", "100"])
        axes[0, 0].set_yticks(range(len(labels)), labels)
        axes[0, 0].set_ylim(len(labels) - 0.5, -0.5)
        for ax in axes[-1]:
            ax.set_xlabel("gap (%)")
        handles, names = axes[0, 0].get_legend_handles_labels()
        if len(handles) > 1:
            fig.legend(handles, names, loc="outside lower center", ncols=2)
        save_svg(fig, path)


def _draw_instance(ax: Axes, found: dict[str, Any], methods: list[str], published: list[str]) -> None:
    colours = {True: COLOURS[0], False: COLOURS[1]}
    legend = {"seen": "best solution seen", "polished": "after 1-flip local search"}
    for row, method in enumerate(methods):
        learned = any(method.startswith(f"{model}_") for model in MODELS)
        for measure, values in found["methods"][method].items():
            interval, colour = t_interval(values), colours[learned]
            hollow = measure == "polished"
            if interval.low is not None and not hollow:
                ax.plot([max(interval.low, 0.0), interval.high], [row, row], "-", color=colour)
            face, edge = ("white", colour) if hollow else (colour, "white")
            label = legend[measure] if row == 0 else None
            ax.plot(
                interval.value,
                row,
                "o",
                markersize=7 - 2 * hollow,
                markerfacecolor=face,
                markeredgecolor=edge,
                label=label,
            )
    for row, name in enumerate(published, len(methods)):
        if name in found["published"]:
            gap = 100 * (found["published"]["best"] - found["published"][name]) / found["published"]["best"]
            ax.plot(gap, row, "D", color="0.35")
    ax.grid(True, axis="y", alpha=0.2)


def _title(method: str, kind: str) -> str:
    if method in NAMES:
        return NAMES[method]
    model, _, objective = method.partition("_")
    return f"{MODELS[model][kind]}: {OBJECTIVES[objective]}"
