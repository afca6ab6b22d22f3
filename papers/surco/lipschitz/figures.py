"""The toy's two maps, and how steep each looks."""

from pathlib import Path
from typing import Any

import numpy as np

from common.figures import band, figure, save_svg, style_of
from papers.surco.lipschitz.toy import SEGMENT, solutions, surrogate_costs


def draw(data: dict[str, Any], folder: Path) -> None:
    """Write lipschitz_toy.svg."""
    y_Y = np.linspace(0, np.pi / 2, 201)
    with figure(1, 2, width=10.0, height=4.0) as (fig, axes):
        maps, slopes = axes[0]
        solution_style, surrogate_style = style_of(1), style_of(0)
        maps.plot(y_Y, solutions(y_Y, SEGMENT)[:, 0], label="solution $x^*_1(y)$", **_bare(solution_style))
        costs_Y2 = surrogate_costs(y_Y)
        maps.plot(y_Y, costs_Y2[:, 0], label="surrogate $c_1(y)=\\cos y$", **_bare(surrogate_style))
        maps.plot(y_Y, costs_Y2[:, 1], label="surrogate $c_2(y)=\\sin y$", **_bare(style_of(2)))
        maps.set_xticks([0, np.pi / 4, np.pi / 2], ["0", "π/4", "π/2"])
        maps.set(xlabel="instance y", ylabel="value", title="A jump, and costs without one")
        maps.set_ylim(-0.05, 1.5)
        maps.legend(loc="upper left")
        for name, label, style in (
            ("solution_slope", "y → solution", solution_style),
            ("surrogate_slope", "y → surrogate costs", surrogate_style),
        ):
            values_SN = np.array([[one[name] for one in by_seed] for by_seed in data["rows"]]).T
            band(slopes, data["samples"], values_SN, label, style)
        slopes.set(xscale="log", yscale="log", xlabel="sampled y", ylabel="largest slope between neighbours")
        slopes.set_title("One grows without bound")
        slopes.legend()
        save_svg(fig, folder / "lipschitz_toy.svg")


def _bare(style: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in style.items() if key != "marker"}
