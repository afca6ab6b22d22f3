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
        spread: factor on the initial weights of the last layer. Without it all costs are nearly equal at first.
    """

    def __init__(self, hidden: int, devices: int, seed: int, spread: float = 1.0) -> None:
        super().__init__()
        self.layers = _seeded(seed, (FEATURES, hidden, 32, devices))
        with torch.no_grad():
            self.layers[-1].weight.mul_(spread)

    def forward(self, tasks: Tasks) -> Tensor:
        """Return u [B, N]."""
        return self.layers(tasks.features_BTF).flatten(1)


class ContextPrior(nn.Module):
    """A table is seen with what it is placed beside: the instance's mean features, and its rank by predicted latency.

    Without that, tables can only be spread over devices like a hash would, since no table knows of another. The rank
    enters as a share of T and by sinusoids, with periods of D 2^k tables; the paper has sinusoidal encodings too.

    Costs are centred on each device and scaled within each instance. Without the first, an untrained network sends
    nearly all tables to one device and some seeds never leave it; the second changes no solution, but keeps the
    relaxed problem from turning so fractional, or so sharp, that training stops.

    Args:
        hidden: units of both hidden layers.
        devices: D.
        seed: of the initial weights.
        spread: root mean square of the costs of an instance.
        cost: predicts the latency of single tables; not trained further.
    """

    def __init__(self, hidden: int, devices: int, seed: int, spread: float, cost: CostNetwork) -> None:
        super().__init__()
        self.layers = _seeded(seed, (2 * FEATURES + 2 + 2 * WAVES, hidden, hidden, devices))
        self.spread = spread
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
        u_BTD = self.layers(torch.cat([tasks.features_BTF, mean_BTF, extra_BTF], -1))
        u_BTD = u_BTD - u_BTD.mean(1, keepdim=True)
        size_B11 = u_BTD.square().mean((1, 2), keepdim=True).sqrt()
        return (self.spread * u_BTD / size_B11.clamp(min=1e-6)).flatten(1)


def _seeded(seed: int, sizes: tuple[int, int, int, int]) -> nn.Sequential:
    inputs, first, second, outputs = sizes
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        last = nn.Linear(second, outputs)
        return nn.Sequential(nn.Linear(inputs, first), nn.ReLU(), nn.Linear(first, second), nn.ReLU(), last)
