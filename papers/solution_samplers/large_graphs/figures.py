"""Figure 3 with its controls: cuts against iterations, what the runs end with, mixing, and learning rates."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.figures import band, figure, save_svg, style_of
from common.statistics import t_interval

P_STAR = 0.7632
"""What the best normalised cut tends to with growing degree (Dembo, Montanari, Sen 2017)."""

RULES = {
    "vanilla": "vanilla",
    "mixture": "mixture alone",
    "entropy": "entropy alone",
    "both": "entropy and mixture",
    "known_optimum": "known optimum, no learning",
    "untrained": "untrained",
}
LOOKS = {rule: style_of(index) for index, rule in enumerate(RULES)}
CONVENTIONS = {"shared_rate": "one learning rate for all", "runs": "each at its own learning rate"}
LINES = {
    "greedy": "greedy",
    "goemans_williamson": "Goemans-Williamson",
    "one_exchange": "one-exchange",
    "mean_field": "mean field",
    "tabu": "tabu",
}
LABEL_HEIGHT = 0.042
"""Normalised cut that a line's label takes up on the axis."""
MODELS = {"linear": "edge weights", "graph": "graph network", "net": "ReLU net"}
SAMPLERS = {"gibbs": "Gibbs", "tempering": "tempering", "mala": "MALA"}


def draw(data: dict[str, Any], folder: Path) -> None:
    """Write `large_graphs_{curves,final,mixing,rates}_d<degree>.svg`; the last only where rates were tuned."""
    titles = {name: _title(arm) for name, arm in data["settings"]["arms"].items()}
    for degree, found in data["degrees"].items():
        draw_curves(found, titles, folder / f"large_graphs_curves_d{degree}.svg")
        draw_final(found, titles, folder / f"large_graphs_final_d{degree}.svg")
        draw_mixing(data["settings"], found, titles, folder / f"large_graphs_mixing_d{degree}.svg")
        tuned = {name: arm["tuning"] for name, arm in found["arms"].items() if any(arm["tuning"].values())}
        if tuned:
            draw_rates(tuned, titles, folder / f"large_graphs_rates_d{degree}.svg")


def draw_curves(found: dict[str, Any], titles: dict[str, str], path: Path) -> None:
    """Expected normalised cut of the fast part against iterations: a column for each arm, a row for each convention."""
    arms = found["arms"]
    with figure(2, len(arms), width=3.4 * len(arms) + 3, height=7.6, sharex=True, sharey=True) as (fig, axes):
        for column, (name, arm) in enumerate(arms.items()):
            for row, convention in enumerate(CONVENTIONS):
                ax = axes[row, column]
                _draw_rules(ax, {**{"known_optimum": arm["runs"].get("known_optimum")}, **arm[convention]})
                _draw_lines(ax, found["lines"], labelled=column == len(arms) - 1)
            axes[0, column].set_title(titles[name])
            axes[1, column].set_xlabel("iteration")
        for ax, label in zip(axes[:, 0], CONVENTIONS.values(), strict=True):
            ax.set_ylabel(f"expected normalised cut\n({label})")
        _legend(fig, axes, columns=5)
        save_svg(fig, path)


def _draw_rules(ax: Axes, runs: dict[str, Any]) -> None:
    for rule, label in RULES.items():
        if rule != "untrained" and runs.get(rule):
            band(ax, runs[rule]["iterations"], runs[rule]["expected_curve"], label, LOOKS[rule])


def _draw_lines(ax: Axes, lines: dict[str, list[float]], labelled: bool) -> None:
    """Draw the classical methods and P* as thin lines, named at the right-hand end, apart enough to be read."""
    values = {LINES[name]: float(np.mean(cuts)) for name, cuts in lines.items()} | {"$P^*$": P_STAR}
    height = np.inf
    for label, value in sorted(values.items(), key=lambda item: -item[1]):
        ax.axhline(value, color="0.55", linewidth=0.9, zorder=1)
        height = min(height - LABEL_HEIGHT, value)
        if labelled:
            ax.annotate(label, (1.01, height), xycoords=("axes fraction", "data"), va="center", fontsize=9)


def draw_final(found: dict[str, Any], titles: dict[str, str], path: Path) -> None:
    """What the runs end with, by arm and rule: expected cut (filled) and best cut seen (hollow), with intervals."""
    arms = found["arms"]
    rules = [rule for rule in RULES if rule != "untrained" and any(rule in arm["runs"] for arm in arms.values())]
    with figure(1, len(arms), width=2.9 * len(arms) + 3, height=0.5 * len(rules) + 2.8, sharey=True) as (fig, axes):
        for ax, (name, arm) in zip(axes[0], arms.items(), strict=True):
            for row, rule in enumerate(rules):
                if rule in arm["runs"]:
                    _dot(ax, row - 0.13, arm["runs"][rule]["expected"], LOOKS[rule]["color"], hollow=False)
                    _dot(ax, row + 0.13, arm["runs"][rule]["best"], LOOKS[rule]["color"], hollow=True)
            tabu = float(np.mean(found["lines"]["tabu"]))
            ax.axvline(tabu, color="0.4", linestyle="--", linewidth=1.2, label="tabu search")
            untrained = arm["runs"]["untrained"]
            note = f"untrained: {np.mean(untrained['expected']):.2f}, best {np.mean(untrained['best']):.2f}"
            ax.text(0.03, 0.03, note, transform=ax.transAxes, fontsize=9.5, color="0.25")
            ax.set(title=titles[name], xlabel="normalised cut")
            ax.set_yticks(range(len(rules)), [RULES[rule] for rule in rules])
            ax.set_ylim(len(rules) - 0.1, -0.5)
        axes[0, 0].plot([], [], "o", color="0.3", label="expected, last iterations")
        axes[0, 0].plot([], [], "o", color="0.3", markerfacecolor="white", label="best seen")
        fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        save_svg(fig, path)


def _dot(ax: Axes, row: float, values: list[float], colour: str, hollow: bool) -> None:
    interval = t_interval(values)
    if interval.low is not None:
        ax.plot([interval.low, interval.high], [row, row], "-", color=colour)
    ax.plot(interval.value, row, "o", color=colour, markerfacecolor="white" if hollow else colour)


def draw_mixing(settings: dict[str, Any], found: dict[str, Any], titles: dict[str, str], path: Path) -> None:
    """R-hat of the cut in every stage of lambda, worst graph: where chains stop to mix."""
    arms = found["arms"]
    with figure(1, len(arms), width=3.4 * len(arms) + 1, height=4.4, sharex=True, sharey=True) as (fig, axes):
        for ax, (name, arm) in zip(axes[0], arms.items(), strict=True):
            for rule, label in RULES.items():
                if rule in arm["runs"]:
                    worst = np.max(arm["runs"][rule]["r_hat"], axis=0)
                    iterations = settings["halve_every"] * (np.arange(len(worst)) + 1)
                    ax.plot(iterations, worst, label=label, **LOOKS[rule])
            ax.axhline(1.1, color="0.4", linewidth=1, linestyle="--")
            ax.set(title=titles[name], xlabel="iteration", yscale="log")
        axes[0, 0].set_ylabel(r"$\hat R$ of the cut, worst graph")
        _legend(fig, axes, columns=3)
        save_svg(fig, path)


def draw_rates(tuned: dict[str, Any], titles: dict[str, str], path: Path) -> None:
    """Final expected cut on the tuning graphs against the learning rate."""
    with figure(1, len(tuned), width=3.4 * len(tuned) + 1, height=4.2, sharey=True) as (fig, axes):
        for ax, (name, objectives) in zip(axes[0], tuned.items(), strict=True):
            for objective, by_rate in objectives.items():
                if by_rate:
                    means = [np.mean(values) for values in by_rate.values()]
                    ax.plot([float(rate) for rate in by_rate], means, label=RULES[objective], **LOOKS[objective])
            ax.set(title=titles[name], xlabel="learning rate of Adam", xscale="log")
        axes[0, 0].set_ylabel("expected normalised cut\n(tuning graphs)")
        _legend(fig, axes, columns=4)
        save_svg(fig, path)


def _legend(fig: Figure, axes: np.ndarray, columns: int) -> None:
    """Put one legend of all panels below them, each label once."""
    named = [zip(*ax.get_legend_handles_labels(), strict=True) for ax in axes.flat]
    handles = {label: handle for panel in named for handle, label in panel}
    fig.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=columns)


def _title(arm: dict[str, Any]) -> str:
    return f"{MODELS[arm['model']]}, {SAMPLERS[arm['sampler']]}"
