"""The lecture's pictures: decision boundaries, sensitivity and accuracy at both widths."""

from pathlib import Path

import numpy as np
from matplotlib.colors import ListedColormap

from common.figures import COLOURS, band, figure, save_svg, style_of
from common.optimizers import OPTIMIZERS
from common.statistics import t_interval
from papers.adaptive_optimizers.figures.workloads import legend_right
from papers.adaptive_optimizers.lecture.peaks import HIGH, LOW, true_class
from papers.adaptive_optimizers.runs import Stages
from papers.adaptive_optimizers.settings import Params

SQUARE = (LOW, HIGH, LOW, HIGH)


def draw_boundaries(params: Params, stages: Stages, path: Path) -> None:
    """Classes that the first seed's tuned network predicts: one row per width, the true classes in front."""
    settings = params.lecture
    line = np.linspace(LOW, HIGH, settings.boundary_grid)
    truth = true_class(np.stack(np.meshgrid(line, line), axis=-1), settings.classes)
    look = {"cmap": ListedColormap(COLOURS[: settings.classes]), "vmin": 0, "vmax": settings.classes - 1}
    names = settings.optimizers
    with figure(len(stages.lecture), 1 + len(names), width=14, height=2.3 * len(stages.lecture)) as (fig, axes):
        for row, (width, compared) in enumerate(stages.lecture.items()):
            pictures = [truth, *(np.array(compared[name]["boundary"]) for name in names)]
            labels = ["true classes", *(OPTIMIZERS[name].label for name in names)]
            for ax, classes, label in zip(axes[row], pictures, labels, strict=True):
                ax.imshow(classes, origin="lower", extent=SQUARE, interpolation="nearest", **look)
                ax.set(xticks=[], yticks=[], title=label if row == 0 else "")
                ax.grid(False)
            axes[row, 0].set_ylabel(f"width {width}")
        save_svg(fig, path)


def draw_sensitivity(params: Params, stages: Stages, path: Path) -> None:
    """Validation accuracy against the learning rate at each width, with bands over the tuning seeds."""
    with figure(1, len(stages.lecture), width=5 * len(stages.lecture) + 2, height=4.4, sharey=True) as (fig, axes):
        for ax, (width, compared) in zip(axes[0], stages.lecture.items(), strict=True):
            for index, name in enumerate(params.lecture.optimizers):
                sweep = compared[name]["sweep"]
                quality_SL = np.array(sweep["quality"], dtype=float).T
                label, style = OPTIMIZERS[name].label, style_of(index)
                band(ax, sweep["learning_rates"], quality_SL, label=label, style=style)
            ax.set(title=f"width {width}", xscale="log", xlabel="learning rate", ylim=(0, 100))
        axes[0, 0].set_ylabel("validation accuracy (%)")
        legend_right(fig, axes[0, 0])
        save_svg(fig, path)


def draw_accuracy(params: Params, stages: Stages, path: Path) -> None:
    """Test accuracy of every seed with the mean's interval, tuned and with torch's defaults, at each width."""
    names = params.lecture.optimizers
    with figure(1, len(stages.lecture), width=5 * len(stages.lecture) + 2, height=4.4, sharey=True) as (fig, axes):
        for ax, (width, compared) in zip(axes[0], stages.lecture.items(), strict=True):
            for shift, convention in ((-0.17, "torch"), (0.17, "tuned")):
                colour = COLOURS[1 if convention == "torch" else 0]
                for column, name in enumerate(names):
                    accuracy = compared[name]["runs"][convention]["test_accuracy"]
                    spread = shift + np.linspace(-0.1, 0.1, len(accuracy))
                    ax.plot(column + spread, accuracy, ".", color=colour, alpha=0.3, markersize=4)
                    interval = t_interval(accuracy)
                    label = {"torch": "torch defaults", "tuned": "tuned"}[convention] if column == 0 else None
                    ax.plot(column + shift, interval.value, "o", color=colour, label=label)
                    if interval.low is not None:
                        ax.plot([column + shift] * 2, [interval.low, interval.high], "-", color=colour)
            controls = stages.lecture_controls
            nearest = np.mean(controls["classical"][: params.lecture.seeds[width]])
            ax.axhline(nearest, color="0.2", linestyle="--", label="nearest neighbour")
            ax.axhline(np.mean(controls["untrained"][str(width)]), color="0.5", linestyle=":", label="untrained copy")
            ax.set_xticks(range(len(names)), [OPTIMIZERS[name].label for name in names], rotation=30)
            ax.set(title=f"width {width}", ylim=(0, 102))
        axes[0, 0].set_ylabel("test accuracy (%)")
        legend_right(fig, axes[0, 0])
        save_svg(fig, path)
