"""Curves, final quality, ranking and learning-rate sensitivity of the image workloads."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import rankdata

from common.figures import COLOURS, band, figure, save_svg, style_of
from common.optimizers import OPTIMIZERS
from common.statistics import t_interval
from papers.adaptive_optimizers.runs import Stages, WorkloadRuns
from papers.adaptive_optimizers.settings import Params
from papers.adaptive_optimizers.tasks import TASKS

CONVENTIONS = {"paper_era": "defaults of 2019-20", "torch": "torch defaults", "tuned": "tuned"}


DATASETS = {"mnist": "MNIST", "cifar10": "CIFAR-10", "lfw": "LFW"}


def title_of(name: str) -> str:
    """Return a workload's name for people: "mnist_classification" -> "MNIST classification"."""
    dataset, task = name.rsplit("_", 1)
    return f"{DATASETS.get(dataset, dataset.capitalize())} {task}"


THINNED = slice(1, None, 3)
"""Every third point of a training curve is enough to see it, and keeps the report small."""

Panels = list[tuple[Axes, tuple[str, WorkloadRuns]]]


@contextmanager
def _panels(stages: Stages, height_each: float) -> Iterator[tuple[Figure, Panels]]:
    """Open one panel for each workload, at most three in a row."""
    columns = min(3, len(stages.workloads))
    rows = math.ceil(len(stages.workloads) / columns)
    with figure(rows, columns, width=4.6 * columns + 1.6, height=height_each * rows) as (fig, axes):
        for ax in axes.flat[len(stages.workloads) :]:
            ax.set_axis_off()
        yield fig, list(zip(axes.flat, stages.workloads.items(), strict=False))


def legend_right(fig: Figure, ax: Axes) -> None:
    """Put one legend beside all panels."""
    fig.legend(*ax.get_legend_handles_labels(), loc="outside right center")


def draw_curves(params: Params, name: str, runs: WorkloadRuns, path: Path) -> None:
    """Training loss and validation quality against steps: one column per convention, bands over seeds."""
    task = TASKS[params.workloads[name].task]
    with figure(2, len(params.conventions), width=13, height=7, sharex=True, sharey="row") as (fig, axes):
        for column, convention in enumerate(params.conventions):
            losses, quality = axes[:, column]
            for index, optimizer in enumerate(params.optimizers):
                steps = runs.values(convention, optimizer, "train_steps")[0][THINNED]
                look = {"label": OPTIMIZERS[optimizer].label, "style": style_of(index)}
                band(losses, steps, runs.values(convention, optimizer, "train_losses")[:, THINNED], **look)
                steps = runs.values(convention, optimizer, "steps")[0]
                band(quality, steps, runs.values(convention, optimizer, "valid_quality"), **look)
            losses.set(title=CONVENTIONS[convention], yscale="log")
            quality.set(xlabel="step")
        lowest = min(run["train_losses"][-1] for group in runs.runs.values() for run in group)
        axes[0, 0].set_ylim(bottom=0.7 * lowest)  # on a logarithmic axis a wide band would reach down without end
        axes[0, 0].set_ylabel("training loss (nats)")
        if task.unit == "%":
            axes[1, 0].set_ylim(0, 100)
        axes[1, 0].set_ylabel(f"validation {task.label.removeprefix('test ')} ({task.unit})")
        legend_right(fig, axes[0, 0])
        save_svg(fig, path)


def draw_final(params: Params, stages: Stages, path: Path) -> None:
    """Test quality of every optimizer under the three conventions, with intervals and both controls."""
    rows = np.arange(len(params.optimizers))
    with _panels(stages, height_each=0.33 * len(rows) + 1.4) as (fig, panels):
        for ax, (name, runs) in panels:
            for shift, convention in enumerate(params.conventions):
                for row, optimizer in enumerate(params.optimizers):
                    interval = t_interval(runs.values(convention, optimizer, "quality"))
                    y = row + 0.25 * (shift - 1)
                    look = {"color": COLOURS[shift], "label": CONVENTIONS[convention] if row == 0 else None}
                    ax.plot(interval.value, y, "os^"[shift], **look)
                    if interval.low is not None:
                        ax.plot([interval.low, interval.high], [y, y], "-", color=COLOURS[shift])
            ax.axvline(np.mean(runs.untrained), color="0.5", linestyle=":", label="untrained copy")
            ax.axvline(runs.classical, color="0.2", linestyle="--", label="classical method")
            ax.set_yticks(rows, [OPTIMIZERS[optimizer].label for optimizer in params.optimizers])
            ax.set_ylim(len(rows) - 0.5, -0.5)
            task = TASKS[params.workloads[name].task]
            ax.set(title=title_of(name), xlabel=f"{task.label} ({task.unit})")
            if task.unit == "%":
                ax.set_xlim(0, 100)
        fig.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
        save_svg(fig, path)


def draw_ranking(params: Params, stages: Stages, path: Path) -> None:
    """Rank of every optimizer by mean test quality: a line that crosses others is a rank that the convention makes."""
    columns = range(len(params.conventions))
    with _panels(stages, height_each=0.33 * len(params.optimizers) + 1.2) as (fig, panels):
        for ax, (name, runs) in panels:
            means_CM = [[runs.values(c, o, "quality").mean() for o in params.optimizers] for c in params.conventions]
            ranks_CM = rankdata(-np.array(means_CM), axis=1)
            for index, optimizer in enumerate(params.optimizers):
                look = style_of(index)
                ax.plot(columns, ranks_CM[:, index], **look)
                label = OPTIMIZERS[optimizer].label
                ax.text(columns[-1] + 0.06, ranks_CM[-1, index], label, va="center", color=look["color"], fontsize=10)
            ax.set_xticks(columns, [CONVENTIONS[c].replace(" ", "\n", 1) for c in params.conventions])
            ax.set_yticks(range(1, len(params.optimizers) + 1))
            ax.set(title=title_of(name), ylabel="rank", xlim=(-0.15, columns[-1] + 0.6))
            ax.invert_yaxis()
        save_svg(fig, path)


def draw_sensitivity(params: Params, stages: Stages, path: Path) -> None:
    """Validation quality against the learning rate; a gap is a learning rate at which a run diverged."""
    with _panels(stages, height_each=4.2) as (fig, panels):
        for ax, (name, runs) in panels:
            for index, optimizer in enumerate(params.optimizers):
                sweep = runs.sweep[optimizer]
                quality_SL = np.array(sweep["quality"], dtype=float).T
                style = style_of(index)
                band(ax, sweep["learning_rates"], quality_SL, label=OPTIMIZERS[optimizer].label, style=style)
            task = TASKS[params.workloads[name].task]
            quality = task.label.removeprefix("test ")
            ax.set(title=title_of(name), xscale="log", xlabel="learning rate", ylabel=f"{quality} ({task.unit})")
            if task.unit == "%":
                ax.set_ylim(0, 100)
        legend_right(fig, panels[0][0])
        save_svg(fig, path)


def draw_reconstructions(params: Params, name: str, runs: WorkloadRuns, path: Path) -> None:
    """Test images above, and below them what each tuned optimizer's autoencoder makes of them."""
    from papers.adaptive_optimizers.tasks import read_data  # noqa: PLC0415  (only this figure reads the images)

    pictures = {
        OPTIMIZERS[optimizer].label: np.array(runs.runs["tuned", optimizer][0]["reconstructions"], dtype=np.uint8)
        for optimizer in params.optimizers
    }
    shown = len(next(iter(pictures.values())))
    test = read_data(params.workloads[name], params.split_seed).test.x[:shown]
    originals = (255 * test).round().byte().permute(0, 2, 3, 1).numpy()
    rows = {"original": originals, **pictures}
    with figure(len(rows), 1, width=8, height=0.85 * len(rows) + 0.2) as (fig, axes):
        for ax, (label, images) in zip(axes[:, 0], rows.items(), strict=True):
            strip = np.concatenate(list(images), axis=1)
            ax.imshow(strip.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest", aspect="equal")
            ax.set_xticks([])
            ax.set_yticks([strip.shape[0] / 2], [label])
            ax.tick_params(length=0)
            ax.grid(False)
            ax.spines[:].set_visible(False)
        save_svg(fig, path)
