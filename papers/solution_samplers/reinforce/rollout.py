"""Playing whole episodes with a policy, for all instances of a vector environment in lockstep.

Shape suffixes: T steps, B episodes, I instances, A actions.
"""

from collections.abc import Callable
from dataclasses import dataclass

import gymnasium
import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.environments.construction import Arrays
from papers.solution_samplers.reinforce.policy import Policy
from papers.solution_samplers.reinforce.views import View

Choose = Callable[[Tensor], Tensor]
"""From logits [B, A] to actions [B]."""


@dataclass(frozen=True)
class Episodes:
    """What happened.

    Attributes:
        logits_TBA: of the policy, with their graph where gradients are on.
        actions_TB: taken.
        costs_B: of the finished solutions, float64.
    """

    logits_TBA: Tensor
    actions_TB: Tensor
    costs_B: Tensor


def environment(view: View, size: int, episodes: int) -> gymnasium.vector.VectorEnv:
    """Make the native vector environment of `view`; the import of `environments` above has registered it."""
    return gymnasium.make_vec(view.id, num_envs=episodes, **{view.size: size})


def play(
    policy: Policy, envs: gymnasium.vector.VectorEnv, instances: Arrays, choose: Choose, device: torch.device
) -> Episodes:
    """Build a solution of each of B `instances` (arrays [B, ...]), the policy scoring and `choose` choosing."""
    observation, _ = envs.reset(options={"instances": instances})
    seen = _tensors(observation, device)
    matrix_BNN = policy.view.matrix(seen)
    kernels = policy.kernels(matrix_BNN)
    logits, actions, over = [], [], False
    while not over:
        logits.append(policy(seen, matrix_BNN, kernels))
        actions.append(choose(logits[-1].detach()))
        observation, _, terminated_B, _, info = envs.step(actions[-1].cpu().numpy())
        seen, over = _tensors(observation, device), terminated_B.all()
    return Episodes(torch.stack(logits), torch.stack(actions), torch.from_numpy(info["cost"]).to(device))


def greedily(logits_BA: Tensor) -> Tensor:
    """Choose the action of the highest score."""
    return logits_BA.argmax(dim=1)


def draw(envs: gymnasium.vector.VectorEnv, seed: int, instances: int, copies: int) -> Arrays:
    """Random instances from a seed, each `copies` times in a row: arrays [I * copies, ...]."""
    drawn = envs.construction.draw(np.random.default_rng(seed), instances)
    return {name: np.repeat(values, copies, axis=0) for name, values in drawn.items()}


def _tensors(observation: Arrays, device: torch.device) -> dict[str, Tensor]:
    return {name: torch.from_numpy(values).to(device) for name, values in observation.items()}
