"""SurCo-prior's networks for sharding: costs of each table on each device, from the features of the instance.

Shape suffixes: B instances, T tables, D devices, F features, N = T D.
"""

import math

import torch
from torch import Tensor, nn

from papers.surco.sharding.cost_network import FEATURES, CostNetwork
from papers.surco.sharding.tasks import Tasks

WAVES = 4


class ReleasedPrior(nn.Module):
    """As released: a table's costs depend on that table alone; 21-hidden-32 and a linear layer to D outputs.

    Args:
        hidden: units of the first layer.
        devices: D.
        seed: of the initial weights.
    """

    def __init__(self, hidden: int, devices: int, seed: int) -> None:
        super().__init__()
        self.layers = _seeded(seed, FEATURES, hidden, 32, devices)

    def forward(self, tasks: Tasks) -> Tensor:
        """Return u [B, N]."""
        return self.layers(tasks.features_BTF).flatten(1)


class ContextPrior(nn.Module):
    """A table is seen with what it is placed beside: the instance's mean features, and its rank by predicted latency.

    Without that, tables can only be spread over devices like a hash would, since no table knows of another. The rank
    enters as a share of T and by sinusoids, with periods of D 2^k tables; the paper has sinusoidal encodings too.

    Args:
        hidden: units of both hidden layers.
        devices: D.
        seed: of the initial weights.
        cost: predicts the latency of single tables; not trained further.
    """

    def __init__(self, hidden: int, devices: int, seed: int, cost: CostNetwork) -> None:
        super().__init__()
        self.layers = _seeded(seed, 2 * FEATURES + 2 + 2 * WAVES, hidden, hidden, devices)
        self._cost = [cost]  # in a list, so that its weights are no parameters of this network

    def forward(self, tasks: Tasks) -> Tensor:
        """Return u [B, N]."""
        with torch.no_grad():
            single_BT = self._cost[0].single(tasks)
        rank_BT = (-single_BT).argsort(1).argsort(1).float()
        share_BT = single_BT / single_BT.sum(1, keepdim=True) * tasks.tables
        waves = [
            wave(2 * math.pi * rank_BT / (tasks.devices * 2**power))
            for power in range(WAVES)
            for wave in (torch.sin, torch.cos)
        ]
        extra_BTF = torch.stack([rank_BT / tasks.tables, share_BT, *waves], -1)
        mean_BTF = tasks.features_BTF.mean(1, keepdim=True).expand_as(tasks.features_BTF)
        return self.layers(torch.cat([tasks.features_BTF, mean_BTF, extra_BTF], -1)).flatten(1)


def _seeded(seed: int, inputs: int, first: int, second: int, outputs: int) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Linear(inputs, first), nn.ReLU(), nn.Linear(first, second), nn.ReLU(), nn.Linear(second, outputs)
        )
