"""Figures of the photonics experiment, one SVG each."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.figures import COLOURS, figure, save_svg, style_of
from common.statistics import wilson_interval
from papers.surco.photonics.devices import DEVICES, RESOLUTION, WAVELENGTHS, Instance
from papers.surco.photonics.parts import CHANGE_POINTS, curve_steps, unpacked
from papers.surco.photonics.pictures import numbers

LABELS = {
    "pass_through": "pass-through",
    "surco_zero": "SurCo-zero",
    "surco_hybrid": "SurCo-hybrid",
    "surco_prior": "SurCo-prior",
    "straight_zero": "zero, straight-through",
    "straight_hybrid": "hybrid, straight-through",
    "straight_prior": "prior, straight-through",
    "untrained": "untrained prior",
    "restarts": "random designs",
    "direct": "predicted design",
    "direct_painted": "predicted, painted",
    "nearest": "nearest known design",
}
"""Of methods, in the order of the figures."""
MICROMETRE = RESOLUTION / 1000
"""Side of a pixel."""
FLOOR = -50.0
"""dB below which powers are not shown."""
QUIET = {"xticks": [], "yticks": []}


def draw(data: dict[str, Any], folder: Path) -> None:
    """Draw all of them into `folder`."""
    for device, results in data["devices"].items():
        draw_device(results[0]["picture"], folder / f"photonics_device_{device}.svg")
        draw_strip(device, results[0], folder / f"photonics_strip_{device}.svg")
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
            ax.imshow(values.T, origin="lower", extent=extent, cmap="RdBu_r", vmin=-top, vmax=top)
            ax.contour(solid.T, levels=[0.5], extent=extent, colors="black", linewidths=0.6)
            ax.set(xlabel="x (µm)", title=f"{wavelength:g} nm")
            ax.grid(False)
        axes[0, 0].set_ylabel("y (µm)")
        device, sizes = picture["name"].split(" ")
        _spectrum(axes[0, 2], picture, Instance(device, tuple(map(int, sizes.split("-")))))
        save_svg(fig, path)


def _spectrum(ax: Axes, picture: dict[str, Any], instance: Instance) -> None:
    goals = instance.goals()
    powers_WP = 10 * np.log10(np.array(picture["powers"]))
    for port, powers_W in enumerate(powers_WP.T):
        style = style_of(port)
        ax.plot(picture["wavelengths"], np.maximum(powers_W, FLOOR), label=f"port {port + 1}", markevery=4, **style)
        for wavelength, bounds_P, signs_P in zip(WAVELENGTHS, goals.bounds_WP, goals.signs_WP, strict=True):
            bound = 10 * np.log10(bounds_P[port])
            away = {"marker": "v" if signs_P[port] > 0 else "^", "color": style["color"], "markersize": 11}
            ax.plot(wavelength, bound, linestyle="", markeredgecolor="black", **away)
    ax.set(xlabel="wavelength (nm)", ylabel="power (dB)", ylim=(FLOOR, 2), title="▼ at most, ▲ at least")
    ax.legend()


def draw_strip(device: str, result: dict[str, Any], path: Path) -> None:
    """Designs of one test instance along the searches, and the first to meet the specification or else the best."""
    methods = [name for name in LABELS if len(result["kept"][name]) > 1]
    steps = sorted({int(step) for name in methods for step in result["kept"][name]})
    x, y = DEVICES[device].shape
    blank = Instance(device, ())
    with figure(
        len(methods), len(steps) + 1, width=1.5 * (len(steps) + 2), height=1.5 * len(methods) * y / x + 0.6
    ) as (
        fig,
        axes,
    ):
        for row, name in zip(axes, methods, strict=True):
            summary, kept = result["methods"][name], result["kept"][name]
            for ax, step in zip(row, steps, strict=False):
                if str(step) in kept:
                    _picture(ax, unpacked(kept[str(step)], blank).reshape(x, y))
                else:
                    ax.axis("off")
            _picture(row[-1], unpacked(result["designs"][name], blank).reshape(x, y))
            row[-1].set_xlabel("meets all" if summary["met_after"] else f"loss {summary['loss']:.3g}", fontsize=10)
            row[0].set_ylabel(LABELS[name], fontsize=10)
        for ax, step in zip(axes[0], steps, strict=False):
            ax.set_title(f"step {step}", fontsize=10)
        axes[0, -1].set_title("result", fontsize=10)
        save_svg(fig, path)


def _picture(ax: Axes, design: np.ndarray) -> None:
    ax.imshow(design.T, origin="lower", cmap="gray_r", vmin=0, vmax=1)
    ax.set(**QUIET)
    ax.grid(False)


def draw_convergence(data: dict[str, Any], path: Path) -> None:
    """Best loss so far against steps: median and quartiles over the test instances."""
    steps = curve_steps(data["steps"])
    panels = len(data["devices"])
    with figure(1, panels, width=4.2 * panels + 2.4, height=4.2, sharey=True) as (fig, axes):
        for ax, (device, results) in zip(axes[0], data["devices"].items(), strict=True):
            for index, name in enumerate(data["searches"]):
                curves = np.array([one["methods"][name]["curve"] for one in results])
                low, middle, high = np.quantile(curves, [0.25, 0.5, 0.75], axis=0)
                style = style_of(index)
                ax.plot(steps, middle, label=LABELS[name], markevery=4, **style)
                ax.fill_between(steps, low, high, color=style["color"], alpha=0.15, linewidth=0)
            ax.set(title=DEVICES[device].label, xscale="log", yscale="log", xlabel="designs simulated")
        axes[0, 0].set_ylabel("best loss so far")
        _legend_right(fig, axes[0, 0])
        save_svg(fig, path)


def draw_changes(data: dict[str, Any], path: Path) -> None:
    """Pixels that change from one design to the next, mean over the test instances whose search still goes on."""
    panels = len(data["devices"])
    with figure(1, panels, width=4.2 * panels + 2.4, height=4.2) as (fig, axes):
        for ax, (device, results) in zip(axes[0], data["devices"].items(), strict=True):
            for index, name in enumerate(data["searches"][:-1]):
                curves = [one["methods"][name]["changed"] for one in results]
                longest = max(map(len, curves))
                means = [np.mean([curve[i] for curve in curves if len(curve) > i]) for i in range(longest)]
                middles = (np.arange(longest) + 0.5) * data["steps"] / CHANGE_POINTS
                ax.plot(middles, means, label=LABELS[name], markevery=3, **style_of(index))
            ax.set(title=DEVICES[device].label, xlabel="designs simulated", ylim=(0, None))
        axes[0, 0].set_ylabel("pixels changed per step")
        _legend_right(fig, axes[0, 0])
        save_svg(fig, path)


def draw_success(data: dict[str, Any], path: Path) -> None:
    """Share of test instances whose specification was met, with Wilson's 95 % intervals."""
    names = list(LABELS)
    panels, height = len(data["devices"]), 0.36 * len(names) + 1.2
    with figure(1, panels, width=3.2 * panels + 3, height=height, sharey=True) as (fig, axes):
        for ax, (device, results) in zip(axes[0], data["devices"].items(), strict=True):
            for row, name in enumerate(names):
                met = sum(one["methods"][name]["met_after"] is not None for one in results)
                interval = wilson_interval(met, len(results))
                ax.plot([100 * interval.low, 100 * interval.high], [row, row], "-", color=COLOURS[0])
                ax.plot(100 * met / len(results), row, "o", color=COLOURS[0])
            ax.set(title=DEVICES[device].label, xlabel=f"met (% of {len(results)})", xlim=(-4, 104))
            ax.grid(False, axis="y")
        axes[0, 0].set_yticks(range(len(names)), [LABELS[name] for name in names])
        axes[0, 0].set_ylim(len(names) - 0.5, -0.5)
        save_svg(fig, path)


def draw_sweep(data: dict[str, Any], path: Path) -> None:
    """Geometric mean of SurCo-zero's best loss on training instances, for every lambda, learning rate and start."""
    grid = {tuple(name.split()): many for name, many in data["sweep"].items() if len(name.split()) == 3}
    starts, strengths, rates = (list(dict.fromkeys(key[part] for key in grid)) for part in range(3))
    losses = {
        key: np.exp(np.mean([np.log(result["loss"]) for results in many.values() for result in results]))
        for key, many in grid.items()
    }
    with figure(1, len(starts), width=4 * len(starts) + 1.2, height=3.6, sharey=True) as (fig, axes):
        low, high = np.log10([min(losses.values()), max(losses.values())])
        for ax, start in zip(axes[0], starts, strict=True):
            table = np.log10([[losses[start, strength, rate] for rate in rates] for strength in strengths])
            ax.imshow(table, cmap="cividis_r", vmin=low, vmax=high + 1e-9, aspect="auto")
            for (row, column), value in np.ndenumerate(table):
                met = sum(
                    result["met_after"] is not None
                    for results in grid[start, strengths[row], rates[column]].values()
                    for result in results
                )
                dark = value > (low + high) / 2
                text = f"{10**value:.3g}" + (f"\n{met} met" if met else "")
                ax.text(column, row, text, ha="center", va="center", color="white" if dark else "black", fontsize=9)
            ax.set_xticks(range(len(rates)), rates)
            ax.set(xlabel="learning rate", title=f"start: {start}")
            ax.grid(False)
        axes[0, 0].set_yticks(range(len(strengths)), strengths)
        axes[0, 0].set_ylabel("λ · rms(∂f/∂x)")
        save_svg(fig, path)


def draw_seconds(data: dict[str, Any], path: Path) -> None:
    """Median time of each method on a test instance."""
    names = list(LABELS)
    with figure(1, 1, width=7, height=0.36 * len(names) + 1.4) as (fig, axes):
        for index, device in enumerate(data["devices"]):
            seconds = [data["seconds"][f"{device}.{name}"] for name in names]
            style = style_of(index) | {"linestyle": ""}
            axes[0, 0].plot(seconds, range(len(names)), label=DEVICES[device].label, **style)
        axes[0, 0].set(xscale="log", xlabel="seconds per instance (median)", ylim=(len(names) - 0.5, -0.5))
        axes[0, 0].set_yticks(range(len(names)), [LABELS[name] for name in names])
        axes[0, 0].legend()
        save_svg(fig, path)


def _legend_right(fig: Figure, ax: Axes) -> None:
    fig.legend(*ax.get_legend_handles_labels(), loc="outside right center")
