"""Figures of the routes experiment."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from common.figures import COLOURS, figure, interval_bars, save_svg, style_of
from common.statistics import paired_difference, t_interval
from papers.surco.routes.record import DEADLINES

LABELS = {
    "heuristic": "heuristic, as released",
    "heuristic_of_text": "heuristic, as in the text",
    "mean": "shortest mean",
    "parametric": "parametric search",
    "optimum": "optimum",
    "random": "random costs",
    "surco_zero": "SurCo-zero, as released",
    "patient": "SurCo-zero, all 30 steps",
    "from_means": "SurCo-zero from the means",
    "multi_start": "SurCo-zero, 8 starts",
    "scaled": "SurCo-zero, scaled λ",
    "blackbox": "blackbox",
    "imle": "I-MLE",
    "perturbed": "perturbed",
    "identity": "identity",
    "quadratic": "quadratic",
    "untrained_prior": "untrained prior",
    "prior": "SurCo-prior",
    "untrained_hybrid": "untrained hybrid",
    "hybrid": "SurCo-hybrid",
    "scip_1s_released": "SCIP 1 s, as released",
    "scip_1s": "SCIP 1 s",
    "scip_30s": "SCIP 30 s",
    "scip_30min": "SCIP 30 min",
    "cpsat": "CP-SAT, linear in pieces",
    "genetic_edges": "PyGAD on edges",
    "genetic_costs": "PyGAD on costs",
}
"""Names of methods in figures, in their order; others come last, as they are."""


def draw(data: dict[str, Any], folder: Path) -> None:
    """Write all figures; those named `timing_` show times of this machine."""
    for name, table in data["tables"].items():
        _gains(table, folder / f"routes_gain_{name}.svg")
        if "example" in table:
            _example(table["example"], folder / f"routes_paths_{name}.svg")
    _ablation(data["ablation"], folder / "routes_ablation.svg")
    _priors(data["prior"], folder / "routes_prior.svg")
    _limited(data, folder / "routes_limited.svg")
    _scaling(data["seconds"], folder / "timing_routes_scaling.svg")


def _gains(table: dict[str, Any], file: Path) -> None:
    """Chance less the heuristic's, in points, grid by grid with its interval; one panel per deadline."""
    order = [name for name in _ordered(table["chances"]) if name != "heuristic"]
    chances = {name: np.mean(table["chances"][name], 0) * 100 for name in order}
    heuristic_B = np.mean(table["chances"]["heuristic"], 0) * 100
    with figure(1, 3, width=12.0, height=0.34 * len(chances) + 1.3, sharey=True) as (fig, axes):
        for column, (ax, deadline) in enumerate(zip(axes[0], DEADLINES, strict=True)):
            rows = [paired_difference(mine[column::3], heuristic_B[column::3]) for mine in chances.values()]
            interval_bars(ax, [LABELS.get(name, name) for name in chances], rows)
            ax.axvline(0, color=COLOURS[6], linewidth=1)
            ax.set(title=f"{deadline} deadline", xlabel="chance − heuristic's (points)")
        save_svg(fig, file)


def _ordered(names: Iterable[str]) -> list[str]:
    """Put methods in the order of `LABELS`; files hold them by name."""
    known = list(LABELS)
    return sorted(names, key=lambda name: (known.index(name) if name in known else len(known), name))


def _example(example: dict[str, Any], file: Path) -> None:
    """The paths of heuristic, SurCo-zero and optimum on one grid, whose edges are the thicker the slower."""
    side, shown = example["side"], ("heuristic", "surco_zero", "optimum")
    edges = [(divmod(tail, side), divmod(head, side)) for tail, head in example["edges"]]
    widest = max(example["means"])
    with figure(1, 3, width=11.0, height=4.2) as (fig, axes):
        for ax, name, colour in zip(axes[0], shown, COLOURS, strict=False):
            for (tail, head), mean in zip(edges, example["means"], strict=True):
                _segment(ax, tail, head, color="0.8", linewidth=1 + 6 * mean / widest)
            for edge in example["paths"][name]:
                _segment(ax, *edges[edge], color=colour, linewidth=3)
            ax.set(title=f"{LABELS[name]}\nchance {100 * example['chances'][name]:.1f} %", aspect="equal")
            ax.axis("off")
            ax.invert_yaxis()
        save_svg(fig, file)


def _segment(ax: Axes, tail: tuple[int, int], head: tuple[int, int], **style: Any) -> None:
    ax.plot([tail[1], head[1]], [tail[0], head[0]], solid_capstyle="round", **style)


def _ablation(ablation: dict[str, Any], file: Path) -> None:
    """Tuned estimators on the test instances; and what tuning saw of their strengths."""
    with figure(1, 2, width=11.0, height=4.2) as (fig, axes):
        tested, tuned = axes[0]
        order = _ordered(ablation)
        rows = [t_interval(np.mean(ablation[name]["chances"], 1) * 100) for name in order]
        interval_bars(tested, [LABELS[name] for name in order], rows)
        tested.set(xlabel="chance to arrive on time (%), by seed", title="Best setting, test instances")
        for index, name in enumerate(order):
            tried = ablation[name]["tried"]
            strengths = sorted({one["strength"] for one in tried})
            best = [max(one["chance"] for one in tried if one["strength"] == s) * 100 for s in strengths]
            tuned.plot(strengths, best, label=LABELS[name], **style_of(index))
        tuned.set(xscale="log", xlabel="strength (λ, σ or γ)", ylabel="chance (%)", title="Tuning instances")
        tuned.legend()
        save_svg(fig, file)


def _priors(prior: dict[str, Any], file: Path) -> None:
    """Loss curve of the prior; chances before and after training."""
    with figure(1, 2, width=11.0, height=4.0) as (fig, axes):
        curve, chances = axes[0]
        for index, losses in enumerate(prior["losses"]):
            curve.plot(range(1, len(losses) + 1), losses, **style_of(index))
        curve.set(xlabel="epoch", ylabel="objective −z on training grids", title="One curve per seed")
        order = _ordered(prior["chances"])
        by_grid = [np.mean(prior["chances"][name], 0).reshape(-1, 3).mean(1) * 100 for name in order]
        interval_bars(chances, [LABELS[name] for name in order], [t_interval(values) for values in by_grid])
        chances.set(xlabel="chance to arrive on time (%), by grid", title="Test grids")
        save_svg(fig, file)


def _limited(data: dict[str, Any], file: Path) -> None:
    """General solvers under a limit beside the parametric search on the same instances: share found, and chance."""
    limited = data["limited"]
    labels = _ordered(limited)
    with figure(1, 2, width=11.0, height=0.5 * len(labels) + 1.5, sharey=True) as (fig, axes):
        found, chance = axes[0]
        rows = np.arange(len(labels))
        found.barh(rows, [100 * np.mean([one["found"] for one in limited[name]]) for name in labels], color=COLOURS[0])
        found.set(xlabel="instances with a path (%)", xlim=(0, 100))
        rival_B = np.mean(data["rivals"]["parametric"], 0)
        means = [100 * np.mean([one["chance"] for one in limited[name]]) for name in labels]
        chance.barh(rows, means, color=COLOURS[0])
        for row, name in enumerate(labels):
            chance.plot(100 * rival_B[: len(limited[name])].mean(), row, "d", color=COLOURS[1])
        chance.set(xlabel="mean chance (%); ◆ parametric search")
        found.set_yticks(rows, [LABELS.get(name, name) for name in labels])
        found.invert_yaxis()
        save_svg(fig, file)


def _scaling(seconds: dict[str, float], file: Path) -> None:
    """Time of one shortest path against the side of the grid."""
    with figure(width=6.0, height=4.0) as (fig, axes):
        ax = axes[0, 0]
        for index, (key, label) in enumerate((("networkx", "networkx, one by one"), ("ours", "ours, in a batch"))):
            mine = {name.split(".")[-1]: s for name, s in seconds.items() if name.startswith(f"scaling.{key}.")}
            points = sorted((int(side), s) for side, s in mine.items())
            ax.plot(*np.transpose(points), label=label, **style_of(index))
        ax.set(xscale="log", yscale="log", xlabel="vertices per side", ylabel="seconds per shortest path")
        ax.legend()
        save_svg(fig, file)
