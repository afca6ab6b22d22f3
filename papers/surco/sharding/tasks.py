"""Instances of table sharding: which tables to place, and how much memory the devices have.

Shape suffixes: B instances, T tables of each, D devices, F features.
"""

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from papers.surco.errors import SurcoError
from papers.surco.sharding.settings import Setting
from papers.surco.sharding.tables import draw_tasks, halves, make_pool, pool_features

MIB_PER_GB = 1e9 / 2**20


@dataclass(frozen=True)
class Tasks:
    """B instances with T tables each.

    Attributes:
        features_BTF: what networks see of the tables.
        sizes_BT: memory of each table in MiB, int64.
        dims_BT: width of each table.
        pooling_BT: rows that a sample reads of each table.
        capacity_B: memory of every device in MiB, int64.
        devices: D.
    """

    features_BTF: Tensor
    sizes_BT: Tensor
    dims_BT: Tensor
    pooling_BT: Tensor
    capacity_B: Tensor
    devices: int

    def __len__(self) -> int:
        return len(self.capacity_B)

    def __getitem__(self, rows: Tensor) -> "Tasks":
        values = (getattr(self, field.name) for field in fields(self))
        return Tasks(*(value[rows] if isinstance(value, Tensor) else value for value in values))

    @property
    def tables(self) -> int:
        """T."""
        return self.sizes_BT.shape[1]

    def loads(self, x_BN: Tensor) -> Tensor:
        """Memory that a placement takes on each device, in MiB: [B, D]."""
        x_BTD = x_BN.reshape(len(self), -1, self.devices)
        return torch.einsum("btd,bt->bd", x_BTD.double(), self.sizes_BT.double())

    def fits(self, x_BN: Tensor) -> Tensor:
        """Whether no device holds more than its memory: [B]."""
        return (self.loads(x_BN) <= self.capacity_B[:, None] + 0.5).all(1)

    def names(self) -> list[str]:
        """What messages call the instances."""
        return [f"{index} ({self.tables} tables on {self.devices} devices)" for index in range(len(self))]


def draw(setting: Setting, tables: int, half: str, count: int, seed: int) -> Tasks:
    """Draw instances.

    Args:
        setting: source of the tables, devices and their memory.
        tables: T.
        half: "train" or "test": the half of the tables to draw from.
        count: B.
        seed: of the draw.

    Raises:
        SurcoError: the half has fewer tables than an instance needs.
    """
    pool = make_pool(setting.source)
    numbers = dict(zip(("train", "test"), halves(len(pool)), strict=True))[half]
    if tables > len(numbers):
        raise SurcoError(f"{setting.source}: an instance needs {tables} tables, the {half} half has {len(numbers)}")
    tasks_BT = np.stack(list(draw_tasks(numbers, count, tables, seed)))
    sizes_BT = pool.sizes_N[tasks_BT]
    return Tasks(
        features_BTF=torch.from_numpy(pool_features(setting.source)[tasks_BT]).float(),
        sizes_BT=torch.from_numpy(sizes_BT),
        dims_BT=torch.from_numpy(pool.dim_N[tasks_BT]),
        pooling_BT=torch.from_numpy(pool.pooling_N[tasks_BT]),
        capacity_B=torch.from_numpy(capacities(setting, sizes_BT)),
        devices=setting.devices,
    )


def capacities(setting: Setting, sizes_BT: np.ndarray) -> np.ndarray:
    """Memory of each device in MiB: fixed, or so little that an even packing fills a given share; [B], int64.

    The even packing is that of the largest tables first, each to the emptiest device, so some placement always fits.
    """
    if setting.filled is None:
        return np.full(len(sizes_BT), int(setting.gigabytes * MIB_PER_GB))
    loads_BD = np.zeros((len(sizes_BT), setting.devices), dtype=np.int64)
    for sizes_B in -np.sort(-sizes_BT, axis=1).T:
        loads_BD[np.arange(len(loads_BD)), loads_BD.argmin(1)] += sizes_B
    return np.ceil(loads_BD.max(1) / setting.filled).astype(np.int64)
