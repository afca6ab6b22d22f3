"""Figures of experiment 5: training curves, the prior, the double star and the quasar-convexity ratio."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from common.figures import COLOURS, band, figure, save_svg, style_of
from common.statistics import wilson_interval

LABELS = {"vanilla": "vanilla", "mixture": "mixture", "entropy": "entropy", "both": "both"}
TITLES = {
    "max_cut": "Max-Cut",
    "min_cut": "Min-Cut",
    "csp": "Max-3-CSP",
    "matching": "matching",
    "tsp": "travelling salesperson",
}
OPTIMIZERS = {"gd": "gradient descent", "adam": "Adam"}


def draw(data: dict[str, Any], folder: Path) -> None:
    """Write the five figures `other_problems_*.svg`."""
    draw_success(data, folder / "other_problems_success.svg")
    draw_curves(data, folder / "other_problems_curves.svg")
    draw_prior(data, folder / "other_problems_prior.svg")
    draw_double_star(data["double_star"], folder / "other_problems_double_star.svg")
    draw_quasar(data, folder / "other_problems_quasar.svg")


def _shown(data: dict[str, Any]) -> tuple[dict[str, int], list[str]]:
    """Problems with their sizes, and optimizers, in the order in which they are shown."""
    exact = data["settings"]["exact"]
    problems = {problem: exact["sizes"][problem] for problem in TITLES if problem in exact["sizes"]}
    return problems, [optimizer for optimizer in OPTIMIZERS if optimizer in exact["rates"]]


def draw_success(data: dict[str, Any], path: Path) -> None:
    """Share of instances whose most probable solution is optimal, with Wilson intervals, beside the controls."""
    problems, optimizers = _shown(data)
    with figure(1, len(problems), width=3.3 * len(problems), height=3.9, sharey=True) as (fig, axes):
        for ax, problem in zip(axes[0], problems, strict=True):
            for row, optimizer in enumerate(optimizers):
                for column, objective in enumerate(LABELS):
                    x, success = column + 0.22 * (row - 0.5), data["exact"][problem][optimizer][objective]["success"]
                    _point(ax, x, success, row, OPTIMIZERS[optimizer] if column == 0 else None)
            start = data["controls"][problem]["local_search"]["start"]
            ax.axhline(
                100 * np.mean(start), color="0.35", linestyle="--", linewidth=1.5, label="local search, one start"
            )
            ax.set_xticks(range(len(LABELS)), LABELS.values(), fontsize=10.5)
            ax.set(title=f"{TITLES[problem]}, n = {problems[problem]}", ylim=(-4, 104), xlim=(-0.5, 3.5))
            ax.grid(False, axis="x")
        axes[0, 0].set_ylabel("instances solved (%)")
        fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        save_svg(fig, path)


def _point(ax: Axes, x: float, success: list[float], index: int, label: str | None) -> None:
    interval = wilson_interval(int(sum(success)), len(success))
    look = {"color": COLOURS[index], "marker": ("o", "s")[index]}
    ax.plot([x, x], [100 * interval.low, 100 * interval.high], color=COLOURS[index], linewidth=1.5)
    ax.plot(x, 100 * interval.value, linestyle="", markersize=7, label=label, **look)


def draw_curves(data: dict[str, Any], path: Path) -> None:
    """Mean probability of an optimal solution over the iterations."""
    exact = data["settings"]["exact"]
    problems, optimizers = _shown(data)
    size = {"width": 3.3 * len(problems), "height": 2.6 * len(optimizers) + 0.8}
    with figure(len(optimizers), len(problems), sharex=True, sharey=True, **size) as (fig, axes):
        for row, optimizer in enumerate(optimizers):
            for ax, problem in zip(axes[row], problems, strict=True):
                for index, (objective, label) in enumerate(LABELS.items()):
                    curve = 100 * np.array(data["exact"][problem][optimizer][objective]["curve"])
                    look = style_of(index) | {"marker": "", "linestyle": ("--", ":", "-.", "-")[index]}
                    ax.plot(exact["watch_every"] * np.arange(len(curve)), curve, label=label, **look)
                ax.set(ylim=(-4, 104))
            axes[row, 0].set_ylabel(f"{OPTIMIZERS[optimizer]}\noptimum drawn (%)")
        for ax, problem in zip(axes[0], problems, strict=True):
            ax.set_title(f"{TITLES[problem]}, n = {problems[problem]}")
        for ax in axes[-1]:
            ax.set_xlabel("iteration")
        fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
        save_svg(fig, path)


def draw_prior(data: dict[str, Any], path: Path) -> None:
    """One bilinear W: how near to -M / lambda it comes and how well it does on unseen graphs."""
    settings, seeds = data["settings"]["prior"], list(data["prior"].values())
    arms, counts = [arm for arm in LABELS if arm in seeds[0]], settings["training_graphs"]
    pairs = settings["vertices"] * (settings["vertices"] - 1) // 2
    panels = (("cosine", 1, r"cosine of $W$ and $-M/\lambda$"), ("held_out_success", 100, "unseen graphs solved (%)"))
    with figure(1, 2, width=9.4, height=3.8) as (fig, axes):
        for ax, (measure, scale, label) in zip(axes[0], panels, strict=True):
            for index, arm in enumerate(arms):
                values_SN = [[scale * seed[arm][str(count)][measure] for count in counts] for seed in seeds]
                look = style_of(index) | {"linestyle": ("--", ":", "-")[index], "marker": ("o", "s", "^")[index]}
                band(ax, counts, values_SN, LABELS[arm], look)
            ax.set(xscale="log", xlabel="graphs trained on", ylabel=label, ylim=(-0.04 * scale, 1.04 * scale))
            ax.set_xticks(counts, counts)
            ax.minorticks_off()
            ax.axvline(pairs, color="0.5", linestyle=":", linewidth=1.5)
            ax.text(1.05 * pairs, 0.01 * scale, f"{pairs} rows of W", color="0.4", fontsize=10)
        axes[0, 0].legend()
        save_svg(fig, path)


def draw_double_star(data: dict[str, Any], path: Path) -> None:
    """Left: the product family's landscape and paths. Right: the expected cut of both families from the bad optimum."""
    with figure(1, 2, width=11, height=4.6) as (fig, axes):
        _draw_plane(axes[0, 0], data["plane"])
        ax, middle = axes[0, 1], len(data["product"]["cut"]) // 2
        iterations = np.array(data["iterations"]) + 1
        ax.plot(iterations, data["product"]["cut"][middle], color="black", linewidth=3, label="product family")
        for index, (name, label) in enumerate(LABELS.items()):
            look = style_of(index) | {"marker": "", "linestyle": ("--", ":", "-.", "-")[index]}
            ax.plot(iterations, data["exponential"][name]["cut"][middle], label=f"exponential, {label}", **look)
        ax.set(xscale="log", xlabel="iteration + 1", ylabel="expected cut (edges)", title="from the bad local optimum")
        ax.legend(loc="upper left", bbox_to_anchor=(0, 0.93))
        save_svg(fig, path)


def _draw_plane(ax: Axes, plane: dict[str, Any]) -> None:
    side = np.linspace(-1, 1, 81)
    u, v = np.meshgrid(side, side)
    cuts = 2 + (1 - u) / 2 + 1 - u * v
    ax.contourf(u, v, cuts, levels=14, cmap="Greys_r", alpha=0.75)
    best = max(plane["cut"])
    for path_u, path_v, cut in zip(plane["u"], plane["v"], plane["cut"], strict=True):
        colour = COLOURS[0] if cut > best - 0.5 else COLOURS[1]
        ax.plot(path_u, path_v, color=colour, linewidth=1.3)
        ax.plot(path_u[0], path_v[0], "o", color=colour, markersize=3.5)
    ax.plot(-1, 1, "*", color=COLOURS[0], markersize=17, markeredgecolor="white", clip_on=False, zorder=5)
    ax.plot(1, -1, "s", color=COLOURS[1], markersize=10, markeredgecolor="white", clip_on=False, zorder=5)
    box = {"facecolor": "white", "edgecolor": "none", "pad": 2}
    ax.text(-0.92, 0.88, "5 of 5 edges", color=COLOURS[0], fontweight="bold", bbox=box)
    ax.text(0.92, -0.92, "4 of 5 edges", color=COLOURS[1], fontweight="bold", ha="right", bbox=box)
    ax.set(xlabel="mean spin of the second centre", ylabel="mean spin of its leaves", aspect="equal")
    ax.set_title("product family on the double star")
    ax.grid(False)


def draw_quasar(data: dict[str, Any], path: Path) -> None:
    """Median ratio of Definition 3 along the paths, from near zero and from far away."""
    settings = data["settings"]["quasar"]
    kinds = settings["initial_sds"]
    with figure(1, len(kinds), width=9.4, height=3.8) as (fig, axes):
        for ax, (kind, sd) in zip(axes[0], kinds.items(), strict=True):
            for index, (objective, label) in enumerate(LABELS.items()):
                if objective not in settings["objectives"]:
                    continue
                ratio = np.array(data["quasar"][objective][kind]["ratio"], dtype=float)
                look = style_of(index) | {"marker": "", "linestyle": ("--", ":", "-.", "-")[index]}
                ax.plot(settings["watch_every"] * np.arange(len(ratio)), ratio, label=label, **look)
            ax.axhline(0, color="0.4", linewidth=1)
            ax.set(xlabel="iteration", title=f"start: {kind}, standard deviation {sd:g}")
        axes[0, 0].set_ylabel("quasar-convexity ratio")
        axes[0, -1].legend()
        save_svg(fig, path)
