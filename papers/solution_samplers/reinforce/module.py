"""REINFORCE as a Lightning module: a batch is the seed of the instances of one gradient step."""

import pytorch_lightning as pl
import torch
from torch import Tensor

from papers.solution_samplers.objective import Objective, annealed_weight
from papers.solution_samplers.reinforce.policy import Policy
from papers.solution_samplers.reinforce.policy_gradient import sample, surrogate
from papers.solution_samplers.reinforce.rollout import draw, environment, greedily, play
from papers.solution_samplers.reinforce.settings import Reinforce
from papers.solution_samplers.reinforce.views import VIEWS


class ReinforceModule(pl.LightningModule):
    """Trains a policy on new instances in every step; validates its greedy solutions.

    Args:
        settings: of the experiment.
        problem: which environment.
        objective: the arm.
    """

    def __init__(self, settings: Reinforce, problem: str, objective: Objective) -> None:
        super().__init__()
        self.settings, self.task, self.objective = settings, settings.tasks[problem], objective
        self.policy = Policy(VIEWS[problem], settings.width, settings.rounds)
        self.envs = environment(self.policy.view, self.task.size, settings.instances * settings.copies)
        self.curve_envs = environment(self.policy.view, self.task.size, settings.held_out)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam."""
        return torch.optim.Adam(self.parameters(), lr=self.settings.learning_rate)

    def training_step(self, batch: tuple[Tensor]) -> Tensor:
        """Sample solutions of the instances of a seed, `batch[0]` of shape [1], and return the surrogate loss."""
        seed, copies = int(batch[0]), self.settings.copies
        generator = torch.Generator(self.device).manual_seed(seed)
        instances = draw(self.envs, seed, self.settings.instances, copies)
        episodes = play(
            self.policy, self.envs, instances, lambda logits: sample(logits, self.objective, generator), self.device
        )
        return surrogate(
            episodes.logits_TBA, episodes.actions_TB, episodes.costs_B, copies, self.entropy_weight, self.objective
        )

    @property
    def entropy_weight(self) -> float:
        """The paper's lambda at the current step."""
        halve_every = -(-self.task.steps // (self.settings.halvings + 1))
        return annealed_weight(self.task.entropy_weight, halve_every, self.global_step)

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> None:
        """Log the gap of the greedy solutions."""
        self.log("gap", self.greedy_gap(*batch))

    @torch.no_grad()
    def greedy_gap(self, seed_1: Tensor, optimal_1I: Tensor) -> Tensor:
        """Mean gap in per cent of the greedy solutions of the instances of a seed, whose least costs are given."""
        instances = draw(self.curve_envs, int(seed_1), self.curve_envs.num_envs, copies=1)
        costs_I = play(self.policy, self.curve_envs, instances, greedily, self.device).costs_B
        return gap(costs_I, optimal_1I[0]).mean()


def gap(costs: Tensor, optimal: Tensor) -> Tensor:
    """Return by how many per cent of the least cost, which is not 0, costs [...] exceed it."""
    return 100 * (costs - optimal) / optimal.abs()
