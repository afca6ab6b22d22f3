"""Have the chains mixed? Split R-hat and effective sample size of one quantity, and a warning.

Vehtari, Gelman, Simpson, Carpenter and Buerkner 2021, "Rank-normalization, folding, and localization: an improved
R-hat for assessing convergence of MCMC", without the rank normalisation; the sums over lags follow Geyer 1992.

Shape suffixes: C chains, T draws.
"""

import math
import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from papers.solution_samplers.samplers.errors import SamplerError

MOST_R_HAT = 1.1
"""Above it chains disagree: their pooled spread exceeds the spread within chains by a tenth."""
LEAST_DRAWS_PER_CHAIN = 10
"""Below so many effective draws per chain, neither R-hat nor an interval means much."""
FEWEST_DRAWS = 4
"""Two for each half of a chain."""


class MixingWarning(UserWarning):
    """Chains have not mixed: averages over them are not what their density gives."""


class Mixing(NamedTuple):
    """How well the chains mixed.

    Attributes:
        r_hat: 1 for chains that agree, inf for constant chains that differ.
        ess: independent draws that are worth as much as all draws together.
    """

    r_hat: float
    ess: float


def r_hat(draws_CT: NDArray | Tensor) -> float:
    """Return split R-hat: the root of the pooled variance over the variance within half chains.

    Args:
        draws_CT: one quantity, such as the cut, of every chain at every kept draw; T >= 4.
    """
    halves = _halves(_checked(draws_CT))
    within, pooled = _variances(halves)
    if within == 0:
        return 1.0 if pooled == 0 else math.inf
    return float(math.sqrt(pooled / within))


def effective_sample_size(draws_CT: NDArray | Tensor) -> float:
    """Return the number of independent draws whose mean is as accurate as that of these.

    The autocorrelations of the half chains are summed in pairs of lags as long as these sums are positive, each at
    most the one before (Geyer's initial monotone sequence). Where all draws are equal all of them count; where every
    chain is stuck at a value of its own, each chain counts once.

    Args:
        draws_CT: as for `r_hat`.
    """
    draws_CT = _checked(draws_CT)
    halves = _halves(draws_CT)
    within, pooled = _variances(halves)
    if within == 0:
        return float(draws_CT.size if pooled == 0 else len(draws_CT))
    correlation_T = 1 - (within - _autocovariances(halves).mean(0)) / pooled
    pairs = correlation_T[: len(correlation_T) // 2 * 2].reshape(-1, 2).sum(1)
    ends = np.flatnonzero(pairs <= 0)
    kept = np.minimum.accumulate(pairs[: ends[0] if len(ends) else None])
    time = max(-1 + 2 * kept.sum(), 1 / math.log10(halves.size))
    return float(halves.size / time)


def check_mixing(draws_CT: NDArray | Tensor, what: str) -> Mixing:
    """Measure how well chains mixed, and warn with a `MixingWarning` where they did not.

    They did not if R-hat is above 1.1, or if there are fewer than 10 effective draws per chain.

    Args:
        draws_CT: as for `r_hat`.
        what: names the chains in the warning.
    """
    mixing = Mixing(r_hat(draws_CT), effective_sample_size(draws_CT))
    chains, draws = draws_CT.shape
    if mixing.r_hat > MOST_R_HAT or mixing.ess < LEAST_DRAWS_PER_CHAIN * chains:
        warnings.warn(
            f"{what}: the chains have not mixed: R-hat {mixing.r_hat:.2f} (at most {MOST_R_HAT}), effective sample "
            f"size {mixing.ess:.0f} of {chains * draws} (at least {LEAST_DRAWS_PER_CHAIN * chains}); run more sweeps",
            MixingWarning,
            stacklevel=2,
        )
    return mixing


def _checked(draws_CT: NDArray | Tensor) -> NDArray[np.float64]:
    if isinstance(draws_CT, Tensor):
        draws_CT = draws_CT.detach().cpu().numpy()
    draws_CT = np.asarray(draws_CT, dtype=np.float64)
    if draws_CT.ndim != 2 or not len(draws_CT) or draws_CT.shape[1] < FEWEST_DRAWS:
        raise SamplerError(f"diagnostics: need draws [chains, at least {FEWEST_DRAWS}] (got shape {draws_CT.shape})")
    if not np.isfinite(draws_CT).all():
        chain, draw = np.argwhere(~np.isfinite(draws_CT))[0]
        raise SamplerError(f"diagnostics: draw {draw} of chain {chain} is not finite")
    return draws_CT


def _halves(draws_CT: NDArray) -> NDArray:
    """The first and the last half of every chain as chains of their own; a middle draw is left out."""
    half = draws_CT.shape[1] // 2
    return np.concatenate([draws_CT[:, :half], draws_CT[:, -half:]])


def _variances(draws_CT: NDArray) -> tuple[float, float]:
    """Mean variance within chains, and the pooled estimate that also counts the spread of their means."""
    draws = draws_CT.shape[1]
    within = draws_CT.var(axis=1, ddof=1).mean()
    return within, within * (draws - 1) / draws + draws_CT.mean(axis=1).var(ddof=1)


def _autocovariances(draws_CT: NDArray) -> NDArray:
    """The autocovariances [C, T] of every chain at lags 0, 1, ..., all divided by T - 1."""
    draws = draws_CT.shape[1]
    centred = draws_CT - draws_CT.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(centred, 2 * draws, axis=1)
    return np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :draws] / (draws - 1)
