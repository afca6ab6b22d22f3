"""Pearson's test of independent draws against the chances of all solutions."""

import torch
from scipy.stats import chisquare
from torch import Tensor

FEWEST = 8
"""Solutions expected less often are counted together: the test's p-value is only right for larger numbers."""


def p_value(draws_CN: Tensor, solutions_SN: Tensor, log_chances_S: Tensor) -> float:
    """Return the chance of counts at least as far from the expected ones; `log_chances_S` up to a constant."""
    found_CS = (draws_CN[:, None] == solutions_SN).all(-1)
    assert (found_CS.sum(1) == 1).all(), "a draw is no solution"
    counts_S, expected_S = found_CS.sum(0).double(), log_chances_S.double().softmax(0) * len(draws_CN)
    rare_S = expected_S < FEWEST
    if rare_S.any():
        counts_S = torch.cat([counts_S[~rare_S], counts_S[rare_S].sum()[None]])
        expected_S = torch.cat([expected_S[~rare_S], expected_S[rare_S].sum()[None]])
    return chisquare(counts_S.numpy(), expected_S.numpy()).pvalue
