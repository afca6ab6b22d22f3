"""Figure 1's instance under each of the four objectives: value, exact gradient, descent, and its limit, the flow.

Shapes: B starts or other points, S solutions, K kept points of a path; 2 features.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from papers.solution_samplers.landscape.settings import Landscape
from papers.solution_samplers.objective import Objective, linear_gradient, loss, objectives


@dataclass(frozen=True)
class Toy:
    """Figure 1's instance under one objective, in double precision.

    Attributes:
        features_S2: X.
        cost_2: c.
        entropy_weight: lambda.
        objective: which of the four.
    """

    features_S2: Tensor
    cost_2: Tensor
    entropy_weight: float
    objective: Objective

    def value(self, weights_B2: Tensor) -> Tensor:
        """Return the objective, equation (5) with its regulariser, at each of the points: [B]."""
        scores_BS = weights_B2 @ self.features_S2.T
        costs_BS = (self.features_S2 @ self.cost_2).expand_as(scores_BS)
        slow_BS = self.objective.inverse_temperature * scores_BS
        return loss(scores_BS, slow_BS, costs_BS, self.entropy_weight, self.objective)

    def gradient(self, weights_B2: Tensor) -> Tensor:
        """Return the exact gradient, Lemma 5, at each of the points: [B, 2]."""
        costs_B2 = self.cost_2.expand_as(weights_B2)
        return linear_gradient(self.features_S2, weights_B2, costs_B2, self.entropy_weight, self.objective)

    def probabilities(self, weights_B2: Tensor) -> Tensor:
        """Return how often the fast part draws each solution, phi(x; w): [B, S]."""
        return (weights_B2 @ self.features_S2.T).softmax(-1)

    def descend(self, starts_B2: Tensor, step: float, kept: list[int]) -> Tensor:
        """Descend from all starts at once.

        Args:
            starts_B2: where to begin.
            step: size of the steps.
            kept: after how many steps a point is kept, rising; the last one ends the descent.

        Returns:
            The kept points, [K, B, 2].
        """
        weights_B2, path = starts_B2, []
        for before, until in zip([0, *kept], kept, strict=False):
            for _ in range(until - before):
                weights_B2 = weights_B2 - step * self.gradient(weights_B2)
            path.append(weights_B2)
        return torch.stack(path)

    def flow(self, start_2: Tensor, goal_2: Tensor, near: float, horizon: float) -> tuple[float, float]:
        """Follow the gradient flow `dw/dt = -grad`, what descent does with ever smaller steps.

        An integrator with steps as long as the flow allows sees the end of a crawl that descent cannot be run to.

        Args:
            start_2: where it begins.
            goal_2: where it should arrive.
            near: distance to the goal at which it stops.
            horizon: time at which it stops anyhow.

        Returns:
            The time at which it stopped and the distance that was left.
        """

        def distance_left(_: float, weights_2: np.ndarray) -> float:
            return float(np.linalg.norm(weights_2 - goal_2.numpy())) - near

        distance_left.terminal = True
        solution = solve_ivp(
            lambda _, weights_2: -self.gradient(torch.from_numpy(weights_2)[None])[0].numpy(),
            (0.0, horizon), start_2.numpy(), method="LSODA", events=distance_left, rtol=1e-8, atol=1e-10,
        )  # fmt: skip
        time, weights_2 = float(solution.t[-1]), solution.y[:, -1]
        return time, near + distance_left(time, weights_2)


def toys(settings: Landscape) -> dict[str, Toy]:
    """Return the toy under each of the four objectives, by name."""
    features_S2 = torch.tensor(settings.solutions, dtype=torch.float64)
    cost_2 = torch.tensor(settings.costs, dtype=torch.float64)
    named = objectives(settings.mixture_weight, settings.inverse_temperature)
    return {name: Toy(features_S2, cost_2, settings.entropy_weight, objective) for name, objective in named.items()}
