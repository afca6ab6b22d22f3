"""Figures of the photonics experiment, one SVG each."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from common.figures import COLOURS, figure, save_svg, style_of
from common.statistics import wilson_interval
from papers.surco.photonics.devices import DEVICES, RESOLUTION, WAVELENGTHS, Instance
from papers.surco.photonics.encoding import CHANGE_POINTS, curve_steps, unpacked
from papers.surco.photonics.pictures import numbers

LABELS = {
    "pass_through": "pass-through",
    "surco_zero": "SurCo-zero",
    "surco_hybrid": "SurCo-hybrid",
    "surco_prior": "SurCo-prior",
    "straight_zero": "zero, straight-through",
    "straight_hybrid": "hybrid, straight-through",
    "straight_prior": "prior, straight-through",
    "normalised_prior": "prior, normalised",
    "untrained": "untrained prior",
    "normalised_untrained": "untrained, normalised",
    "restarts": "random designs",
    "direct": "predicted design",
    "direct_painted": "predicted, painted",
    "nearest": "nearest known design",
    "nearest_hybrid": "search from that design",
}
"""Of methods, in the order of the figures."""
MICROMETRE = RESOLUTION / 1000
"""Side of a pixel."""
FLOOR = -50.0
"""dB below which powers are not shown."""
QUIET = {"xticks": [], "yticks": []}
CELLS = {"origin": "lower", "interpolation": "none"}
"""Of images, cell by cell as they are: resampled, they would fill the file."""


def draw(data: dict[str, Any], folder: Path) -> None:
    """Draw all of them into `folder`."""
    for device, results in data["devices"].items():
        draw_device(results[0]["picture"], folder / f"photonics_device_{device}.svg")
        draw_strip(device, results[0], data["searches"], folder / f"photonics_strip_{device}.svg")
    draw_convergence(data, folder / "photonics_convergence.svg")
    draw_changes(data, folder / "photonics_changes.svg")
    draw_success(data, folder / "photonics_success.svg")
    draw_sweep(data, folder / "photonics_sweep.svg")
    draw_seconds(data, folder / "timing_photonics.svg")


def draw_device(picture: dict[str, Any], path: Path) -> None:
    """The electric field at both wavelengths over the outlines of the material, and powers against their bounds."""
    shape = tuple(picture["shape"])
    solid = numbers(picture["solid"], shape)
    extent = (0, shape[0] * MICROMETRE, 0, shape[1] * MICROMETRE)
    with figure(1, 3, width=14, height=4.4) as (fig, axes):
        for ax, field, wavelength in zip(axes[0], picture["fields"], WAVELENGTHS, strict=False):
            values = numbers(field, shape)
            top = np.quantile(np.abs(values), 0.995)
            ax.imshow(values.T, extent=extent, cmap="RdBu_r", vmin=-top, vmax=top, **CELLS)
            ax.contour(solid.T, levels=[0.5], extent=extent, colors="black", linewidths=0.6)
            ax.set(xlabel="x (µm)", title=f"{wavelength:g} nm")
            ax.grid(False)
        axes[0, 0].set_ylabel("y (µm)")
        device, sizes = picture["name"].split(" ")
        instance = Instance(device, tuple(map(int, sizes.split("-"))))
        _spectrum(axes[0, 2], picture, instance)
        drawn = ", ".join(
            f"{name} {size} nm" for name, size in zip(DEVICES[device].choices, instance.sizes, strict=True)
        )
        fig.suptitle(f"{DEVICES[device].label} ({drawn}), design of {LABELS[picture['method']]}", fontsize=13)
        save_svg(fig, path)


def _spectrum(ax: Axes, picture: dict[str, Any], instance: Instance) -> None:
    goals = instance.goals()
    powers_WP = 10 * np.log10(np.array(picture["powers"]))
    for port, powers_W in enumerate(powers_WP.T):
        style = style_of(port)
        ax.plot(picture["wavelengths"], np.maximum(powers_W, FLOOR), label=f"port {port + 1}", markevery=4, **style)
        for wavelength, bounds_P, signs_P in zip(WAVELENGTHS, goals.bounds_WP, goals.signs_WP, strict=True):
            bound = 10 * np.log10(bounds_P[port])
            away = {"marker": "v" if signs_P[port] > 0 else "^", "color": style["color"]}
            size = 13 - 2.5 * port  # ports may share a bound
            ax.plot(wavelength, bound, linestyle="", markersize=size, markeredgecolor="black", **away)
    ax.set(xlabel="wavelength (nm)", ylabel="power (dB)", ylim=(FLOOR, 2), title="▼ at most, ▲ at least")
    ax.legend()


def draw_strip(device: str, result: dict[str, Any], methods: Sequence[str], path: Path) -> None:
    """Designs of one test instance along the searches, and the first to meet the specification or else the best."""
    steps = sorted({int(step) for name in methods for step in result["kept"][name]})
    x, y = DEVICES[device].shape
    blank = Instance(device, ())
    height = 1.5 * len(methods) * y / x + 0.6
    with figure(len(methods), len(steps) + 1, width=1.5 * len(steps) + 3.5, height=height) as (fig, axes):
        for row, name in zip(axes, methods, strict=True):
            summary, kept = result["methods"][name], result["kept"][name]
            for ax, step in zip(row, steps, strict=False):
                if str(step) in kept:
                    _picture(ax, unpacked(kept[str(step)], blank).reshape(x, y))
                else:
                    ax.axis("off")
            _picture(row[-1], unpacked(result["designs"][name], blank).reshape(x, y))
            row[-1].set_xlabel("meets all" if summary["met_after"] else f"loss {_shown(summary['loss'])}", fontsize=10)
            row[0].set_ylabel(LABELS[name].replace(", ", ",\n"), fontsize=10, rotation=0, ha="right", va="center")
        for ax, step in zip(axes[0], steps, strict=False):
            ax.set_title(f"step {step}", fontsize=10)
        axes[0, -1].set_title("result", fontsize=10)
        save_svg(fig, path)


def _picture(ax: Axes, design: np.ndarray) -> None:
    ax.imshow(design.T, cmap="gray_r", vmin=0, vmax=1, **CELLS)
    ax.set(**QUIET)
    ax.grid(False)


def draw_convergence(data: dict[str, Any], path: Path) -> None:
    """Best loss so far against steps: median and quartiles over the test instances."""
    steps = curve_steps(data["steps"])
    with _panels(data, width=4.2, height=3.6, beside=2.4, sharey=True) as (fig, axes):
        for ax, (device, results) in zip(axes.flat, data["devices"].items(), strict=False):
            for index, name in enumerate(data["searches"]):
                curves = np.array([one["methods"][name]["curve"] for one in results])
                low, middle, high = np.quantile(curves, [0.25, 0.5, 0.75], axis=0)
                style = style_of(index)
                ax.plot(steps, middle, label=LABELS[name], markevery=4, **style)
                ax.fill_between(steps, low, high, color=style["color"], alpha=0.15, linewidth=0)
            ax.set(title=DEVICES[device].label, xscale="log", yscale="log", xlabel="designs simulated")
        for ax in axes[:, 0]:
            ax.set_ylabel("best loss so far")
        _legend_right(fig, axes[0, 0])
        save_svg(fig, path)


def draw_changes(data: dict[str, Any], path: Path) -> None:
    """Pixels that change from one design to the next, mean over the test instances whose search still goes on."""
    with _panels(data, width=4.2, height=3.6, beside=2.4) as (fig, axes):
        for ax, (device, results) in zip(axes.flat, data["devices"].items(), strict=False):
            for index, name in enumerate(data["searches"][:-1]):
                curves = [one["methods"][name]["changed"] for one in results]
                longest = max(map(len, curves))
                means = [np.mean([curve[i] for curve in curves if len(curve) > i]) for i in range(longest)]
                middles = (np.arange(longest) + 0.5) * data["steps"] / CHANGE_POINTS
                ax.plot(middles, means, label=LABELS[name], markevery=3, **style_of(index))
            ax.set(title=DEVICES[device].label, xlabel="designs simulated", ylim=(0, None))
        for ax in axes[:, 0]:
            ax.set_ylabel("pixels changed per step")
        _legend_right(fig, axes[0, 0])
        save_svg(fig, path)


def draw_success(data: dict[str, Any], path: Path) -> None:
    """Share of test instances whose specification was met, with Wilson's 95 % intervals."""
    names = list(LABELS)
    with _panels(data, width=3.4, height=0.3 * len(names) + 1, beside=2.4, sharey=True) as (fig, axes):
        for ax, (device, results) in zip(axes.flat, data["devices"].items(), strict=False):
            for row, name in enumerate(names):
                met = sum(one["methods"][name]["met_after"] is not None for one in results)
                interval = wilson_interval(met, len(results))
                ax.plot([100 * interval.low, 100 * interval.high], [row, row], "-", color=COLOURS[0])
                ax.plot(100 * met / len(results), row, "o", color=COLOURS[0])
            ax.set(title=DEVICES[device].label, xlabel=f"met (% of {len(results)})", xlim=(-4, 104))
            ax.grid(False, axis="y")
            ax.set_yticks(range(len(names)), [LABELS[name] for name in names])
        axes[0, 0].set_ylim(len(names) - 0.5, -0.5)
        save_svg(fig, path)


def draw_sweep(data: dict[str, Any], path: Path) -> None:
    """SurCo-zero's best loss on training instances, for every lambda, learning rate and start; the chosen is framed."""
    grid = {
        tuple(name.split()): [result for results in many.values() for result in results]
        for name, many in data["sweep"].items()
    }
    starts, strengths, rates = (
        sorted({key[part] for key in grid}, key=of) for part, of in enumerate((str, float, float))
    )
    losses = {key: float(np.mean([np.log10(one["loss"]) for one in results])) for key, results in grid.items()}
    middle = (min(losses.values()) + max(losses.values())) / 2
    bounds = {"vmin": min(losses.values()), "vmax": max(losses.values()) + 1e-9}
    with figure(1, len(starts), width=3.4 * len(starts) + 1.2, height=3.8, sharey=True) as (fig, axes):
        for ax, start in zip(axes[0], starts, strict=True):
            table = np.array([[losses[start, strength, rate] for rate in rates] for strength in strengths])
            ax.imshow(table, cmap="cividis_r", aspect="auto", **bounds)
            for (row, column), value in np.ndenumerate(table):
                key = (start, strengths[row], rates[column])
                met = sum(one["met_after"] is not None for one in grid[key])
                text = _shown(10**value) + (f"\n{met} met" if met else "")
                ax.text(column, row, text, ha="center", va="center", color="white" if value > middle else "black")
                if " ".join(key) == data["chosen"]:
                    ax.add_patch(
                        Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, fill=False, color="red", linewidth=3)
                    )
            ax.set_xticks(range(len(rates)), rates)
            ax.set(xlabel="learning rate", title=f"start: {start}")
            ax.grid(False)
        axes[0, 0].set_yticks(range(len(strengths)), strengths)
        axes[0, 0].set_ylabel("λ · rms(∂f/∂x)")
        fig.suptitle(f"best loss, geometric mean of {len(grid[key])} training instances", fontsize=13)
        save_svg(fig, path)


def draw_seconds(data: dict[str, Any], path: Path) -> None:
    """Median time of each method on a test instance."""
    names = list(LABELS)
    with figure(1, 1, width=9, height=0.36 * len(names) + 1) as (fig, axes):
        for index, device in enumerate(data["devices"]):
            seconds = [data["seconds"][f"{device}.{name}"] for name in names]
            style = style_of(index) | {"linestyle": ""}
            axes[0, 0].plot(seconds, range(len(names)), label=DEVICES[device].label, **style)
        axes[0, 0].set(xscale="log", xlabel="seconds per instance (median)", ylim=(len(names) - 0.5, -0.5))
        axes[0, 0].set_yticks(range(len(names)), [LABELS[name] for name in names])
        _legend_right(fig, axes[0, 0])
        save_svg(fig, path)


@contextmanager
def _panels(
    data: dict[str, Any], width: float, height: float, beside: float, **subplots: bool
) -> Iterator[tuple[Figure, np.ndarray]]:
    """Open a figure with a panel for each device, two in a row; width and height are a panel's."""
    count = len(data["devices"])
    rows = -(-count // 2)
    with figure(rows, min(count, 2), width=width * min(count, 2) + beside, height=height * rows, **subplots) as (
        fig,
        axes,
    ):
        for ax in axes.flat[count:]:
            ax.axis("off")
        yield fig, axes


def _shown(loss: float) -> str:
    return f"{loss:.0f}" if loss >= 100 else f"{loss:.2g}"


def _legend_right(fig: Figure, ax: Axes) -> None:
    fig.legend(*ax.get_legend_handles_labels(), loc="outside right center")
