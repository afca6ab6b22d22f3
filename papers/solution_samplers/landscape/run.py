"""The paths from every start, the gradient flow, the grids under the contours, and the gradient's norm far out.

Shapes: B starts or other points, S solutions, K kept points of a path or a ray, G points per side of the grid.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from common.choices import Compute
from papers.solution_samplers.landscape.settings import Landscape
from papers.solution_samplers.landscape.toy import Toy, toys


def run(settings: Landscape, compute: Compute) -> dict[str, Any]:
    """Descend from every start on every objective, and measure the landscapes.

    Args:
        settings: the section `landscape` of params.yaml.
        compute: the threads; the work is too small for several processes.

    Returns:
        The settings, the minimiser -c / lambda, by objective `paths`, what each start has reached, the contours' grid
        of values and the gradient's norm along the ray; and, where the minimiser is finite, where the flow arrives.
    """
    torch.set_num_threads(compute.threads)
    starts_B2 = torch.tensor(settings.starts, dtype=torch.float64)
    minimiser_2 = -torch.tensor(settings.costs, dtype=torch.float64) / settings.entropy_weight
    outwards_2 = torch.nn.functional.normalize(starts_B2[0] - minimiser_2, dim=0)
    distances_K = torch.linspace(0, settings.ray_length, settings.ray_points, dtype=torch.float64)[1:]
    ray_K2 = minimiser_2 + distances_K[:, None] * outwards_2
    side_G = torch.linspace(-settings.reach, settings.reach, settings.grid, dtype=torch.float64)
    grid_B2 = torch.cartesian_prod(side_G, side_G)
    kept = [0, *np.unique(np.geomspace(1, settings.steps, settings.path_points).round().astype(int)).tolist()]
    found = {}
    arms = toys(settings)
    for name, toy in arms.items():
        paths_KB2 = toy.descend(starts_B2, settings.step, kept)
        found[name] = {
            "paths": paths_KB2.transpose(0, 1).tolist(),
            **_reached(toy, paths_KB2[-1], minimiser_2),
            "start_gradient": toy.gradient(starts_B2).norm(dim=1).tolist(),
            "grid": toy.value(grid_B2).reshape(settings.grid, settings.grid).T.tolist(),
            "ray_gradient": toy.gradient(ray_K2).norm(dim=1).tolist(),
        }
    return {
        "settings": settings.model_dump(mode="json"),
        "minimiser": minimiser_2.tolist(),
        "side": side_G.tolist(),
        "ray": distances_K.tolist(),
        "objectives": found,
        "flow": {name: _flow(settings, arms[name], starts_B2, minimiser_2) for name in ("entropy", "both")},
    }


def _flow(settings: Landscape, toy: Toy, starts_B2: Tensor, minimiser_2: Tensor) -> dict[str, list[float]]:
    horizon = settings.horizon * settings.step
    ends = [toy.flow(start_2, minimiser_2, settings.near, horizon) for start_2 in starts_B2]
    return {"steps": [time / settings.step for time, _ in ends], "distance": [distance for _, distance in ends]}


def _reached(toy: Toy, weights_B2: Tensor, minimiser_2: Tensor) -> dict[str, list[float]]:
    costs_S = toy.features_S2 @ toy.cost_2
    probabilities_BS = toy.probabilities(weights_B2)
    return {
        "expected_cost": (probabilities_BS @ costs_S).tolist(),
        "optimal_probability": probabilities_BS[:, costs_S.argmin()].tolist(),
        "distance": (weights_B2 - minimiser_2).norm(dim=1).tolist(),
    }
