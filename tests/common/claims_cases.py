"""A claim to vary, samples with a known mean, and papers written into a folder."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from common.claims import (
    Claim,
)
from common.metrics import Metrics

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
