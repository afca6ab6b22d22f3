"""The ledger of claims: what each paper says, and what became of it here."""

from common.claims.ledger import Ledger, Paper, did_you_mean, find_paper, load_ledger, paper_dirs
from common.claims.relations import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED, Claim
from common.claims.verdicts import NOT_RUN, ClaimError, Verdict, judge, judge_all, scales_with_results

VERDICTS = (REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE, NOT_RUN)
"""The four verdicts there are."""

__all__ = [
    "INCONCLUSIVE",
    "NOT_REPRODUCED",
    "NOT_RUN",
    "REPRODUCED",
    "VERDICTS",
    "Claim",
    "ClaimError",
    "Ledger",
    "Paper",
    "Verdict",
    "did_you_mean",
    "find_paper",
    "judge",
    "judge_all",
    "load_ledger",
    "paper_dirs",
    "scales_with_results",
]
