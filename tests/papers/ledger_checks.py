"""What must hold of every paper's ledger beside (made-up) results of every scale."""

from pathlib import Path

from common.claims import NOT_RUN, judge, load_ledger
from common.config import SCALES
from common.metrics import read_samples


def check_verdicts(paper_dir: Path, scale: str) -> None:
    """Claims that the scale may judge get a verdict, the others none; all scales but smoke may judge some."""
    allowed = [SCALES.index(scale) >= SCALES.index(claim.scale) for claim in load_ledger(paper_dir).claims]
    assert [verdict.verdict != NOT_RUN for verdict in judge(paper_dir, scale)] == allowed
    assert any(allowed) == (scale != "smoke")


def check_metrics(paper_dir: Path) -> None:
    """Every metric that a claim names is made at the claim's scale."""
    for claim in load_ledger(paper_dir).claims:
        samples = read_samples(paper_dir / "results" / claim.scale)
        assert not [path for _, path in claim.metric_paths() if path not in samples], claim.id
