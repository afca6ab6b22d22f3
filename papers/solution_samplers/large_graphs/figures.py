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
LABEL_HEIGHT = 0.05
"""Normalised cut that a line's label takes up on the axis."""
MOST_COLUMNS = 3
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
    columns, blocks = _layout(len(arms))
    rows = len(CONVENTIONS) * blocks
    size = {"width": 3.5 * columns + 2, "height": 2.7 * rows + 0.8}
    with figure(rows, columns, sharex=True, sharey=True, **size) as (fig, axes):
        for ax in axes.flat:
            ax.set_axis_off()
        for number, (name, arm) in enumerate(arms.items()):
            block, column = divmod(number, columns)
            for row, (convention, label) in enumerate(CONVENTIONS.items()):
                ax = axes[len(CONVENTIONS) * block + row, column]
                ax.set_axis_on()
                _draw_rules(ax, {**{"known_optimum": arm["runs"].get("known_optimum")}, **arm[convention]})
                _draw_lines(ax, found["lines"], labelled=column == columns - 1 or number == len(arms) - 1)
                ax.set(title=titles[name] if row == 0 else "", ylim=(-0.05, 0.8))
                if column == 0:
                    ax.set_ylabel(f"expected cut, normalised\n{label}", fontsize=11)
                if row == len(CONVENTIONS) - 1:
                    ax.set_xlabel("iteration")
        _legend(fig, axes, columns=3)
        save_svg(fig, path)


def _layout(count: int) -> tuple[int, int]:
    """Return into how many columns and rows that many panels go."""
    rows = -(-count // MOST_COLUMNS)
    return -(-count // rows), rows


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
    columns, lines = _layout(len(arms))
    size = {"width": 3.2 * columns + 2.4, "height": lines * (0.4 * len(rules) + 1.3) + 0.5}
    with figure(lines, columns, sharey=True, **size) as (fig, axes):
        for ax in axes.flat[len(arms) :]:
            ax.set_axis_off()
        for ax, (name, arm) in zip(axes.flat, arms.items(), strict=False):
            for row, rule in enumerate(rules):
                if rule in arm["runs"]:
                    _dot(ax, row - 0.13, arm["runs"][rule]["expected"], LOOKS[rule]["color"], hollow=False)
                    _dot(ax, row + 0.13, arm["runs"][rule]["best"], LOOKS[rule]["color"], hollow=True)
            tabu = float(np.mean(found["lines"]["tabu"]))
            ax.axvline(tabu, color="0.4", linestyle="--", linewidth=1.2, label="tabu search")
            untrained = arm["runs"]["untrained"]
            note = f"untrained: best seen {np.mean(untrained['best']):.2f}"
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
    columns, lines = _layout(len(arms))
    with figure(lines, columns, width=3.5 * columns + 1, height=2.8 * lines + 1, sharey=True) as (fig, axes):
        for ax in axes.flat[len(arms) :]:
            ax.set_axis_off()
        for ax, (name, arm) in zip(axes.flat, arms.items(), strict=False):
            for rule, label in RULES.items():
                if rule in arm["runs"]:
                    worst = np.max(arm["runs"][rule]["r_hat"], axis=0)
                    iterations = settings["halve_every"] * (np.arange(len(worst)) + 1)
                    ax.plot(iterations, worst, label=label, **LOOKS[rule])
            ax.axhline(1.1, color="0.4", linewidth=1, linestyle="--")
            ax.set(title=titles[name], xlabel="iteration", yscale="log")
        for ax in axes[:, 0]:
            ax.set_ylabel(r"$\hat R$ of the cut, worst graph")
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
            rates = sorted({float(rate) for by_rate in objectives.values() for rate in by_rate})
            ax.set_xticks(rates, [f"{rate:g}".removeprefix("0") for rate in rates])
            ax.minorticks_off()
        axes[0, 0].set_ylabel("expected normalised cut\n(tuning graphs)")
        _legend(fig, axes, columns=4)
        save_svg(fig, path)


def _legend(fig: Figure, axes: np.ndarray, columns: int) -> None:
    """Put one legend of all panels below them, each label once."""
    named = [zip(*ax.get_legend_handles_labels(), strict=True) for ax in axes.flat]
    handles = {label: handle for panel in named for handle, label in panel}
    labels = [label for label in RULES.values() if label in handles]
    fig.legend([handles[label] for label in labels], labels, loc="outside lower center", ncols=columns)


def _title(arm: dict[str, Any]) -> str:
    steps = f", {arm['sweeps']} step{'s' * (arm['sweeps'] > 1)}" if arm["sampler"] == "mala" else ""
    return f"{MODELS[arm['model']]}, {SAMPLERS[arm['sampler']]}{steps}"
