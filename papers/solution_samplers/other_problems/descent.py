"""Descent on exact gradients, all instances and learning rates at once.

Shape suffixes: R runs, P parameters, B instances, S enumerated solutions, F features.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from common.ensembles.rules import RULES
from common.optimizers import complete
from papers.solution_samplers.objective import Objective, score_gradients

TORCH_NAMES = {"gd": "sgd", "adam": "adam"}
"""Our optimizers as `common.optimizers` calls them."""


def descend(
    theta_RP: Tensor, gradient: Callable[[Tensor, int], Tensor], optimizer: str, rate: float | Tensor, iterations: int
) -> Iterator[tuple[int, Tensor]]:
    """Descend with one of torch's update rules.

    Args:
        theta_RP: the start; it is not changed.
        gradient: (parameters, iteration from 0) -> gradient, both [R, P].
        optimizer: a key of `TORCH_NAMES`; its other hyperparameters are torch's defaults.
        rate: learning rate, or one for each run, [R, 1].
        iterations: number of updates.

    Yields:
        The number of updates made, from 0 on, and the parameters, which the next update overwrites.
    """
    name = TORCH_NAMES[optimizer]
    hyper = complete(name, {"lr": rate})
    theta_RP = theta_RP.clone()
    state = RULES[name].init(theta_RP, hyper)
    yield 0, theta_RP
    for step in range(1, iterations + 1):
        RULES[name].step(theta_RP, gradient(theta_RP, step - 1), state, hyper, step)
        yield step, theta_RP


def exact_gradient(
    features_SF: Tensor, costs_BS: Tensor, objective: Objective, entropy_weight: Callable[[int], float]
) -> Callable[[Tensor, int], Tensor]:
    """Return the gradient of linear scores (Lemma 5) for `descend`; the costs are evaluated only once.

    Args:
        features_SF: features of all solutions.
        costs_BS: costs of all solutions.
        objective: the arm.
        entropy_weight: iteration -> lambda.
    """
    features_FS = features_SF.T.contiguous()
    rho = objective.inverse_temperature

    def gradient(weights_BF: Tensor, iteration: int) -> Tensor:
        scores_BS = weights_BF @ features_FS
        fast_BS, slow_BS = score_gradients(scores_BS, rho * scores_BS, costs_BS, entropy_weight(iteration), objective)
        return fast_BS.add_(slow_BS, alpha=rho) @ features_SF

    return gradient


def normal(shape: tuple[int, ...], seed: int) -> Tensor:
    """Draw standard normal numbers in float64; equal arguments give equal numbers."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
