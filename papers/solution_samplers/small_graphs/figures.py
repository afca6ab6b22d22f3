"""Success against the learning rate, the ablation with its controls, far starts, Figure 2 and what is left to gain."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.figures import MARKERS, band, figure, save_svg, style_of
from common.statistics import Interval, wilson_interval
from papers.solution_samplers.small_graphs.record import solved

ARMS = {"vanilla": "vanilla", "mixture": "mixture alone", "entropy": "entropy alone", "both": "entropy and mixture"}
LOOKS = {
    arm: style_of(index) | {"marker": MARKERS[index], "linestyle": "-" if index % 2 == 0 else "--"}
    for index, arm in enumerate(ARMS)
}
"""With the mixture dashed: it often lies on top of the same objective without it."""
PUBLISHED = {"linear": {"vanilla": 65, "both": 100}, "net": {"vanilla": 66, "both": 100}}
"""Section 5: graphs of 100 on which the optimum was found."""
OPTIMIZERS = {"gd": "gradient descent", "adam": "Adam"}
SCORES = {"linear": "linear", "net": "ReLU net"}
FAR = 0.1
"""Standard deviation of initial linear weights beyond which a start counts as far: scores of ten units and more."""
THINNED = slice(None, None, 2)
"""Every other point of a mean curve is enough to see it, and keeps the report small."""
FEW = 4
"""Panels that two columns are enough for."""
LARGEST_GAP = 4
"""Edges that the last bar of the histogram stands for, and all beyond."""


def draw(data: dict[str, Any], folder: Path) -> None:
    """Write `small_graphs_{rates,ablation,curves,trajectories,gaps}.svg`."""
    draw_rates(data, folder / "small_graphs_rates.svg")
    draw_ablation(data, folder / "small_graphs_ablation.svg")
    draw_curves(data, folder / "small_graphs_curves.svg")
    draw_trajectories(data, folder / "small_graphs_trajectories.svg")
    draw_gaps(data, folder / "small_graphs_gaps.svg")


def title_of(sweep: dict[str, Any]) -> str:
    """Return a sweep's name for people."""
    start = sweep["initial_deviation"]
    far = ", far start" if start is not None and start > FAR else ""
    return f"{SCORES[sweep['scores']]}, {OPTIMIZERS[sweep['optimizer']]}{far}"


def draw_rates(data: dict[str, Any], path: Path) -> None:
    """Share of graphs solved against the learning rate, with Wilson's 95 % bands and the paper's numbers (dotted)."""
    names = [name for name, sweep in _sweeps(data).items() if len(sweep["learning_rates"]) > 1] or [*_sweeps(data)]
    with _panels(len(names), height=3.6) as (fig, axes):
        for ax, name in zip(axes, names, strict=True):
            sweep = _sweeps(data)[name]
            for arm in sweep["objectives"]:
                _draw_success(ax, arm, [one for one in data["sweeps"][name] if one["objective"] == arm])
            for arm, value in PUBLISHED[sweep["scores"]].items():
                ax.axhline(value, color=LOOKS[arm]["color"], linestyle=":", linewidth=1.5)
            ax.set(xscale="log", xlabel="learning rate", ylim=(-3, 104), title=title_of(sweep))
            ax.set_xticks(sweep["learning_rates"], [f"{rate:g}" for rate in sweep["learning_rates"]], minor=False)
            ax.set_xticks([], minor=True)
            ax.set_ylabel("optimum found (% of graphs)")
        _legend(fig, axes)
        save_svg(fig, path)


def _draw_success(ax: Axes, arm: str, arms: list[dict[str, Any]]) -> None:
    rates, runs = zip(*sorted((one["learning_rate"], one["runs"]) for one in arms), strict=True)
    intervals = [_success(found) for found in runs]
    look = LOOKS[arm]
    ax.plot(rates, [100 * interval.value for interval in intervals], label=ARMS[arm], **look)
    low, high = ([100 * getattr(interval, end) for interval in intervals] for end in ("low", "high"))
    ax.fill_between(rates, low, high, color=look["color"], alpha=0.18, linewidth=0)


def draw_ablation(data: dict[str, Any], path: Path) -> None:
    """Share of graphs solved by every arm at the reference learning rates, and without any learning."""
    names = [*_sweeps(data)]
    with _panels(len(names), height=2.9, sharex=True) as (fig, axes):
        for ax, name in zip(axes, names, strict=True):
            arms = _at_reference(data, name)
            rows = [(ARMS[arm], _success(runs), LOOKS[arm]["color"]) for arm, runs in arms.items()]
            rows += [
                (label, _control(data, key, _sweeps(data)[name]["graphs"]), "0.6")
                for label, key in (
                    ("untrained: mode", f"{name}.mode"),
                    (f"untrained: best of {data['settings']['controls']['samples']}", f"{name}.samples"),
                    ("greedy", "greedy"),
                    ("one-exchange", "one_exchange"),
                )
            ]
            _draw_bars(ax, rows)
            ax.set(title=_title_with_rate(data, name), xlabel="optimum found (% of graphs)")
        save_svg(fig, path)


def _draw_bars(ax: Axes, rows: list[tuple[str, Interval, str]]) -> None:
    for y, (_, interval, colour) in enumerate(rows):
        ax.barh(y, 100 * interval.value, color=colour, height=0.7)
        ax.plot([100 * interval.low, 100 * interval.high], [y, y], color="black", linewidth=1.3)
        ax.text(102, y, f"{100 * interval.value:.0f}", va="center", fontsize=11)
    ax.set_yticks(range(len(rows)), [label for label, _, _ in rows])
    ax.set(xlim=(0, 112), ylim=(len(rows) - 0.4, -0.6))
    ax.grid(False, axis="y")


def draw_curves(data: dict[str, Any], path: Path) -> None:
    """Expected cut of the fast part over the optimum, mean over graphs with a band over graph seeds."""
    names = [*_sweeps(data)]
    with _panels(len(names), height=3.3) as (fig, axes):
        for ax, name in zip(axes, names, strict=True):
            for arm, runs in _at_reference(data, name).items():
                curves_SK = [run["expected_curve"] for run in runs]
                look = LOOKS[arm] | {"marker": ""}
                band(ax, _iterations(data)[THINNED], np.array(curves_SK)[:, THINNED], ARMS[arm], look)
            ax.axhline(1, color="black", linestyle=":", linewidth=1)
            ax.set(title=_title_with_rate(data, name), xlabel="iteration", ylabel="expected cut / optimum")
            ax.set_ylim(0.65, 1.02)
        _legend(fig, axes)
        save_svg(fig, path)


def draw_trajectories(data: dict[str, Any], path: Path) -> None:
    """Figure 2: expected cut and mode of the fast part on one graph, vanilla against both.

    The graph is the first of those kept (one per seed) on which vanilla ends below the optimum, as in the paper.
    """
    names = _compared(data)
    with _panels(len(names), height=3.6) as (fig, axes):
        for ax, name in zip(axes, names, strict=True):
            _draw_one_graph(ax, data, _at_reference(data, name))
            ax.set(title=title_of(_sweeps(data)[name]), xlabel="iteration", ylabel="cut (edges)")
        _legend(fig, axes)
        save_svg(fig, path)


def _draw_one_graph(ax: Axes, data: dict[str, Any], arms: dict[str, list[dict[str, Any]]]) -> None:
    misses = [run["first_mode"][-1] < run["optimum"][0] - 0.5 for run in arms["vanilla"]]
    seed = misses.index(True) if any(misses) else 0
    for arm in ("vanilla", "both"):
        run, colour = arms[arm][seed], LOOKS[arm]["color"]
        ax.plot(_iterations(data), run["first_expected"], color=colour, label=f"{ARMS[arm]}: expected")
        look = {"color": colour, "linestyle": "--", "linewidth": 1.3}
        ax.plot(_iterations(data), run["first_mode"], label=f"{ARMS[arm]}: mode", **look)
    ax.axhline(arms["both"][seed]["optimum"][0], color="black", linestyle=":", linewidth=1.5, label="optimum")


def draw_gaps(data: dict[str, Any], path: Path) -> None:
    """Histogram of the edges that the final mode misses."""
    names = _compared(data)
    with _panels(len(names), height=3.0) as (fig, axes):
        for ax, name in zip(axes, names, strict=True):
            for shift, arm in ((-0.2, "vanilla"), (0.2, "both")):
                runs = _at_reference(data, name)[arm]
                gaps = np.concatenate([np.subtract(run["optimum"], run["mode_cut"]).round() for run in runs])
                counts = np.bincount(np.minimum(gaps, LARGEST_GAP).astype(int), minlength=LARGEST_GAP + 1)
                look = {"color": LOOKS[arm]["color"], "label": ARMS[arm]}
                ax.bar(np.arange(LARGEST_GAP + 1) + shift, 100 * counts / len(gaps), 0.4, **look)
            ax.set_xticks(range(LARGEST_GAP + 1), [*map(str, range(LARGEST_GAP)), f"{LARGEST_GAP}+"])
            ax.set(title=_title_with_rate(data, name), xlabel="edges missed", ylabel="graphs (%)", ylim=(0, 100))
        _legend(fig, axes)
        save_svg(fig, path)


@contextmanager
def _panels(count: int, height: float, **shared: bool) -> Iterator[tuple[Figure, list[Axes]]]:
    """Open `count` panels, two in a row, or three where there are many."""
    columns = min(count, 2 if count <= FEW else 3)
    rows = -(-count // columns)
    with figure(rows, columns, width=(5.4 if columns < 3 else 4.4) * columns, height=height * rows + 0.5, **shared) as (
        fig,
        axes,
    ):
        for ax in axes.flat[count:]:
            ax.set_axis_off()
        yield fig, [*axes.flat[:count]]


def _legend(fig: Figure, axes: list[Axes]) -> None:
    """Put one legend above all panels: that of the panel which has most to say."""
    handles, labels = max((ax.get_legend_handles_labels() for ax in axes), key=lambda found: len(found[1]))
    fig.legend(handles, labels, loc="outside upper center", ncols=len(labels) if len(labels) <= 4 else 3)


def _title_with_rate(data: dict[str, Any], name: str) -> str:
    sweep = _sweeps(data)[name]
    kind, _, start = title_of(sweep).partition(", far")
    return f"{kind}\n{'far start, ' if start else ''}learning rate {sweep['reference_rate']:g}"


def _compared(data: dict[str, Any]) -> list[str]:
    """Return the sweeps that hold the paper's two arms."""
    return [name for name, sweep in _sweeps(data).items() if {"vanilla", "both"} <= set(sweep["objectives"])]


def _sweeps(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the sweeps, the paper's own scores and starts first, Adam before gradient descent."""

    def place(name: str) -> tuple[bool, str, str]:
        return (sweeps[name]["initial_deviation"] or 0) > FAR, sweeps[name]["scores"], sweeps[name]["optimizer"]

    sweeps = data["settings"]["sweeps"]
    return {name: sweeps[name] for name in sorted(sweeps, key=place)}


def _iterations(data: dict[str, Any]) -> np.ndarray:
    settings = data["settings"]
    return np.arange(0, settings["method"]["iterations"] + 1, settings["keep_every"])


def _at_reference(data: dict[str, Any], name: str) -> dict[str, list[dict[str, Any]]]:
    """Return the runs of a sweep's arms at its reference learning rate."""
    rate = _sweeps(data)[name]["reference_rate"]
    found = {one["objective"]: one["runs"] for one in data["sweeps"][name] if one["learning_rate"] == rate}
    return {arm: found[arm] for arm in ARMS if arm in found}


def _success(runs: Sequence[dict[str, Any]]) -> Interval:
    hits = np.concatenate([solved(run["mode_cut"], run["optimum"]) for run in runs])
    return wilson_interval(int(hits.sum()), len(hits))


def _control(data: dict[str, Any], key: str, graphs: int) -> Interval:
    """Return the share of the first graphs of each seed that needed no learning."""
    hits = np.concatenate([solved(found[key][:graphs], found["optimum"][:graphs]) for found in data["controls"]])
    return wilson_interval(int(hits.sum()), len(hits))
