"""DreamShard (Zha et al. 2022): a policy that places one table after another, trained by REINFORCE.

Training sees nothing but the cost network's predictions, as DreamShard trains on its estimated game.

Shape suffixes: B instances, E episodes of each, T tables, D devices, H latents, N = T D.
"""

import torch
from torch import Tensor, nn

from papers.surco.sharding.cost_network import FEATURES, PARTS, UNIT_MS, CostNetwork
from papers.surco.sharding.environment import PlacementVectorEnv
from papers.surco.sharding.settings import DreamShard
from papers.surco.sharding.tasks import Tasks

LATENTS = 32


class Policy(nn.Module):
    """Scores of the devices for the next table; sizes are DreamShard's.

    A device is seen as the sum of the latents of its tables, and as its predicted times with the new table on it.
    """

    def __init__(self, cost: CostNetwork, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.table = nn.Sequential(nn.Linear(FEATURES, 128), nn.ReLU(), nn.Linear(128, LATENTS), nn.ReLU())
            self.times = nn.Sequential(nn.Linear(len(PARTS), 64), nn.ReLU(), nn.Linear(64, LATENTS), nn.ReLU())
            self.score = nn.Linear(2 * LATENTS, 1)
        self._cost = [cost]  # in a list, so that its weights are no parameters of the policy

    def play(
        self, tasks: Tasks, generator: torch.Generator | None
    ) -> tuple[PlacementVectorEnv, Tensor, Tensor, Tensor]:
        """Play one episode of each instance.

        Args:
            tasks: B instances.
            generator: draws the devices; without it, the likeliest is taken.

        Returns:
            The game at its end, rewards [B], log-probabilities of the episodes [B] and mean entropies [B].
        """
        game = PlacementVectorEnv(tasks, self._cost[0])
        seen, _ = game.reset()
        latents_BTH = self.table(tasks.features_BTF)
        with torch.no_grad():
            known_BTH = self._cost[0].table(tasks.features_BTF)
        rows_B, log_B, entropy_B = torch.arange(len(tasks)), torch.zeros(len(tasks)), torch.zeros(len(tasks))
        for _ in range(tasks.tables):
            placed_BDT, table_B = torch.from_numpy(seen["placed"]).mT, torch.from_numpy(seen["table"])
            with torch.no_grad():
                after_BDH = placed_BDT @ known_BTH + known_BTH[rows_B, table_B][:, None]
                times_BD3 = self._cost[0].parts(after_BDH) / UNIT_MS
            devices_BDH = torch.cat([placed_BDT @ latents_BTH, self.times(times_BD3)], -1)
            scores_BD = self.score(devices_BDH).squeeze(-1)
            log_BD = scores_BD.masked_fill(torch.from_numpy(seen["legal"]) == 0, -1e9).log_softmax(1)
            chosen_B = log_BD.argmax(1) if generator is None else _drawn(log_BD, generator)
            log_B = log_B + log_BD[rows_B, chosen_B]
            entropy_B = entropy_B - (log_BD.exp() * log_BD).sum(1) / tasks.tables
            seen, rewards, *_ = game.step(chosen_B.numpy())
        return game, torch.from_numpy(rewards).float(), log_B, entropy_B


def train(policy: Policy, tasks: Tasks, settings: DreamShard, seed: int) -> list[float]:
    """REINFORCE; the reward is standardised over the episodes of each instance.

    Returns:
        Mean latency of the episodes of each iteration, in ms.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(policy.parameters(), settings.learning_rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, settings.iterations)
    latencies = []
    for _ in range(settings.iterations):
        batch_B = torch.randperm(len(tasks), generator=generator)[: settings.tasks]
        _, rewards_R, log_R, entropy_R = policy.play(tasks[batch_B.repeat(settings.episodes)], generator)
        rewards_EB = rewards_R.reshape(settings.episodes, -1)
        advantage_EB = (rewards_EB - rewards_EB.mean(0)) / (rewards_EB.std(0) + 1e-6)
        loss = -(advantage_EB.flatten() * log_R + settings.entropy * entropy_R).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        latencies.append(-rewards_R.mean().item())
    return latencies


def _drawn(log_BD: Tensor, generator: torch.Generator) -> Tensor:
    return torch.multinomial(log_BD.detach().exp(), 1, generator=generator)[:, 0]
