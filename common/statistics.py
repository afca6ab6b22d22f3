"""Means with intervals, paired comparisons and benchmark profiles: what every number of a report rests on.

Every interval is two-sided with 95 % confidence. Samples come one per seed, in seed order, so that two of
them can be compared pair by pair. Shape suffixes: S seeds, N points, P problems, M methods.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its submodules load at first use, so that this import stays cheap
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

LEVEL = 0.95
"""The confidence of every interval."""

MIN_SEEDS = 2
"""One seed says nothing about its spread: below this an interval has no ends."""


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its interval, both None where `n` samples allow none."""

    value: float
    low: float | None
    high: float | None
    n: int


def t_interval(values: ArrayLike) -> Interval:
    """Mean of independent samples with Student's interval `mean +- t_{n-1} s / sqrt(n)`."""
    values_S = _samples(values)
    mean, error = _mean_and_error(values_S)
    if values_S.size < MIN_SEEDS:
        return Interval(mean, None, None, values_S.size)
    half = float(scipy.special.stdtrit(values_S.size - 1, 0.5 + LEVEL / 2)) * error
    return Interval(mean, mean - half, mean + half, values_S.size)


def bootstrap_interval(
    values: ArrayLike,
    statistic: Callable[..., ArrayLike] = np.mean,
    method: str = "bca",
    resamples: int = 9999,
    seed: int = 0,
) -> Interval:
    """Bootstrap interval of any statistic; equal arguments give equal intervals.

    Args:
        values: the samples, one per seed.
        statistic: takes an array and `axis`, such as `np.median` or `iqm`.
        method: "percentile", or "bca": bias-corrected and accelerated (Efron 1987, "Better bootstrap
            confidence intervals").
        resamples: how often the samples are drawn again.
        seed: of the draws.

    Returns:
        The statistic of the samples and its interval.

    Raises:
        ValueError: no samples, or another method.
    """
    values_S = _samples(values)
    n = values_S.size
    value = float(statistic(values_S, axis=0))
    if n < MIN_SEEDS:
        return Interval(value, None, None, n)
    draws = np.random.default_rng(seed).integers(n, size=(resamples, n))
    resampled = np.asarray(statistic(values_S[draws], axis=1))
    tails = np.array([0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    if method == "bca":
        jackknife_S = np.array([statistic(np.delete(values_S, i), axis=0) for i in range(n)])
        tails = _bca_tails(tails, value, resampled, jackknife_S)
    elif method != "percentile":
        raise ValueError(f"method must be 'bca' or 'percentile' (got {method!r})")
    low, high = np.quantile(resampled, tails)
    return Interval(value, float(low), float(high), n)


def _bca_tails(tails: Array, value: float, resampled: Array, jackknife_S: Array) -> Array:
    """Shift the tail probabilities by the bias and the acceleration (Efron 1987, equations 2.3 and 6.6)."""
    below = (np.mean(resampled < value) + np.mean(resampled <= value)) / 2
    bias = scipy.special.ndtri(np.clip(below, 1 / resampled.size, 1 - 1 / resampled.size))
    influence_S = jackknife_S.mean() - jackknife_S
    spread = 6 * np.sum(influence_S**2) ** 1.5
    acceleration = np.sum(influence_S**3) / spread if spread > 0 else 0.0
    z = bias + scipy.special.ndtri(tails)
    return scipy.special.ndtr(bias + z / (1 - acceleration * z))


def wilson_interval(successes: int, trials: int) -> Interval:
    """Rate of success with Wilson's score interval (Wilson 1927), which holds near 0 and 1 too.

    Raises:
        ValueError: not 0 <= successes <= trials, or no trials.
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"need 0 <= successes <= trials and a trial (got {successes} of {trials})")
    z2 = float(scipy.special.ndtri(0.5 + LEVEL / 2)) ** 2
    rate = successes / trials
    centre = (successes + z2 / 2) / (trials + z2)
    half = np.sqrt(z2 * (rate * (1 - rate) / trials + z2 / (4 * trials**2))) * trials / (trials + z2)
    return Interval(rate, max(0.0, float(centre - half)), min(1.0, float(centre + half)), trials)


def paired_difference(a: ArrayLike, b: ArrayLike) -> Interval:
    """Mean of `a - b`, seed by seed, with its t interval; a ValueError where the seeds do not pair."""
    return t_interval(_differences(a, b))


def paired_ratio(a: ArrayLike, b: ArrayLike) -> Interval:
    """Geometric mean of `a / b`, seed by seed; the t interval is taken on the log scale.

    A ValueError where the seeds do not pair or a value is not positive.
    """
    logs = t_interval(_differences(_log(a), _log(b)))
    ends = (None if end is None else float(np.exp(end)) for end in (logs.value, logs.low, logs.high))
    return Interval(*ends, logs.n)


def paired_p_value(a: ArrayLike, b: ArrayLike) -> float:
    """Two-sided p-value of the paired t test of equal means; below 0.05 iff the interval leaves out 0.

    Raises:
        ValueError: fewer than two seeds (or, as everywhere here, seeds that do not pair).
    """
    differences_S = _differences(a, b)
    if differences_S.size < MIN_SEEDS:
        raise ValueError("a paired test needs at least two seeds")
    mean, error = _mean_and_error(differences_S)
    if error == 0:  # no spread at all: certain, whichever way
        return float(mean == 0)
    return float(2 * scipy.special.stdtr(differences_S.size - 1, -abs(mean) / error))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment of a family of p-values (Holm 1979), in the order given.

    Rejecting wherever the adjusted value is at most `alpha` keeps the chance of any false rejection in
    the whole family at `alpha`, however the tests depend on each other.
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted.tolist()


def slope(x_N: ArrayLike, y_SN: ArrayLike) -> Interval:
    """Exponent `k` of `y ~ x^k`: least squares of log y on log x per seed, then a t interval over seeds.

    Raises:
        ValueError: fewer than two different x, shapes that do not fit, or a value that is not positive.
    """
    log_x_N, log_y_SN = _log(x_N), np.atleast_2d(_log(y_SN))
    if log_y_SN.shape[1] != log_x_N.size or np.unique(log_x_N).size < 2:
        raise ValueError("a slope needs two different x and one y for each of them")
    centred_N = log_x_N - log_x_N.mean()
    return t_interval(log_y_SN @ centred_N / (centred_N @ centred_N))


def iqm(values: ArrayLike, axis: int = 0) -> Array:
    """Interquartile mean: the mean without the lowest and the highest quarter (Agarwal et al. 2021)."""
    ordered = np.sort(np.asarray(values, dtype=float), axis=axis)
    n = ordered.shape[axis]
    return np.take(ordered, range(n // 4, n - n // 4), axis=axis).mean(axis=axis)


def time_to_target(time_N: ArrayLike, curves_SN: ArrayLike, target: float, lowest: bool = False) -> Array:
    """First time (steps, epochs or seconds) at which each curve reaches `target`, shape [S].

    Args:
        time_N: when the points of the curves were measured, rising.
        curves_SN: one curve per seed; NaN reaches nothing.
        target: reached at this value or beyond it.
        lowest: beyond means below (a loss) rather than above (an accuracy).

    Returns:
        The times; inf where a curve never reaches the target.
    """
    curves_SN = np.atleast_2d(np.asarray(curves_SN, dtype=float))
    reached_SN = curves_SN <= target if lowest else curves_SN >= target
    first_S = np.asarray(time_N, dtype=float)[reached_SN.argmax(axis=1)]
    return np.where(reached_SN.any(axis=1), first_S, np.inf)


def performance_profile(costs_PM: ArrayLike, tau_N: ArrayLike) -> Array:
    """Share of problems that each method solves within `tau` times the best cost, shape [M, N].

    Dolan and More 2002, "Benchmarking optimization software with performance profiles".

    Args:
        costs_PM: positive cost (time or steps to target) of each method on each problem; inf is a miss.
        tau_N: the factors, at least 1.

    Returns:
        The profiles; a problem that every method misses counts as unsolved by all.
    """
    ratios_PM = _cost_ratios(costs_PM)
    return (ratios_PM[:, :, None] <= np.asarray(tau_N, dtype=float)).mean(axis=0)


def profile_score(costs_PM: ArrayLike, tau_max: float = 4.0) -> Array:
    """Area under each method's performance profile from tau = 1 to `tau_max`, scaled to [0, 1], shape [M].

    The score of AlgoPerf (Dahl et al. 2023), here in closed form: a problem solved within the ratio r
    adds `(tau_max - r) / (tau_max - 1)`.
    """
    return (np.clip(tau_max - _cost_ratios(costs_PM), 0.0, None) / (tau_max - 1)).mean(axis=0)


def _cost_ratios(costs_PM: ArrayLike) -> Array:
    costs_PM = np.asarray(costs_PM, dtype=float)
    best_P1 = costs_PM.min(axis=1, keepdims=True)
    solvable_P1 = np.isfinite(best_P1)
    return np.where(solvable_P1, costs_PM / np.where(solvable_P1, best_P1, 1.0), np.inf)


def _samples(values: ArrayLike) -> Array:
    samples = np.asarray(values, dtype=float)
    if samples.ndim != 1 or samples.size == 0:
        raise ValueError(f"need a list of at least one sample (got shape {samples.shape})")
    return samples


def _differences(a: ArrayLike, b: ArrayLike) -> Array:
    a_S, b_S = _samples(a), _samples(b)
    if a_S.size != b_S.size:
        raise ValueError(f"paired by seed, but one has {a_S.size} seeds and the other {b_S.size}")
    return a_S - b_S


def _mean_and_error(values_S: Array) -> tuple[float, float]:
    """Mean and its standard error; exact for equal samples, where rounding would leave a trace of spread."""
    if values_S.size < MIN_SEEDS or np.ptp(values_S) == 0:
        return float(values_S[0]), 0.0
    return float(values_S.mean()), float(values_S.std(ddof=1) / np.sqrt(values_S.size))


def _log(values: ArrayLike) -> Array:
    array = np.asarray(values, dtype=float)
    if not np.all(array > 0):
        raise ValueError(f"the log scale needs positive values (got {array.min():g})")
    return np.log(array)
