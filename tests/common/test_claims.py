import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import TypeAdapter

from common.claims import (
    INCONCLUSIVE,
    NOT_REPRODUCED,
    NOT_RUN,
    REPRODUCED,
    VERDICTS,
    Claim,
    ClaimError,
    find_paper,
    judge,
    judge_all,
    load_ledger,
    paper_dirs,
    scales_with_results,
)
from common.config import ConfigError
from common.errors import RepriseError
from common.metrics import Metrics
from common.statistics import paired_difference, paired_ratio, slope, t_interval

PAPER = {
    "key": "demo",
    "title": "A Paper",
    "authors": "A. Author",
    "venue": "Journal 1(2)",
    "year": 2020,
    "url": "https://example.org",
    "cost": {"smoke": "5 s", "laptop": "3 min"},
}
STATEMENT = {"id": "c", "where": "Table 1", "says": "it is so", "scale": "laptop"}
NOISE = [-1.0, 0.0, 1.0]  # a mean with half an interval of 2.48


def around(mean: float, noise: float = 1.0) -> list[float]:
    return [mean + noise * deviation for deviation in NOISE]


def verdict_of(samples: dict[str, list[float]], **claim: Any) -> str:
    return TypeAdapter(Claim).validate_python(STATEMENT | claim).judge(samples).verdict


def make_paper(root: Path, *claims: dict[str, Any], key: str = "demo") -> Path:
    folder = root / "papers" / key
    folder.mkdir(parents=True)
    ledger = {"paper": PAPER, "claims": [STATEMENT | {"id": f"c{i}"} | c for i, c in enumerate(claims)]}
    (folder / "claims.yaml").write_text(yaml.safe_dump(ledger, sort_keys=False))
    return folder


def write_results(paper_dir: Path, scale: str, samples: dict[str, list[float]]) -> None:
    metrics = Metrics()
    for path, values in samples.items():
        metrics.record(path, values)
    metrics.write(paper_dir / "results" / scale)


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


def test_every_claim_has_a_verdict_in_order_with_all_that_a_table_needs(tmp_path: Path):
    paper_dir = make_paper(
        tmp_path,
        {"relation": "at_least", "metric": "a", "bound": 1, "paper": 92.0, "unit": "%"},
        {"relation": "at_least", "metric": "far.away", "bound": 1, "scale": "overnight"},
    )
    write_results(paper_dir, "laptop", {"a": [5.0, 5.0]})
    first, second = (verdict.as_dict() for verdict in judge(paper_dir, "laptop"))
    assert json.loads(json.dumps(first)) == {
        "paper": "demo",
        "id": "c0",
        "where": "Table 1",
        "says": "it is so",
        "scale": "laptop",
        "verdict": "reproduced",
        "value": 5.0,
        "low": 5.0,
        "high": 5.0,
        "seeds": 2,
        "paper_value": 92.0,
        "unit": "%",
        "relation": "at_least",
    }
    assert (second["verdict"], second["value"], second["seeds"]) == (NOT_RUN, None, 0)
    assert {first["verdict"], second["verdict"]} <= set(VERDICTS)


def test_a_scale_without_results_was_not_run(tmp_path: Path):
    paper_dir = make_paper(tmp_path, {"relation": "at_least", "metric": "a", "bound": 1})
    assert [(verdict.verdict, verdict.scale) for verdict in judge(paper_dir, "paper")] == [(NOT_RUN, "paper")]
    assert scales_with_results(paper_dir) == []


def test_all_scales_that_can_judge_a_claim_do(tmp_path: Path):
    claim = {"relation": "at_least", "metric": "a", "bound": 3}
    paper_dir = make_paper(tmp_path, claim, claim | {"scale": "smoke"}, claim | {"scale": "paper"})
    write_results(paper_dir, "overnight", {"a": [2.0, 2.0]})
    write_results(paper_dir, "smoke", {"a": [4.0, 4.0]})
    assert scales_with_results(paper_dir) == ["smoke", "overnight"]
    assert [(verdict.id, verdict.scale, verdict.verdict) for verdict in judge_all(paper_dir)] == [
        ("c0", "overnight", NOT_REPRODUCED),
        ("c1", "smoke", REPRODUCED),
        ("c1", "overnight", NOT_REPRODUCED),
        ("c2", "paper", NOT_RUN),
    ]


def test_missing_metrics_are_all_named_with_the_nearest_there_is(tmp_path: Path):
    paper_dir = make_paper(
        tmp_path,
        {"relation": "at_least", "metric": "mnist.adam.accuracy", "bound": 1},
        {"relation": "best_of", "metric": "mnist.adam.accuracy", "others": ["mnist.adan.accuracy", "zzz"]},
        {"relation": "greater", "metric": "mnist.adam.accuracy", "than": "mnist.adam.acuracy"},
    )
    write_results(paper_dir, "laptop", {"mnist.adam.accuracy": [1.0, 2.0]})
    with pytest.raises(ClaimError) as caught:
        judge(paper_dir, "laptop")
    file, samples = paper_dir / "claims.yaml", paper_dir / "results" / "laptop" / "samples.json"
    near = "; did you mean 'mnist.adam.accuracy'?"
    assert str(caught.value).splitlines() == [
        f"{file}: claims.1.others.0: no metric 'mnist.adan.accuracy' in {samples}{near}",
        f"{file}: claims.1.others.1: no metric 'zzz' in {samples}",
        f"{file}: claims.2.than: no metric 'mnist.adam.acuracy' in {samples}{near}",
    ]


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (
            {"relation": "greater", "metric": "a", "than": "b"},
            "paired by seed, but one has 3 seeds and the other 2",
        ),
        (
            {"relation": "slope", "metric": ["a", "b"], "x": [1, 2], "expected": 0, "tolerance": 1},
            "paired by seed, but the metrics have different numbers of seeds",
        ),
        (
            {"relation": "ratio", "metric": "b", "than": "zero", "factor": 1},
            r"the log scale needs positive values \(got 0\)",
        ),
    ],
)
def test_samples_that_a_relation_cannot_judge_are_a_fault_of_the_claim(
    tmp_path: Path, claim: dict[str, Any], expected: str
):
    paper_dir = make_paper(tmp_path, claim)
    write_results(paper_dir, "laptop", {"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0], "zero": [0.0, 1.0]})
    with pytest.raises(ClaimError, match=rf"claims\.yaml: claims\.0: {expected}$"):
        judge(paper_dir, "laptop")


SLOPE = {"relation": "slope", "expected": 1, "tolerance": 1}


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ({"relation": "greter", "metric": "a"}, "claims.0.relation: should be one of 'greater', "),
        ({"metric": "a"}, "claims.0.relation: missing"),
        ({"relation": "at_least", "metric": "a"}, "claims.0.bound: missing"),
        (
            {"relation": "at_least", "metric": "a", "bound": 1, "bund": 2},
            "claims.0.bund: unknown key (got 2)",
        ),
        ({"relation": "at_least", "metric": "A b", "bound": 1}, "claims.0.metric: String should match"),
        (
            {"relation": "at_least", "metric": "a", "bound": 1, "scale": "huge"},
            "claims.0.scale: should be 'smoke', 'laptop', 'overnight' or 'paper' (got 'huge')",
        ),
        ({"relation": "within", "metric": "a", "tolerance": -1}, "claims.0.tolerance: should be greater"),
        ({"relation": "ratio", "metric": "a", "than": "b", "factor": 0}, "claims.0.factor: should be greater"),
        ({"relation": "best_of", "metric": "a", "others": []}, "claims.0.others: Tuple should have at least 1"),
        (
            {"relation": "best_of", "metric": "a", "others": ["a"]},
            "claims.0: others must not hold the metric itself",
        ),
        ({"relation": "monotone", "metric": ["a"]}, "claims.0.metric: Tuple should have at least 2"),
        (SLOPE | {"metric": ["a", "b"], "x": [1, 2, 3]}, "claims.0: metric and x must be equally long"),
        (SLOPE | {"metric": ["a", "b"], "x": [2, 2]}, "claims.0: metric and x must be equally long"),
        (SLOPE | {"metric": ["a", "b", "c"], "x": [0, 1, 2]}, "claims.0.x.0: should be greater than 0 (got 0)"),
        ({"relation": "at_least", "metric": "a", "bound": 1, "id": "c1"}, "claims: ids must be unique; repeated: c1"),
    ],
)
def test_a_fault_in_the_ledger_is_one_line(tmp_path: Path, claim: dict[str, Any], expected: str):
    paper_dir = make_paper(tmp_path, claim, {"relation": "at_least", "metric": "a", "bound": 1})
    with pytest.raises(ConfigError) as caught:
        load_ledger(paper_dir)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{paper_dir / 'claims.yaml'}: {expected}")


def test_the_key_is_the_folders_name(tmp_path: Path):
    paper_dir = make_paper(tmp_path, key="other")
    with pytest.raises(ConfigError, match=r"paper\.key: must be the folder's name 'other' \(got 'demo'\)"):
        load_ledger(paper_dir)


def test_papers_are_the_folders_with_claims_and_a_wrong_key_suggests_the_near_one(tmp_path: Path):
    for key in ("surco", "rgm"):
        make_paper(tmp_path, key=key)
    (tmp_path / "papers" / "draft").mkdir()
    assert paper_dirs(tmp_path) == {key: tmp_path / "papers" / key for key in ("rgm", "surco")}
    assert find_paper("rgm", tmp_path) == tmp_path / "papers" / "rgm"
    with pytest.raises(RepriseError, match=r"^no paper 'surko'; did you mean 'surco'\? \(known: rgm, surco\)$"):
        find_paper("surko", tmp_path)
    with pytest.raises(RepriseError, match=r"^no paper 'xyz' \(known: rgm, surco\)$"):
        find_paper("xyz", tmp_path)
