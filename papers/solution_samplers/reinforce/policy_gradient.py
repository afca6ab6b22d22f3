"""The paper's mixture and entropy at the level of actions, and REINFORCE with a leave-one-out baseline.

The policy with logits l takes its actions from `pi = (1 - beta) softmax(l) + beta softmax(rho l)`, and each visited
state adds lambda times `R = (1 - beta) H(softmax(l)) + beta / rho H(softmax(rho l))` to the cost of the solution: eq.
(5) and the regulariser of section 4, whose family of solutions is here one of actions.

Shape suffixes: T steps, B episodes, I instances, C episodes of the same instance, A actions.
"""

import math

import torch
from torch import Tensor

from papers.solution_samplers.objective import Objective


def mixed_log_probabilities(logits: Tensor, objective: Objective) -> Tensor:
    """Return `log pi` [..., A] of the mixture at logits [..., A]."""
    beta, rho = objective.mixture_weight, objective.inverse_temperature
    fast = logits.log_softmax(dim=-1)
    if beta == 0:
        return fast
    slow = (rho * logits).log_softmax(dim=-1)
    return torch.logaddexp(fast + math.log(1 - beta), slow + math.log(beta))


def sample(logits_BA: Tensor, objective: Objective, generator: torch.Generator) -> Tensor:
    """Draw an action [B] from the mixture at each row of logits."""
    probabilities_BA = mixed_log_probabilities(logits_BA, objective).exp()
    return torch.multinomial(probabilities_BA, 1, generator=generator)[:, 0]


def regulariser(logits: Tensor, objective: Objective) -> Tensor:
    """Return R [...] of states with logits [..., A]."""
    beta, rho = objective.mixture_weight, objective.inverse_temperature
    value = (1 - beta) * _negative_entropy(logits)
    return value if beta == 0 else value + beta / rho * _negative_entropy(rho * logits)


def surrogate(
    logits_TBA: Tensor,
    actions_TB: Tensor,
    costs_B: Tensor,
    copies: int,
    entropy_weight: float,
    objective: Objective,
) -> Tensor:
    """Surrogate whose gradient is an unbiased estimate of that of `E[cost + lambda sum_t R(s_t)]`.

    Args:
        logits_TBA: of the visited states, with their graph.
        actions_TB: drawn by `sample`.
        costs_B: of the finished solutions; C episodes of an instance stand in a row.
        copies: C; the mean of the other C - 1 is the baseline of each.
        entropy_weight: lambda; unused where the objective has no entropy.
        objective: the arm.

    Returns:
        A number; only its gradient has a meaning.
    """
    log_pi_TBA = mixed_log_probabilities(logits_TBA, objective)
    log_pi_B = log_pi_TBA.gather(2, actions_TB[..., None])[..., 0].sum(dim=0)
    weight = entropy_weight if objective.entropy else 0.0
    penalty_B = weight * regulariser(logits_TBA, objective).sum(dim=0)
    total_IC = (costs_B.to(penalty_B) + penalty_B.detach()).unflatten(0, (-1, copies))
    advantage_IC = (total_IC - total_IC.mean(dim=1, keepdim=True)) * copies / (copies - 1)
    return (advantage_IC.flatten() * log_pi_B + penalty_B).mean()


def _negative_entropy(logits: Tensor) -> Tensor:
    log_p = logits.log_softmax(dim=-1)
    return (log_p.exp() * log_p).sum(dim=-1)
