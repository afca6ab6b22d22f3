"""Pools of embedding tables, which stand for the DLRM tables of the paper: those cannot be had in a small file.

"locality" is a generator whose aggregates match the published locality statistics of facebookresearch/dlrm_datasets
(2021, 856 tables). "inventory" are the tables of NVIDIA's synthetic recommender models tiny, small and medium.

Shape suffixes: N tables, G groups of rows, R bins of the reuse count.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from scipy.special import pdtr

DATA = Path(__file__).parent / "data"
SourceName = Literal["locality", "inventory"]

BATCH = 65536
"""Samples per batch to which the published statistics and the reuse features belong."""
BYTES = 2
"""Of a number in a table that is kept in half precision, as the paper's are."""
SPLIT_SEED = 0
"""Of the halves from which training and test instances are drawn; seed 0 as in the released code."""
LARGEST = 5e9
"""Bytes of a device's memory in the paper; tables of the inventory that exceed it are left out."""
REUSE_EDGES = np.array([0, *(2**k for k in range(16)), np.inf])
"""Bins of how often a row is read in a batch: (0, 1], (1, 2], (2, 4], ..., (32768, inf)."""
GROUPS = 28
SHIFT = 20.3
"""The r-th most popular row of a table is read in proportion to (r + SHIFT) ** -exponent."""
POWER_LAW = 1.05
"""Exponent of NVIDIA's benchmark for its inventory."""

# Normal quantiles of each table are mapped by these, which were fitted once to the published aggregates:
# mean pooling, mean number of different rows in a batch, and both histograms of reuse.
ROWS = (5.455, 0.797)
"""Mean and deviation of log10 of the number of rows."""
POOLING = (2.403, 0.816)
"""Of the natural logarithm of the mean number of rows read per sample."""
EXPONENT = (0.772, 0.489)
"""Of the exponent, which is then clipped to [0, 2]."""
ROWS_AND_POOLING, ROWS_AND_EXPONENT = 0.158, 0.773
"""Correlations."""
LOCALITY_TABLES, LOCALITY_DIM = 856, 16


@dataclass(frozen=True)
class Tables:
    """Embedding tables.

    Attributes:
        rows_N: number of rows.
        dim_N: numbers in a row.
        pooling_N: rows read and summed per sample, on average.
        exponent_N: how unevenly rows are read.
    """

    rows_N: np.ndarray
    dim_N: np.ndarray
    pooling_N: np.ndarray
    exponent_N: np.ndarray

    def __len__(self) -> int:
        return len(self.rows_N)

    def __getitem__(self, rows: np.ndarray) -> "Tables":
        return Tables(self.rows_N[rows], self.dim_N[rows], self.pooling_N[rows], self.exponent_N[rows])

    @property
    def sizes_N(self) -> np.ndarray:
        """Memory in MiB, rounded up: int64."""
        return np.ceil(self.rows_N * self.dim_N * BYTES / 2**20).astype(np.int64)


@cache
def make_pool(source: SourceName) -> Tables:
    """All tables of a source; the same in every run."""
    return _locality() if source == "locality" else _inventory()


def halves(tables: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the tables for training instances, and of those for test instances."""
    order = np.random.default_rng(SPLIT_SEED).permutation(tables)
    return order[: tables // 2], order[tables // 2 :]


def _locality() -> Tables:
    rows_z, pooling_z, exponent_z = np.random.default_rng(SPLIT_SEED).standard_normal((3, LOCALITY_TABLES))
    pooling_z = ROWS_AND_POOLING * rows_z + np.sqrt(1 - ROWS_AND_POOLING**2) * pooling_z
    exponent_z = ROWS_AND_EXPONENT * rows_z + np.sqrt(1 - ROWS_AND_EXPONENT**2) * exponent_z
    return Tables(
        rows_N=np.clip(10 ** (ROWS[0] + ROWS[1] * rows_z), 100, 4e7).astype(np.int64),
        dim_N=np.full(LOCALITY_TABLES, LOCALITY_DIM),
        pooling_N=np.clip(np.exp(POOLING[0] + POOLING[1] * pooling_z), 0.05, 300),
        exponent_N=np.clip(EXPONENT[0] + EXPONENT[1] * exponent_z, 0, 2),
    )


def _inventory() -> Tables:
    kinds = json.loads((DATA / "inventory.json").read_text(encoding="utf-8"))["tables"]
    kinds = [kind for kind in kinds if kind["rows"] * kind["dim"] * BYTES <= LARGEST]
    counts = [kind["count"] for kind in kinds]
    return Tables(
        rows_N=np.repeat([kind["rows"] for kind in kinds], counts),
        dim_N=np.repeat([kind["dim"] for kind in kinds], counts),
        pooling_N=np.repeat([float(sum(kind["hotness"])) for kind in kinds], counts),
        exponent_N=np.full(sum(counts), POWER_LAW),
    )


def reuse(tables: Tables) -> tuple[np.ndarray, np.ndarray]:
    """Expected number of different rows, and of reads, by how often the row is read in a batch of `BATCH` samples.

    Rows are gathered in `GROUPS` groups of similar popularity; counts are Poisson variables.

    Returns:
        Two arrays [N, R].
    """
    ranks_NG = np.exp(np.linspace(0, 1, GROUPS + 1)[None] * np.log(tables.rows_N[:, None])) - 0.5
    ranks_NG[:, -1] += 1
    count_NG = np.diff(ranks_NG) * (tables.rows_N / (ranks_NG[:, -1] - ranks_NG[:, 0]))[:, None]
    power_N1 = 1 - tables.exponent_N[:, None]
    power_N1 = np.where(np.abs(power_N1) < 1e-6, 1e-6, power_N1)
    mass_NG = np.diff((ranks_NG + SHIFT) ** power_N1) / power_N1
    mass_NG /= mass_NG.sum(1, keepdims=True)
    rate_NG = np.maximum(BATCH * tables.pooling_N[:, None] * mass_NG / count_NG, 1e-12)
    below = [(_poisson(edge, rate_NG), _poisson(edge - 1, rate_NG)) for edge in REUSE_EDGES]
    rows_NGR = count_NG[..., None] * np.diff([rows for rows, _ in below], axis=0).transpose(1, 2, 0)
    reads_NGR = (count_NG * rate_NG)[..., None] * np.diff([reads for _, reads in below], axis=0).transpose(1, 2, 0)
    return rows_NGR.sum(1), reads_NGR.sum(1)


def _poisson(edge: float, rate_NG: np.ndarray) -> np.ndarray:
    """P(count <= edge)."""
    if edge < 0:
        return np.zeros_like(rate_NG)
    return np.ones_like(rate_NG) if np.isinf(edge) else pdtr(edge, rate_NG)


@cache
def pool_features(source: SourceName) -> np.ndarray:
    """What networks see of each table of a source: [N, 21].

    They are the released code's: dim, rows, pooling and size, and the share of different rows in each bin of reuse.
    The first four are logarithms on a fixed scale, where the code standardises them within an instance, which hides
    whether an instance is a heavy one.
    """
    tables = make_pool(source)
    scalars_N4 = np.stack(
        [
            np.log2(tables.dim_N) - 5,
            np.log10(tables.rows_N) - 5,
            np.log(tables.pooling_N) - 2,
            np.log10(tables.rows_N * tables.dim_N) - 6,
        ],
        axis=1,
    )
    rows_NR, _ = reuse(tables)
    return np.concatenate([scalars_N4, rows_NR / rows_NR.sum(1, keepdims=True)], axis=1)


def draw_tasks(pool: np.ndarray, count: int, tables: int, seed: int) -> Iterator[np.ndarray]:
    """Draw instances: the numbers of so many different tables out of a half of the pool."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        yield random.choice(pool, tables, replace=False)
