"""Verdicts: claims held against the samples of a results folder, by the rules of `relations` alone."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common.claims.ledger import did_you_mean, load_ledger
from common.claims.relations import Claim, Samples
from common.config import SCALES, shown
from common.errors import RepriseError
from common.metrics import read_samples
from common.statistics import Interval

NOT_RUN = "not run at this scale"


class ClaimError(RepriseError):
    """Claims that the results at hand cannot answer: one line per fault."""


@dataclass(frozen=True)
class Verdict:
    """What became of one claim at one scale.

    Attributes:
        paper: its key.
        id: of the claim.
        where: in the paper.
        says: the claim, in our words.
        scale: of the results it was judged by.
        verdict: "reproduced", "not reproduced", "inconclusive" or "not run at this scale".
        value: ours; what it measures depends on the relation (see its docstring).
        low: lower end of the value's 95 % interval; None with fewer than two seeds.
        high: upper end.
        seeds: how many the value rests on.
        paper_value: the printed number, if any.
        unit: of the number and of the value.
        relation: that the claim states.
    """

    paper: str
    id: str
    where: str
    says: str
    scale: str
    verdict: str
    value: float | None
    low: float | None
    high: float | None
    seeds: int
    paper_value: float | None
    unit: str
    relation: str

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as they stand in JSON."""
        return asdict(self)


def judge(paper_dir: Path, scale: str) -> list[Verdict]:
    """Judge every claim of a paper by its results at one scale, in the order of claims.yaml.

    Args:
        paper_dir: the folder that holds claims.yaml and results/.
        scale: whose results to take; where there are none, or where a claim needs a larger scale, its
            verdict is "not run at this scale".

    Returns:
        One verdict per claim.

    Raises:
        ClaimError: a claim names a metric that the results lack, or one that its relation cannot judge
            (another number of seeds, a logarithm of what is not positive).
    """
    ledger = load_ledger(paper_dir)
    folder = paper_dir / "results" / scale
    samples = read_samples(folder) if scale in scales_with_results(paper_dir) else None
    verdicts, faults = [], []
    for index, claim in enumerate(ledger.claims):
        if samples is None or SCALES.index(scale) < SCALES.index(claim.scale):
            verdicts.append(_verdict(ledger.paper.key, claim, scale, NOT_RUN))
            continue
        found = list(_missing_metrics(claim, samples, folder))
        try:
            if not found:
                verdicts.append(_verdict(ledger.paper.key, claim, scale, *claim.judge(samples)))
        except ValueError as error:
            found = [f": {error}"]
        faults += [f"{shown(paper_dir / 'claims.yaml')}: claims.{index}{fault}" for fault in found]
    if faults:
        raise ClaimError("\n".join(faults))
    return verdicts


def judge_all(paper_dir: Path) -> list[Verdict]:
    """Judge every claim at every scale that can judge it; a claim without any has one row that says so."""
    rows = [verdict for scale in scales_with_results(paper_dir) for verdict in judge(paper_dir, scale)]
    ledger = load_ledger(paper_dir)
    table = []
    for claim in ledger.claims:
        judged = [row for row in rows if row.id == claim.id and row.verdict != NOT_RUN]
        table += judged or [_verdict(ledger.paper.key, claim, claim.scale, NOT_RUN)]
    return table


def scales_with_results(paper_dir: Path) -> list[str]:
    """Return the scales that have results, from the cheapest; the last one decides what a report says."""
    return [scale for scale in SCALES if (paper_dir / "results" / scale / "samples.json").is_file()]


def _missing_metrics(claim: Claim, samples: Samples, folder: Path) -> Iterator[str]:
    for key, path in claim.metric_paths():
        if path not in samples:
            file = shown(folder / "samples.json")
            yield f".{key}: no metric {path!r} in {file}{did_you_mean(path, list(samples))}"


def _verdict(paper: str, claim: Claim, scale: str, verdict: str, interval: Interval | None = None) -> Verdict:
    return Verdict(
        paper=paper,
        id=claim.id,
        where=claim.where,
        says=claim.says,
        scale=scale,
        verdict=verdict,
        value=interval.value if interval else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        seeds=interval.n if interval else 0,
        paper_value=claim.paper,
        unit=claim.unit,
        relation=claim.relation,
    )
