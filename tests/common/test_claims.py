"""The ledger and its faults; verdicts of a whole paper, scale by scale."""

import json
from pathlib import Path
from typing import Any

import pytest

from common.claims import (
    NOT_REPRODUCED,
    NOT_RUN,
    REPRODUCED,
    VERDICTS,
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
from tests.common.claims_cases import make_paper, write_results


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
