"""How soon each optimizer arrives, and what a step of it costs."""

from pathlib import Path

import numpy as np

from common.figures import COLOURS, figure, save_svg, style_of
from common.optimizers import OPTIMIZERS
from common.statistics import performance_profile
from papers.adaptive_optimizers.figures.workloads import legend_right
from papers.adaptive_optimizers.runs import Stages, steps_to_target
from papers.adaptive_optimizers.settings import Params

TAU = np.linspace(1, 4, 121)
"""Factors of the best cost, up to 4 as in AlgoPerf."""


def draw_profiles(params: Params, stages: Stages, path: Path) -> None:
    """Share of (workload, seed) pairs on which a tuned optimizer reaches the target within tau times the best.

    On the right, time is steps times the measured time of a step: the gradient's, the same for all, plus
    the optimizer's own.
    """
    steps_PM = np.concatenate([steps_to_target(params, runs) for runs in stages.workloads.values()])
    own_M = np.array([stages.costs["optimizers"][optimizer]["seconds"] for optimizer in params.optimizers])
    gradient = stages.costs["gradient_seconds"]
    with figure(1, 2, width=12, height=4.6, sharey=True) as (fig, axes):
        for ax, costs_PM, label in zip(
            axes[0], (steps_PM, steps_PM * (gradient + own_M)), ("steps", "time"), strict=True
        ):
            for index, (optimizer, share_N) in enumerate(
                zip(params.optimizers, performance_profile(costs_PM, TAU), strict=True)
            ):
                look = {**style_of(index), "marker": ""}
                ax.plot(TAU, share_N, label=OPTIMIZERS[optimizer].label, **look)
            ax.set(xlabel=f"{label} to target / best {label} to target", xlim=(1, 4), ylim=(0, 1.02))
        axes[0, 0].set_ylabel("share of runs that arrived")
        legend_right(fig, axes[0, 0])
        save_svg(fig, path)


def draw_costs(params: Params, stages: Stages, path: Path) -> None:
    """Bytes of state per parameter, and time of one optimizer step beside that of the first."""
    labels = [OPTIMIZERS[optimizer].label for optimizer in params.optimizers]
    costs = [stages.costs["optimizers"][optimizer] for optimizer in params.optimizers]
    columns = (
        ("state per parameter (bytes)", [cost["state_bytes"] for cost in costs]),
        (f"time of a step / that of {labels[0]}", [cost["seconds"] / costs[0]["seconds"] for cost in costs]),
    )
    with figure(1, 2, width=11, height=0.36 * len(labels) + 1, sharey=True) as (fig, axes):
        for ax, (label, values) in zip(axes[0], columns, strict=True):
            bars = ax.barh(labels, values, color=COLOURS[0])
            ax.bar_label(bars, fmt="%.3g", padding=3)
            ax.set_xlabel(label)
            ax.margins(x=0.12)
            ax.grid(False, axis="y")
        axes[0, 0].invert_yaxis()
        save_svg(fig, path)
