"""Figures of the sharding experiment."""

from pathlib import Path
from typing import Any

import numpy as np

from common.figures import COLOURS, band, figure, interval_bars, save_svg, style_of
from common.statistics import paired_difference, t_interval

LABELS = {
    "dim_greedy": "dim-greedy (heuristic)",
    "size_greedy": "size-greedy",
    "lookup_greedy": "lookup-greedy",
    "cost_greedy": "predicted-latency greedy",
    "local_search": "local search",
    "random": "random costs",
    "genetic": "PyGAD",
    "iterative": "predicted solutions, iterative",
    "zero": "SurCo-zero",
    "zero_from_greedy": "SurCo-zero from greedy",
    "untrained_prior": "untrained prior",
    "prior": "SurCo-prior",
    "prior_lambda": "SurCo-prior-λ",
    "untrained_hybrid": "untrained hybrid",
    "hybrid": "SurCo-hybrid",
    "untrained_prior_released": "untrained prior, released net",
    "prior_released": "SurCo-prior, released net",
    "untrained_prior_released_deployed": "untrained, released deployment",
    "prior_released_deployed": "SurCo-prior, released deployment",
    "untrained_dreamshard": "untrained DreamShard",
    "dreamshard": "DreamShard",
    "blackbox": "blackbox",
    "imle": "I-MLE",
    "perturbed": "perturbed",
    "identity": "identity",
    "quadratic": "LP + quadratic",
    "lp": "pure LP",
}
"""Names of methods in figures, in the order in which they are shown."""
CURVES = ("cost_greedy", "local_search", "genetic", "dreamshard", "prior", "zero", "hybrid")
"""Methods whose gain is drawn against the number of tables."""
WORST = -60
"""Gain in % beyond which a method is given by a number at the edge."""


def draw(data: dict[str, Any], folder: Path) -> None:
    """Write all figures."""
    for source, cost in data["costs"].items():
        _fit(cost, folder / f"sharding_cost_{source}.svg")
    for name, sizes in data["settings"].items():
        if len(sizes) > 1:
            _scaling(sizes, folder / f"sharding_tables_{name}.svg")
        largest = max(sizes, key=lambda size: int(size[1:]))
        _methods(sizes[largest], int(largest[1:]), folder / f"sharding_methods_{name}.svg")
        _training(data["losses"][name][largest], sizes[largest], folder / f"sharding_training_{name}.svg")
    _ablation(data, folder / "sharding_ablation.svg")


def _fit(cost: dict[str, Any], file: Path) -> None:
    """Predicted against measured latencies of held-out placements; loss of the training."""
    with figure(1, 2, width=10.0, height=4.2) as (fig, axes):
        scatter, curve = axes[0]
        shown = slice(None, None, max(1, len(cost["measured"]) // 200))
        scatter.plot(cost["measured"][shown], cost["predicted"][shown], ".", color=COLOURS[0])
        ends = [0, max(cost["measured"])]
        scatter.plot(ends, ends, color=COLOURS[6], linewidth=1)
        error = np.mean(np.abs(cost["errors"]["held_out"]))
        scatter.set(
            xlabel="measured latency (ms)", ylabel="predicted (ms)", title=f"Held-out tables: mean error {error:.1f} %"
        )
        every = max(1, len(cost["losses"]) // 200)
        curve.plot(range(0, 10 * len(cost["losses"]), 10 * every), cost["losses"][::every], color=COLOURS[0])
        curve.set(yscale="log", xlabel="step", ylabel="loss", title="Training")
        save_svg(fig, file)


def _methods(methods: dict[str, Any], tables: int, file: Path) -> None:
    """Latency saved against the heuristic, instance by instance: as the methods see it, and by the judge."""
    names = [name for name in LABELS if name in methods and name != "dim_greedy"]
    with figure(1, 2, width=11.0, height=0.3 * len(names) + 1.4, sharey=True) as (fig, axes):
        for ax, key, title in zip(axes[0], ("latency", "judged"), ("cost network", "judge"), strict=True):
            heuristic_B = np.mean(methods["dim_greedy"][key], 0)
            relative = [100 * (1 - np.mean(methods[name][key], 0) / heuristic_B) for name in names]
            interval_bars(ax, [LABELS[name] for name in names], [t_interval(values_B) for values_B in relative])
            ax.axvline(0, color=COLOURS[6], linewidth=1)
            means = [values_B.mean() for values_B in relative]
            for row, mean in enumerate(means):
                if mean < WORST:
                    ax.text(WORST, row, f" ◂ {mean:.0f} %", va="center", fontsize=9)
            ax.set(xlim=(WORST, max(means) + 10), xlabel="latency saved against dim-greedy (%)")
            ax.set_title(f"{tables} tables, by the {title}")
        save_svg(fig, file)


def _scaling(sizes: dict[str, Any], file: Path) -> None:
    """Latency saved against the number of tables."""
    tables = sorted(int(size[1:]) for size in sizes)
    with figure(width=7.0, height=4.4) as (fig, axes):
        ax = axes[0, 0]
        for index, name in enumerate(CURVES):
            gains_TB = [
                100 * (1 - np.mean(methods[name]["latency"], 0) / np.mean(methods["dim_greedy"]["latency"], 0))
                for methods in (sizes[f"t{count}"] for count in tables)
            ]
            band(ax, tables, np.transpose(gains_TB), LABELS[name], style_of(index))
        ax.axhline(0, color=COLOURS[6], linewidth=1)
        ax.set(xlabel="tables", ylabel="latency saved against dim-greedy (%)", ylim=(-40, None), xticks=tables)
        ax.legend(fontsize=9, ncols=2)
        save_svg(fig, file)


def _training(losses: dict[str, Any], methods: dict[str, Any], file: Path) -> None:
    """Latency during the training of the priors and of DreamShard, and during SurCo-zero."""
    with figure(1, 2, width=11.0, height=4.2) as (fig, axes):
        training, search = axes[0]
        for index, (name, runs) in enumerate(losses.items()):
            values_SN = np.array(runs)
            training.plot(
                np.linspace(0, 1, values_SN.shape[1]), values_SN.mean(0), color=COLOURS[index], label=LABELS[name]
            )
        training.set(xlabel="share of the training", ylabel="latency (ms)", title="Training (priors: relaxed problem)")
        training.legend(fontsize=9)
        for index, (name, one) in enumerate((n, m) for n, m in methods.items() if "curve" in m):
            curve_T = np.mean(one["curve"], 0)
            every = max(1, len(curve_T) // 200)
            steps = np.arange(1, len(curve_T) + 1)
            search.plot(steps[::every], curve_T[::every], label=LABELS[name], color=COLOURS[index])
        for index, name in enumerate(("dim_greedy", "cost_greedy", "local_search")):
            search.axhline(
                np.mean(methods[name]["latency"]), color=COLOURS[index + 2], linestyle="--", label=LABELS[name]
            )
        search.set(xlabel="step", ylabel="best latency so far (ms)", xscale="log", title="Search on test instances")
        search.legend(fontsize=9)
        save_svg(fig, file)


def _ablation(data: dict[str, Any], file: Path) -> None:
    """Estimators at equal solver calls, and the size of their gradients at the same random costs."""
    chosen = {name: one for name, one in data["ablation"].items() if one}
    with figure(len(chosen), 2, width=11.0, height=3.8 * len(chosen)) as (fig, axes):
        for (latency, size), (name, methods) in zip(axes, chosen.items(), strict=True):
            shown = [method for method in LABELS if method in methods]
            means_MB = [np.mean(methods[method]["latency"], 0) for method in shown]
            rows = [paired_difference(values_B, np.min(means_MB, 0)) for values_B in means_MB]
            interval_bars(latency, [LABELS[method] for method in shown], rows)
            latency.set(xlabel="latency above the best of all (ms)", title=f"memory {name}")
            estimators = [method for method in shown if method in data["gradients"][name]]
            norms = [np.median(data["gradients"][name][estimator]["norm"]) for estimator in estimators]
            size.barh(range(len(estimators)), norms, color=COLOURS[0])
            size.set_yticks(range(len(estimators)), [LABELS[estimator] for estimator in estimators])
            size.invert_yaxis()
            size.set(xscale="log", xlabel="norm of the gradient (ms per unit of cost)", title=f"Same costs, {name}")
        save_svg(fig, file)
