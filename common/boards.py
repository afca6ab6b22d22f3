"""What the scoreboard shows of each paper: its claims with the verdicts of all scales."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path

from common.claim_rows import Json, claim_rows
from common.claims import Paper, judge_all, load_ledger, paper_dirs, scales_with_results
from common.config import ROOT

LOOK = {
    "not reproduced": ("miss", "✗", "未复现"),
    "inconclusive": ("open", "≈", "尚无定论"),
    "reproduced": ("hit", "✓", "已复现"),
    "not run at this scale": ("unrun", "○", "未运行"),
}
"""CSS class, sign and Chinese name of each verdict; misses first, here and on the page."""


@dataclass(frozen=True)
class Board:
    """One paper on the scoreboard.

    Attributes:
        folder: the paper's.
        paper: as cited.
        scales: those with results, from the cheapest.
        claims: for each claim its rows, one per scale that judged it; the last one decides.
    """

    folder: Path
    paper: Paper
    scales: list[str]
    claims: list[list[Json]]

    @cached_property
    def counts(self) -> Counter[str]:
        """How many claims have each verdict."""
        return Counter(rows[-1]["verdict"] for rows in self.claims)


def boards(root: Path = ROOT) -> list[Board]:
    """Judge all papers under `root`, with or without results."""
    found = []
    for folder in paper_dirs(root).values():
        rows = claim_rows(folder, judge_all(folder))
        claims = [list(group) for _, group in groupby(rows, key=lambda row: row["id"])]
        found.append(Board(folder, load_ledger(folder).paper, scales_with_results(folder), claims))
    return found
