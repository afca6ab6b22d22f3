"""Small instances of table sharding for several test files."""

import itertools

import torch

from papers.surco.sharding.cost_network import CostNetwork
from papers.surco.sharding.placement import one_hot
from papers.surco.sharding.settings import Setting
from papers.surco.sharding.tasks import Tasks, draw

LOOSE = Setting(source="locality", devices=4, gigabytes=5, filled=None, tables=(6,))
TIGHT = LOOSE.model_copy(update={"filled": 0.9})


def tasks(setting: Setting = LOOSE, tables: int = 6, count: int = 4, seed: int = 0) -> Tasks:
    return draw(setting, tables, "test", count, seed)


def network() -> CostNetwork:
    """An untrained network whose latencies are positive and differ between placements."""
    net = CostNetwork(0).requires_grad_(False)
    for layer in (net.overall[0], net.overall[2]):
        layer.weight.abs_()
    return net


def all_placements(some: Tasks) -> torch.Tensor:
    """Every placement of one instance, whether it fits or not: [S, N]."""
    everywhere = itertools.product(range(some.devices), repeat=some.tables)
    return one_hot(torch.tensor(list(everywhere)), some.devices)
