"""The ratio of Definition 3 along gradient descent on Max-Cut, from starts near zero and far from it.

Shape suffixes: B instances, S enumerated solutions, F features.
"""

import math
from typing import Any

import torch

from papers.solution_samplers.objective import loss, objectives, quasar_ratio
from papers.solution_samplers.other_problems.descent import descend, exact_gradient, normal
from papers.solution_samplers.other_problems.settings import Quasar
from papers.solution_samplers.problems import make


def follow(settings: Quasar, name: str, kind: str) -> dict[str, Any]:
    """Descend on one objective and measure the ratio towards -M / lambda.

    The vanilla objective has its minimum at infinity; its ratio, too, is taken towards -M / lambda, which is the best
    point of the ball that the theory looks at, and only while the objective lies above the value there.

    Returns:
        `ratio`: at the watched iterations, the median over the instances that have not arrived, None where all have;
        `least`: of each instance over its path, None where it starts below the value at -M / lambda, as the vanilla
        objective may; `arrived`: whether it came as close as `least_excess`.
    """
    problem = make("max_cut", settings.instances, settings.vertices, settings.seed)
    features_SF = problem.psi(problem.solutions()).double()
    costs_BS = problem.costs_BF @ features_SF.T
    objective = objectives(settings.mixture_weight, settings.inverse_temperature)[name]
    rho, weight = objective.inverse_temperature, settings.entropy_weight
    minimiser_BF = -problem.costs_BF / weight

    def value(weights_BF: torch.Tensor) -> torch.Tensor:
        scores_BS = weights_BF @ features_SF.T
        return loss(scores_BS, rho * scores_BS, costs_BS, weight, objective)

    minimum_B = value(minimiser_BF)
    gradient = exact_gradient(features_SF, costs_BS, objective, lambda iteration: weight)
    start_BF = settings.initial_sds[kind] * normal((settings.instances, problem.features), settings.seed)
    least_B = torch.full((settings.instances,), torch.inf, dtype=torch.float64)
    medians: list[float | None] = []
    for step, weights_BF in descend(start_BF, gradient, "gd", settings.rate, settings.iterations):
        if step % settings.watch_every:
            continue
        value_B = value(weights_BF)
        under_way_B = value_B - minimum_B > settings.least_excess
        ratio_B = quasar_ratio(gradient(weights_BF, step), weights_BF, minimiser_BF, value_B, minimum_B)
        least_B = torch.where(under_way_B, torch.minimum(least_B, ratio_B), least_B)
        medians.append(ratio_B[under_way_B].median().item() if under_way_B.any() else None)
    least = [ratio if math.isfinite(ratio) else None for ratio in least_B.tolist()]
    return {"ratio": medians, "least": least, "arrived": (~under_way_B).double().tolist()}
