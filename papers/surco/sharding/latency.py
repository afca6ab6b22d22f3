"""Latencies of embedding tables on one device, by timing fused lookups; and what the exchange between devices takes.

A device holds several tables. Tables of equal width are fused into one: one call of torch's embedding bag reads and
sums the rows for all of them, and the backward pass updates just these rows by gradient descent, as the fused
operators of recommender systems do.

Times are CPU time of one thread (the median of some repeats), which other jobs on the machine disturb little; on a
GPU they are wall time.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import embedding_bag

from papers.surco.sharding.tables import SHIFT, Tables

SAMPLES = 512
"""Per batch; the paper's GPUs take 65536, a CPU would take a minute for those."""
TABLE_BYTES = 2**23
"""Tables are cut to so much memory: beyond the caches, more rows change nothing."""
WARM_UPS, REPEATS = 1, 4
RATE = 1e-3

FLOAT_BYTES = 4
BANDWIDTH = 125e6
"""Bytes per second of the link between devices: Ethernet at 1 Gbit/s, to CPUs what NVLink is to GPUs."""
DELAY_MS = 0.1
"""Of one exchange."""


@dataclass(frozen=True)
class Fused:
    """The tables of one width on a device, and the rows that one batch reads."""

    weights: torch.Tensor
    indices: torch.Tensor
    offsets: torch.Tensor

    @classmethod
    def draw(cls, tables: Tables, device: torch.device, random: np.random.Generator) -> "Fused":
        """Draw a batch for tables of equal width."""
        indices, lengths, first = [], [], 0
        rows_N = np.minimum(tables.rows_N, TABLE_BYTES // (tables.dim_N * FLOAT_BYTES))
        for rows, pooling, exponent in zip(rows_N, tables.pooling_N, tables.exponent_N, strict=True):
            lengths.append(random.poisson(pooling, SAMPLES))
            indices.append(first + _lookups(int(rows), exponent, int(lengths[-1].sum()), random))
            first += int(rows)
        weights = torch.zeros(first, int(tables.dim_N[0]), device=device, requires_grad=True)
        offsets = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
        return cls(weights, *(torch.from_numpy(each).to(device) for each in (np.concatenate(indices), offsets)))

    def forward(self) -> torch.Tensor:
        """Sum the rows of each table and sample."""
        return embedding_bag(
            self.indices, self.weights, self.offsets, mode="sum", sparse=True, include_last_offset=True
        )

    def update(self) -> None:
        """Apply the gradient to the rows that were read."""
        with torch.no_grad():
            self.weights.add_(self.weights.grad, alpha=-RATE)
        self.weights.grad = None


def time_device(tables: Tables, device: torch.device, random: np.random.Generator) -> tuple[float, float]:
    """Time one batch on a device that holds these tables.

    Returns:
        Milliseconds of the forward pass, and of the backward pass with the update.
    """
    fused = [Fused.draw(tables[tables.dim_N == dim], device, random) for dim in np.unique(tables.dim_N)]
    clock = _wall if device.type == "cuda" else time.process_time
    times = []
    for _ in range(WARM_UPS + REPEATS):
        start = clock()
        sums = [one.forward() for one in fused]
        middle = clock()
        slopes = [torch.ones_like(each) for each in sums]
        ready = clock()
        torch.autograd.backward(sums, slopes)
        for one in fused:
            one.update()
        times.append((middle - start, clock() - ready))
    forward, backward = np.median(times[WARM_UPS:], axis=0) * 1e3
    return float(forward), float(backward)


def exchange_ms(widths: np.ndarray, devices: int) -> np.ndarray:
    """Milliseconds that a device with so many columns in all needs to send its sums to the others, in one direction."""
    sent = SAMPLES * np.asarray(widths, dtype=float) * FLOAT_BYTES * (devices - 1) / devices
    return DELAY_MS + sent / BANDWIDTH * 1e3


def _lookups(rows: int, exponent: float, count: int, random: np.random.Generator) -> np.ndarray:
    """Draw rows by the power law of `papers.surco.sharding.tables`; popular rows are scattered over the table."""
    power = 1 - exponent if abs(1 - exponent) > 1e-6 else 1e-6
    low, high = SHIFT**power, (rows + SHIFT) ** power
    rank = ((high - low) * random.random(count) + low) ** (1 / power) - SHIFT
    return (np.minimum(rank.astype(np.int64), rows - 1) * 2654435761) % rows


def _wall() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()
