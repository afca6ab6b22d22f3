"""Verdicts made ready to be shown: what the value measures, and where it lies against what the claim wants."""

from pathlib import Path
from typing import Any

from common.claims import Verdict, load_ledger
from common.claims.relations import Claim

Json = dict[str, Any]

MEASURES = {
    "greater": "difference",
    "best_of": "lead",
    "monotone": "smallest step",
    "ratio": "ratio",
    "slope": "exponent",
    "at_least": "",
    "within": "",
}
"""What a verdict's value is, by relation; empty where it is the claim's metric itself."""


def claim_rows(paper_dir: Path, verdicts: list[Verdict]) -> list[Json]:
    """Return verdicts as JSON, with what each value `measures`, the number `printed` and the `bar` to draw."""
    claims = {claim.id: claim for claim in load_ledger(paper_dir).claims}
    return [
        verdict.as_dict()
        | {
            "measures": MEASURES[verdict.relation],
            "printed": "" if verdict.paper_value is None else f"{verdict.paper_value:.10g}",
            "value_unit": {"ratio": "×", "slope": ""}.get(verdict.relation, verdict.unit),
            "bar": _bar(verdict, *claimed_region(claims[verdict.id])),
        }
        for verdict in verdicts
    ]


def _bar(verdict: Verdict, lowest: float | None, highest: float | None) -> Json | None:
    """Place interval, value and claimed region on a line from 0 to 1; None without an interval."""
    if verdict.low is None:
        return None
    points = [p for p in (verdict.low, verdict.high, verdict.value, lowest, highest) if p is not None]
    margin = 0.18 * (max(points) - min(points)) or 1.0
    start, width = min(points) - margin, max(points) - min(points) + 2 * margin

    def place(x: float) -> float:
        return round((x - start) / width, 4)

    bounded = lowest is not None or highest is not None
    region = [0.0 if lowest is None else place(lowest), 1.0 if highest is None else place(highest)]
    return {
        "region": region if bounded else [0.0, 0.0],
        "interval": [place(verdict.low), place(verdict.high)],
        "value": place(verdict.value),
    }


def claimed_region(claim: Claim) -> tuple[float | None, float | None]:
    """Return the (low, high) between which a claim wants our value; None is unbounded, both None unknown."""
    match claim.relation:
        case "greater" | "monotone":
            return claim.margin, None
        case "best_of":
            return 0.0, None
        case "at_least":
            return claim.bound, None
        case "ratio":
            return claim.factor, None
        case "slope":
            return claim.expected - claim.tolerance, claim.expected + claim.tolerance
        case "within":
            target = claim.paper if claim.target is None else claim.target
            return (None, None) if target is None else (target - claim.tolerance, target + claim.tolerance)
