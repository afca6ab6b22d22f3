"""DreamShard's cost network: the latency of a placement from the features of its tables, learnt from measurements.

A table's features become a latent vector; a device's latent is the sum over its tables, sum_t x_td h(table_t); heads
predict what each device takes, and one on the maximum over devices predicts the latency of the whole. The released
SurCo multiplies features by x before h, so that only the chosen device gets a gradient; here the sum is dense in x
and equal to that at binary x.

Shape suffixes: B placements, T tables, D devices, H latents, F features, P sets of tables that were timed, Q tables
in any of them.
"""

import json
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from common.errors import RepriseError
from papers.surco.sharding.latency import SAMPLES, exchange_ms
from papers.surco.sharding.settings import CostTraining
from papers.surco.sharding.tables import DATA, SourceName, make_pool, pool_features
from papers.surco.sharding.tasks import Tasks

FEATURES = 21
PARTS = ("forward", "exchange", "backward")
"""What a device's time consists of, in milliseconds; the exchange is one direction."""
RANK_LIMIT = 1e-6
"""Directions of the control's design that are so much shorter than the longest are noise."""
UNIT_MS = 10.0
"""The network predicts in units of this."""


class CostNetwork(nn.Module):
    """Table 21-128-32 with ReLUs; heads 32-64-1. Sizes are DreamShard's."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.table = nn.Sequential(nn.Linear(FEATURES, 128), nn.ReLU(), nn.Linear(128, 32), nn.ReLU())
            self.device = nn.ModuleList(_head() for _ in PARTS)
            self.overall = _head()

    def forward(self, x_BN: Tensor, tasks: Tasks) -> Tensor:
        """Latency of placements in ms: [B]. It is differentiable in x; the `objective` of the problem."""
        return self.latency(self.device_latents(x_BN, tasks))

    def device_latents(self, x_BN: Tensor, tasks: Tasks) -> Tensor:
        """Sum of the latents of the tables on each device: [B, D, H]."""
        x_BTD = x_BN.reshape(len(tasks), -1, tasks.devices).float()
        return x_BTD.mT @ self.table(tasks.features_BTF)

    def latency(self, latents_BDH: Tensor) -> Tensor:
        """Latency of the whole from the latents of its devices, ms: [..., B]."""
        return UNIT_MS * self.overall(latents_BDH.amax(-2)).squeeze(-1)

    def parts(self, latents_BDH: Tensor) -> Tensor:
        """Time of each part on each device, ms: [..., 3]."""
        return UNIT_MS * torch.cat([head(latents_BDH) for head in self.device], -1)

    def single(self, tasks: Tasks) -> Tensor:
        """Latency of a placement that has nothing but one table, ms: [B, T]."""
        alone_BT1H = self.table(tasks.features_BTF)[:, :, None]
        others = torch.zeros_like(alone_BT1H).expand(-1, -1, tasks.devices - 1, -1)
        return self.latency(torch.cat([alone_BT1H, others], 2))


@dataclass(frozen=True)
class Measured:
    """Sets of tables that were timed together.

    Attributes:
        features_QF: of the tables that are in any set.
        members_PQ: 1 where the set has the table.
        parts_P3: milliseconds of forward pass, exchange and backward pass.
        about: hardware and date.
    """

    features_QF: Tensor
    members_PQ: Tensor
    parts_P3: Tensor
    about: str

    def placements(self, count: int, devices: int, random: np.random.Generator) -> Tensor:
        """Combine sets into placements, [count, D] set numbers; half of them of sets that take about equally long."""
        sets = len(self.parts_P3)
        anyhow = random.integers(0, sets, (count - count // 2, devices))
        order = self.parts_P3.sum(1).argsort().numpy()
        centre = random.integers(0, sets, (count // 2, 1))
        near = centre + random.integers(-sets // 20, sets // 20 + 1, (count // 2, devices))
        return torch.from_numpy(np.concatenate([anyhow, order[np.clip(near, 0, sets - 1)]]))

    def latency(self, placements_BD: Tensor) -> Tensor:
        """Slowest device's computing, and the exchange, which waits for the device with the most to send: [B], ms."""
        forward_BD, exchange_BD, backward_BD = self.parts_P3[placements_BD].unbind(-1)
        return (forward_BD + backward_BD).amax(1) + 2 * exchange_BD.amax(1)


def read_measured(source: SourceName, half: str, devices: int, machine: str = "cpu") -> Measured:
    """Read the measurements of one half of a source's tables.

    Raises:
        RepriseError: the file is missing, damaged or from other batches than `SAMPLES`.
    """
    file = DATA / f"latency_{source}_{machine}.json"
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        rows = data[half]
    except (OSError, ValueError, KeyError) as error:
        command = f"python -m papers.surco.sharding.measure {source}"
        raise RepriseError(f"{file.name}: cannot be read ({error!r}); `{command}` writes it") from None
    if data["samples"] != SAMPLES:
        raise RepriseError(f"{file.name}: batches of {data['samples']} samples; latency.py now has {SAMPLES}")
    pool = make_pool(source)
    members_PQ = np.zeros((len(rows), len(pool)), dtype=np.float32)
    for row, (_, _, tables) in zip(members_PQ, rows, strict=True):
        row[tables] = 1
    exchange_P = exchange_ms(members_PQ @ pool.dim_N, devices)
    parts_P3 = np.stack([[row[0] for row in rows], exchange_P, [row[1] for row in rows]], 1)
    about = f"{data['hardware']}; torch {data['torch']}; {data['date']}"
    used_Q = members_PQ.any(0)
    tensors = (
        torch.from_numpy(each).float() for each in (pool_features(source)[used_Q], members_PQ[:, used_Q], parts_P3)
    )
    return Measured(*tensors, about)


def train(network: CostNetwork, measured: Measured, settings: CostTraining, devices: int, seed: int) -> list[float]:
    """Fit the network to all parts and to the latency of random placements: the sum of four mean squared errors.

    Returns:
        Loss of every tenth step.
    """
    random = np.random.default_rng(seed)
    optimizer = torch.optim.Adam(network.parameters(), settings.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.steps)
    losses = []
    for step in range(settings.steps):
        latents_PH = measured.members_PQ @ network.table(measured.features_QF)
        placements_BD = measured.placements(settings.placements, devices, random)
        errors = (
            network.parts(latents_PH) - measured.parts_P3,
            network.latency(latents_PH[placements_BD]) - measured.latency(placements_BD),
        )
        loss = (errors[0] / UNIT_MS).square().mean(0).sum() + (errors[1] / UNIT_MS).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 10 == 0:
            losses.append(loss.item())
    return losses


def errors(network: CostNetwork, measured: Measured, placements_BD: Tensor) -> Tensor:
    """Relative errors of the latency of placements, in %: [B]."""
    with torch.no_grad():
        latents_PH = measured.members_PQ @ network.table(measured.features_QF)
        predicted_B = network.latency(latents_PH[placements_BD])
    return 100 * (predicted_B / measured.latency(placements_BD) - 1)


def additive_errors(fitted: Measured, tested: Measured, placements_BD: Tensor) -> Tensor:
    """The same for a control: a device's time as a sum of one number per table, linear in reads and features; [B]."""
    design_PC = _design(fitted)
    scale_C = np.linalg.norm(design_PC, axis=0) + (design_PC == 0).all(0)  # bins that no table has
    # Shares of the bins add up to one, so columns depend on each other: the least of all solutions is meant.
    weights_C3, *_ = np.linalg.lstsq(design_PC / scale_C, fitted.parts_P3.double().numpy(), rcond=RANK_LIMIT)
    predicted_P3 = torch.from_numpy(_design(tested) / scale_C @ weights_C3)
    predicted_B = Measured(tested.features_QF, tested.members_PQ, predicted_P3, "").latency(placements_BD)
    return (100 * (predicted_B / tested.latency(placements_BD) - 1)).round(decimals=4)


def _design(measured: Measured) -> np.ndarray:
    """Sums over the tables of a set, and a constant: [P, C] in double precision."""
    dims_Q, pooling_Q = torch.exp2(measured.features_QF[:, 0] + 5), torch.exp(measured.features_QF[:, 2] + 2)
    columns = [measured.features_QF[:, :4], torch.stack([torch.ones_like(dims_Q), dims_Q, pooling_Q], 1)]
    reads_Q1 = (dims_Q * pooling_Q)[:, None]
    columns += [reads_Q1, reads_Q1 * measured.features_QF]
    sums_PC = measured.members_PQ.double() @ torch.cat(columns, 1).double()
    return torch.cat([sums_PC, torch.ones(len(sums_PC), 1)], 1).numpy()


def _head() -> nn.Sequential:
    return nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 1))
