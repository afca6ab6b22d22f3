"""Descend with exact gradients, all graphs at once, and see what the samplers have become.

Shape suffixes: B graphs, A and C assignments of the two halves, K kept iterations.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from common.ensembles.rules import RULES
from common.optimizers import complete
from papers.solution_samplers.objective import Objective, annealed_weight, loss
from papers.solution_samplers.small_graphs.settings import Method

RULE_OF = {"gd": "sgd", "adam": "adam"}
"""Our name of an optimizer -> that in `common.optimizers`; both with torch's defaults but for the learning rate."""


class Samplers(Protocol):
    """One score model per graph: `linear.LinearSamplers` or `net.NetSamplers`."""

    parameters: list[Tensor]

    @staticmethod
    def slow_factor(inverse_temperature: float) -> float:
        """Slow scores over fast scores."""

    def scores(self, parameters: list[Tensor]) -> Tensor:
        """Scores of all solutions [B, A or 2 A, C] under the first B graphs' parameters, for autograd."""

    def gradients(self, objective: Objective, entropy_weight: float) -> tuple[list[Tensor], Tensor, Tensor]:
        """Exact gradients of the parameters, expected cost [B] and mode's cost [B] of the fast part."""


@dataclass(frozen=True)
class Path:
    """What the fast part did along the way: expected cost and the mode's cost, every so many iterations and last."""

    expected_KB: Tensor
    mode_KB: Tensor
    lowest_expected_B: Tensor
    """Over all iterations."""


def descend(
    samplers: Samplers, objective: Objective, method: Method, optimizer: str, learning_rate: float, keep_every: int
) -> Path:
    """Take `method.iterations` steps of gradient descent or Adam; `samplers.parameters` change in place.

    A model whose weights leave the range of float32 stays there, with weights that are not finite, and cuts nothing.
    """
    rule, hyper = RULES[RULE_OF[optimizer]], complete(RULE_OF[optimizer], {"lr": learning_rate})
    flat = [parameter.flatten(1) for parameter in samplers.parameters]
    states = [rule.init(theta_BP, hyper) for theta_BP in flat]
    expected, modes = [], []
    for step in range(method.iterations + 1):
        weight = annealed_weight(method.entropy_start, method.halve_every, step)
        gradients, expected_B, mode_B = samplers.gradients(objective, weight)
        expected.append(expected_B)
        modes.append(mode_B)
        if step < method.iterations:
            for theta_BP, gradient, state in zip(flat, gradients, states, strict=True):
                rule.step(theta_BP, gradient.flatten(1), state, hyper, step + 1)
    expected_TB, mode_TB = torch.stack(expected).nan_to_num(nan=0.0), torch.stack(modes)
    return Path(expected_TB[::keep_every], mode_TB[::keep_every], expected_TB.amin(dim=0))


@dataclass(frozen=True)
class Outcome:
    """The fast part at one point, in float64: what it samples, what is likeliest, how likely the optimum is."""

    expected_B: Tensor
    mode_B: Tensor
    optimum_probability_B: Tensor


def outcome(samplers: Samplers, costs_BAC: Tensor) -> Outcome:
    """Evaluate the samplers; one whose scores are not finite counts as uniform, with the first solution as its mode."""
    scores_BS = samplers.scores(samplers.parameters).flatten(1)
    scores_BS = torch.where(scores_BS.isfinite().all(dim=1, keepdim=True), scores_BS, 0.0)
    costs_BS = costs_BAC.flatten(1).repeat(1, scores_BS.shape[1] // costs_BAC[0].numel())
    p_BS = scores_BS.softmax(dim=1)
    mode_B1 = scores_BS.argmax(dim=1, keepdim=True)
    optimal_BS = costs_BS == costs_BS.amin(dim=1, keepdim=True)
    return Outcome((p_BS * costs_BS).sum(1), costs_BS.gather(1, mode_B1).squeeze(1), (p_BS * optimal_BS).sum(1))


def slow_share(samplers: Samplers, costs_BAC: Tensor, objective: Objective, entropy_weight: float) -> Tensor:
    """Share of the slow part in the gradient, `|slow| / (|slow| + |fast|)`, by autograd in float64.

    Args:
        samplers: the models; the first B of them are measured.
        costs_BAC: costs of B graphs, float64.
        objective: with a mixture.
        entropy_weight: lambda.

    Returns:
        Shares in [0, 1], shape [B].
    """
    parameters = [p[: len(costs_BAC)].double().requires_grad_() for p in samplers.parameters]
    scores_BS = samplers.scores(parameters).flatten(1)
    costs_BS = costs_BAC.flatten(1).repeat(1, scores_BS.shape[1] // costs_BAC[0].numel())
    slow_BS = samplers.slow_factor(objective.inverse_temperature) * scores_BS
    norms = []
    for fast, slow in ((scores_BS, slow_BS.detach()), (scores_BS.detach(), slow_BS)):
        value = loss(fast, slow, costs_BS, entropy_weight, objective).sum()
        gradients = torch.autograd.grad(value, parameters, retain_graph=True)
        norms.append(torch.cat([gradient.flatten(1) for gradient in gradients], dim=1).norm(dim=1))
    fast_B, slow_B = norms
    return slow_B / (slow_B + fast_B)
