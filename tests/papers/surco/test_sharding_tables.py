"""Tables, instances and latencies of table sharding."""

import json

import numpy as np
import pytest
import torch

from common.errors import RepriseError
from papers.surco.errors import SurcoError
from papers.surco.sharding import cost_network, tables
from papers.surco.sharding.latency import DELAY_MS, exchange_ms, time_device
from papers.surco.sharding.measure import random_set
from papers.surco.sharding.tables import BATCH, Tables, halves, make_pool, pool_features, reuse
from tests.papers.surco.sharding_cases import LOOSE, TIGHT, tasks

# facebookresearch/dlrm_datasets, 2021/locality_stats.txt, fbgemm_t856_bs65536.pt
ROWS_BY_REUSE = [0.473, 0.152, 0.139, 0.112, 0.072, 0.032, 0.011, 0.005, 0.002, 0.001, *[0] * 7]
READS_BY_REUSE = [
    0.069,
    0.044,
    0.068,
    0.101,
    0.121,
    0.104,
    0.073,
    0.058,
    0.052,
    0.050,
    0.049,
    0.048,
    0.048,
    0.043,
    0.031,
]
READS_BY_REUSE += [0.023, 0.019]


class TestTables:
    def test_generator_has_the_published_aggregates(self):
        pool = make_pool("locality")
        rows_NR, reads_NR = reuse(pool)
        assert len(pool) == 856
        assert pool.pooling_N.mean() == pytest.approx(887_017_990 / 856 / BATCH, rel=0.05)
        assert rows_NR.sum(1).mean() == pytest.approx(128_435_723 / 856, rel=0.05)
        assert np.abs(rows_NR.sum(0) / rows_NR.sum() - ROWS_BY_REUSE).max() < 0.03
        assert np.abs(reads_NR.sum(0) / reads_NR.sum() - READS_BY_REUSE).max() < 0.03

    @pytest.mark.parametrize("exponent", [0.0, 0.7, 1.0, 1.4])
    def test_expected_reuse_is_that_of_drawn_lookups(self, exponent):
        one = Tables(np.array([2000]), np.array([16]), np.array([0.3]), np.array([exponent]))
        rank = np.arange(2000) + 1
        mass = (rank + tables.SHIFT) ** -exponent
        reads = np.random.default_rng(0).poisson(mass / mass.sum() * 0.3 * BATCH, (20, 2000))
        drawn = [((reads > low) & (reads <= high)).sum(1).mean() for low, high in zip(*_bins(), strict=True)]
        assert np.abs(reuse(one)[0][0] - drawn).max() < 0.04 * 2000
        assert reuse(one)[1].sum() == pytest.approx(0.3 * BATCH)

    def test_inventory_has_real_widths_and_fits_a_device(self):
        pool = make_pool("inventory")
        assert set(pool.dim_N) == {8, 16, 32, 64}
        assert pool.sizes_N.max() * 2**20 < 5.01e9
        assert len(pool) == 471

    def test_halves_share_no_table(self):
        train, test = halves(856)
        assert sorted([*train, *test]) == list(range(856))

    @pytest.mark.parametrize("source", ["locality", "inventory"])
    def test_features_are_finite_and_of_moderate_size(self, source):
        features_NF = pool_features(source)
        assert features_NF.shape[1] == cost_network.FEATURES
        assert np.abs(features_NF).max() < 8

    def test_too_many_tables(self):
        with pytest.raises(SurcoError, match="an instance needs 500 tables, the test half has 428"):
            tasks(tables=500)

    def test_tight_memory_always_has_an_even_packing(self):
        some = tasks(TIGHT, tables=12, count=20)
        full_B = some.sizes_BT.sum(1) / (some.capacity_B * some.devices)
        assert (full_B <= 0.9).all()
        assert (some.sizes_BT.amax(1) <= some.capacity_B).all()
        assert (tasks(LOOSE).capacity_B == 4768).all()


class TestLatency:
    def test_timing_grows_with_the_work(self):
        random = np.random.default_rng(0)
        small, large = (Tables(np.array([1000]), np.array([16]), np.array([p]), np.array([1.0])) for p in (1.0, 100.0))
        device = torch.device("cpu")
        assert sum(time_device(large, device, random)) > 3 * sum(time_device(small, device, random)) > 0

    def test_exchange_is_linear_in_the_width(self):
        one, two = exchange_ms(np.array([16, 32]), 4) - DELAY_MS
        assert two == pytest.approx(2 * one)
        assert one == pytest.approx(512 * 16 * 4 * 0.75 / 125e6 * 1e3)

    def test_random_sets_are_of_the_half(self):
        train, _ = halves(856)
        drawn = random_set(make_pool("locality"), train, np.random.default_rng(0))
        assert 1 <= len(set(drawn)) == len(drawn)
        assert set(drawn) <= set(train)


class TestMeasurements:
    @pytest.mark.parametrize("source", ["locality", "inventory"])
    def test_committed_file_belongs_to_the_pool(self, source):
        for half, numbers in zip(("train", "test"), halves(len(make_pool(source))), strict=True):
            data = json.loads((tables.DATA / f"latency_{source}_cpu.json").read_text(encoding="utf-8"))
            assert {table for *_, members in data[half] for table in members} <= set(numbers.tolist())
            measured = cost_network.read_measured(source, half, 4)
            assert (measured.parts_P3 > 0).all()
            assert data["date"] in measured.about

    def test_missing_file(self):
        with pytest.raises(
            RepriseError, match=r"latency_locality_abacus.json: cannot be read.*sharding.measure locality"
        ):
            cost_network.read_measured("locality", "train", 4, "abacus")


def _bins() -> tuple[np.ndarray, np.ndarray]:
    return tables.REUSE_EDGES[:-1], tables.REUSE_EDGES[1:]
