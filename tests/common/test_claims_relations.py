"""Each relation, either side of where its verdict turns."""

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from common.claims import (
    INCONCLUSIVE,
    NOT_REPRODUCED,
    REPRODUCED,
    Claim,
)
from common.statistics import paired_difference, paired_ratio, slope, t_interval
from tests.common.claims_cases import STATEMENT, around, verdict_of


@pytest.mark.parametrize(
    ("lead", "noise", "margin", "expected"),
    [
        (3.0, 1.0, 0.0, REPRODUCED),
        (-3.0, 1.0, 0.0, NOT_REPRODUCED),
        (2.0, 1.0, 0.0, INCONCLUSIVE),
        (3.0, 1.0, 1.0, INCONCLUSIVE),
        (-1.0, 0.1, -2.0, REPRODUCED),
        (-3.0, 0.1, -2.0, NOT_REPRODUCED),
        (1.0, 0.0, 0.0, REPRODUCED),
        (0.0, 0.0, 0.0, INCONCLUSIVE),
    ],
)
def test_greater_follows_the_paired_difference_and_its_margin(lead, noise, margin, expected):
    seeds = [50.0, 10.0, 90.0]  # what pairing takes out
    ahead = [seed + extra for seed, extra in zip(seeds, around(lead, noise), strict=True)]
    claim = {"relation": "greater", "metric": "a", "than": "b", "margin": margin}
    assert verdict_of({"a": ahead, "b": seeds}, **claim) == expected


def test_greater_takes_a_number_on_either_side():
    samples = {"a": around(5.0)}
    assert verdict_of(samples, relation="greater", metric="a", than=2.0) == REPRODUCED
    assert verdict_of(samples, relation="greater", metric=2.0, than="a") == NOT_REPRODUCED
    with pytest.raises(ValueError, match="one of metric and than must be a metric"):
        verdict_of(samples, relation="greater", metric=3.0, than=2.0)


@pytest.mark.parametrize(("bound", "expected"), [(2.0, REPRODUCED), (8.0, NOT_REPRODUCED), (4.0, INCONCLUSIVE)])
def test_at_least_compares_the_interval_with_the_bound(bound: float, expected: str):
    assert verdict_of({"a": around(5.0)}, relation="at_least", metric="a", bound=bound) == expected


def test_at_least_counts_the_bound_itself():
    assert verdict_of({"a": [5.0, 5.0]}, relation="at_least", metric="a", bound=5.0) == REPRODUCED


@pytest.mark.parametrize(
    ("target", "tolerance", "expected"),
    [
        (5.0, 3.0, REPRODUCED),
        (5.0, 2.0, INCONCLUSIVE),  # the interval is wider than the claim
        (9.0, 3.0, INCONCLUSIVE),
        (9.0, 1.0, NOT_REPRODUCED),
        (1.0, 1.0, NOT_REPRODUCED),
    ],
)
def test_within_compares_two_intervals(target: float, tolerance: float, expected: str):
    claim = {"relation": "within", "metric": "a", "tolerance": tolerance}
    assert verdict_of({"a": around(5.0)}, **claim, target=target) == expected
    assert verdict_of({"a": around(5.0)}, **claim, paper=target) == expected


def test_within_waits_for_a_printed_number():
    assert verdict_of({"a": around(5.0)}, relation="within", metric="a", tolerance=3.0) == INCONCLUSIVE


def test_within_prefers_the_target_to_the_printed_number():
    claim = {"relation": "within", "metric": "a", "tolerance": 3.0, "target": 5.0, "paper": 99.0}
    assert verdict_of({"a": around(5.0)}, **claim) == REPRODUCED


@pytest.mark.parametrize(("factor", "expected"), [(1.5, REPRODUCED), (2.0, INCONCLUSIVE), (3.0, NOT_REPRODUCED)])
def test_ratio_compares_the_geometric_mean_with_the_factor(factor: float, expected: str):
    samples = {"a": [1.9, 20.0, 210.0], "b": [1.0, 10.0, 100.0]}
    assert verdict_of(samples, relation="ratio", metric="a", than="b", factor=factor) == expected


@pytest.mark.parametrize(
    ("expected_slope", "verdict"), [(-0.5, REPRODUCED), (-0.6, INCONCLUSIVE), (-1.0, NOT_REPRODUCED)]
)
def test_slope_compares_the_exponent_with_the_expected_one(expected_slope: float, verdict: str):
    x = np.array([10.0, 100.0, 1000.0])
    runs = np.array([x**k for k in (-0.49, -0.5, -0.51)])
    samples = {f"w{i}": runs[:, i].tolist() for i in range(3)}
    claim = {"relation": "slope", "metric": ["w0", "w1", "w2"], "x": x.tolist(), "tolerance": 0.1}
    assert verdict_of(samples, **claim, expected=expected_slope) == verdict


@pytest.mark.parametrize(
    ("leads", "expected"),
    [
        ([9.0, 8.0], REPRODUCED),
        ([9.0, 1.0], INCONCLUSIVE),
        ([9.0, -9.0], NOT_REPRODUCED),
        ([-1.0, -1.0], INCONCLUSIVE),
    ],
)
@pytest.mark.parametrize("direction", ["highest", "lowest"])
def test_best_of_must_beat_all_and_lose_to_none(leads: list[float], expected: str, direction: str):
    sign = 1 if direction == "highest" else -1
    samples = {"mine": [50.0] * 3} | {f"o{i}": around(50 - sign * lead) for i, lead in enumerate(leads)}
    others = [path for path in samples if path != "mine"]
    claim = {"relation": "best_of", "metric": "mine", "others": others, "direction": direction}
    assert verdict_of(samples, **claim) == expected


def test_best_of_corrects_for_the_number_of_others():
    samples = {"mine": [0.0] * 3, "close": around(-3.0)}  # alone significant: p = 0.035
    one = {"relation": "best_of", "metric": "mine", "others": ["close"]}
    assert verdict_of(samples, **one) == REPRODUCED
    for i in range(3):
        samples[f"like{i}"] = around(-3.0)
    assert verdict_of(samples, **one | {"others": list(samples)[1:]}) == INCONCLUSIVE


def test_best_of_among_equals_is_rarely_reproduced_or_refuted():
    rng = np.random.default_rng(0)
    names = [f"m{i}" for i in range(6)]
    claim = {"relation": "best_of", "metric": "m0", "others": names[1:]}
    verdicts = [
        verdict_of(dict(zip(names, rng.normal(size=(6, 5)).tolist(), strict=True)), **claim) for _ in range(400)
    ]
    assert verdicts.count(INCONCLUSIVE) > 0.94 * 400


@pytest.mark.parametrize(
    ("means", "options", "expected"),
    [
        ([1.0, 9.0, 20.0], {}, REPRODUCED),
        ([20.0, 9.0, 1.0], {"direction": "decreasing"}, REPRODUCED),
        ([1.0, 9.0, 9.1], {}, INCONCLUSIVE),
        ([1.0, 9.0, 2.0], {}, NOT_REPRODUCED),
        ([1.0, 9.0, 20.0], {"direction": "decreasing"}, NOT_REPRODUCED),
        ([1.0, 9.0, 9.0], {"margin": -5.0}, REPRODUCED),
    ],
)
def test_monotone_needs_every_step(means: list[float], options: dict[str, Any], expected: str):
    noise = [around(0.0), [0.0] * 3, around(0.0, -1.0)]
    samples = {name: np.add(m, n).tolist() for name, m, n in zip("abc", means, noise, strict=True)}
    assert verdict_of(samples, relation="monotone", metric=["a", "b", "c"], **options) == expected


@pytest.mark.parametrize(
    ("claim", "interval_of"),
    [
        ({"relation": "greater", "metric": "a", "than": "b"}, lambda s: paired_difference(s["a"], s["b"])),
        ({"relation": "at_least", "metric": "a", "bound": 0}, lambda s: t_interval(s["a"])),
        ({"relation": "within", "metric": "a", "tolerance": 1, "target": 1}, lambda s: t_interval(s["a"])),
        (
            {"relation": "ratio", "metric": "a", "than": "b", "factor": 1},
            lambda s: paired_ratio(s["a"], s["b"]),
        ),
        (
            {"relation": "best_of", "metric": "a", "others": ["b", "c"]},
            lambda s: paired_difference(s["a"], s["c"]),
        ),
        (
            {"relation": "best_of", "metric": "b", "others": ["c", "a"], "direction": "lowest"},
            lambda s: paired_difference(s["c"], s["b"]),
        ),
        (
            {"relation": "monotone", "metric": ["a", "c", "b"], "direction": "decreasing"},
            lambda s: paired_difference(s["a"], s["c"]),
        ),
        (
            {"relation": "slope", "metric": ["a", "b"], "x": [1, 2], "expected": 0, "tolerance": 1},
            lambda s: slope([1, 2], np.transpose([s["a"], s["b"]])),
        ),
    ],
)
def test_the_interval_shown_is_the_one_that_decides(claim: dict[str, Any], interval_of):
    samples = {"a": [9.0, 9.5, 10.0], "b": [1.0, 2.0, 1.5], "c": [8.0, 7.0, 7.5]}
    judgement = TypeAdapter(Claim).validate_python(STATEMENT | claim).judge(samples)
    assert judgement.interval == interval_of(samples)


EVERY_RELATION = [
    {"relation": "greater", "metric": "a", "than": "b"},
    {"relation": "at_least", "metric": "a", "bound": 1},
    {"relation": "within", "metric": "a", "tolerance": 1, "paper": 2},
    {"relation": "ratio", "metric": "a", "than": "b", "factor": 1.5},
    {"relation": "best_of", "metric": "a", "others": ["b", "c"]},
    {"relation": "monotone", "metric": ["c", "b", "a"]},
    {"relation": "slope", "metric": ["b", "a"], "x": [1, 2], "expected": 1, "tolerance": 0.1},
]


@pytest.mark.parametrize("claim", EVERY_RELATION, ids=lambda claim: claim["relation"])
def test_one_seed_is_inconclusive_and_seeds_without_spread_are_judged(claim: dict[str, Any]):
    assert verdict_of({"a": [2.0], "b": [1.0], "c": [0.5]}, **claim) == INCONCLUSIVE
    assert verdict_of({"a": [2.0] * 3, "b": [1.0] * 3, "c": [0.5] * 3}, **claim) == REPRODUCED
