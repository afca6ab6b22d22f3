"""The closed set of relations that a claim may state, each with the rule that judges it.

A rule sees nothing but intervals (95 %, paired by seed): it says "reproduced" where the whole interval
agrees with the claim, "not reproduced" where the whole interval contradicts it, and "inconclusive"
otherwise, as with fewer than two seeds. Where a claim makes several comparisons at once, all of them
count, with Holm's correction, so that many comparisons do not make a chance result likely.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field, PositiveFloat, model_validator

from common.config import SCALES, Config
from common.metrics import METRIC_PATH
from common.statistics import (
    LEVEL,
    MIN_SEEDS,
    Interval,
    holm,
    paired_difference,
    paired_p_value,
    paired_ratio,
    slope,
    t_interval,
)

REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
INCONCLUSIVE = "inconclusive"

Samples = Mapping[str, Sequence[float]]
"""The values of each metric, one per seed."""

MetricPath = Annotated[str, Field(pattern=f"^{METRIC_PATH}$")]
Scale = Literal[SCALES]
NonNegative = Annotated[float, Field(ge=0)]


class Judgement(NamedTuple):
    """What the samples say of one claim: the verdict, and the interval that it rests on."""

    verdict: str
    interval: Interval


class Statement(Config):
    """What every claim says, whatever its relation.

    Attributes:
        id: its name, unique in the paper.
        where: in the paper, such as "Table 3, row 2".
        says: the claim in our words.
        scale: the least scale at which it may be judged.
        paper: the printed number; None where the paper prints none, or is not at hand.
        unit: of the number and of our value.
    """

    id: Annotated[str, Field(pattern="^[a-z0-9_]+$")]
    where: str
    says: str
    scale: Scale
    paper: float | None = None
    unit: str = ""

    def metric_paths(self) -> Iterator[tuple[str, str]]:
        """Yield the metrics that the claim names, each as (key in the YAML, metric path)."""
        for key in ("metric", "than", "others"):
            match getattr(self, key, None):
                case str(path):
                    yield key, path
                case tuple(paths):
                    yield from ((f"{key}.{i}", path) for i, path in enumerate(paths))


class Greater(Statement):
    """`metric` lies above `than`; for a claim of "less", name them the other way round.

    The interval is that of the paired difference `metric - than`. Reproduced: low > margin. Not
    reproduced: high < margin.

    Attributes:
        metric: what is claimed to be greater: a metric or a number.
        than: what it is compared with: a metric or a number.
        margin: what the difference has to exceed; a negative one turns the claim into "not worse by
            more than".
    """

    relation: Literal["greater"]
    metric: MetricPath | float
    than: MetricPath | float
    margin: float = 0.0

    @model_validator(mode="after")
    def _compares_a_metric(self) -> "Greater":
        if not any(self.metric_paths()):
            raise ValueError("one of metric and than must be a metric")
        return self

    def judge(self, samples: Samples) -> Judgement:
        """Judge by the paired difference."""
        seeds = max(len(samples[path]) for _, path in self.metric_paths())
        sides = (samples[side] if isinstance(side, str) else [side] * seeds for side in (self.metric, self.than))
        return _above(paired_difference(*sides), self.margin)


class AtLeast(Statement):
    """The mean of `metric` is at least `bound`. Reproduced: low >= bound. Not reproduced: high < bound."""

    relation: Literal["at_least"]
    metric: MetricPath
    bound: float

    def judge(self, samples: Samples) -> Judgement:
        """Judge by the mean's interval."""
        return _above(t_interval(samples[self.metric]), self.bound, bound_counts=True)


class Ratio(Statement):
    """`metric` is at least `factor` times `than`, both positive.

    The interval is that of the geometric mean of the paired ratios `metric / than`. Reproduced:
    low >= factor. Not reproduced: high < factor.
    """

    relation: Literal["ratio"]
    metric: MetricPath
    than: MetricPath
    factor: PositiveFloat

    def judge(self, samples: Samples) -> Judgement:
        """Judge by the paired ratio."""
        ratio = paired_ratio(samples[self.metric], samples[self.than])
        return _above(ratio, self.factor, bound_counts=True)


class Within(Statement):
    """The mean of `metric` is within `tolerance` of `target`, by default of the printed number.

    Reproduced: the whole interval lies in `target +- tolerance`. Not reproduced: the two are disjoint.
    Inconclusive also while there is neither a target nor a printed number.
    """

    relation: Literal["within"]
    metric: MetricPath
    tolerance: NonNegative
    target: float | None = None

    def judge(self, samples: Samples) -> Judgement:
        """Judge by the mean's interval."""
        target = self.paper if self.target is None else self.target
        return _inside(t_interval(samples[self.metric]), target, self.tolerance)


class Slope(Statement):
    """`metric` grows like `x` to the power `expected`, give or take `tolerance`.

    The interval is that of the slope of log metric on log x, fitted per seed. Reproduced: it lies
    wholly in `expected +- tolerance`. Not reproduced: the two are disjoint.

    Attributes:
        metric: one metric for each x.
        x: positive numbers, such as widths or step counts.
        expected: the claimed exponent.
        tolerance: what the claim leaves open.
    """

    relation: Literal["slope"]
    metric: Annotated[tuple[MetricPath, ...], Field(min_length=2)]
    x: Annotated[tuple[PositiveFloat, ...], Field(min_length=2)]
    expected: float
    tolerance: NonNegative

    @model_validator(mode="after")
    def _one_metric_per_x(self) -> "Slope":
        if len(self.metric) != len(self.x) or len(set(self.x)) < 2:
            raise ValueError("metric and x must be equally long, with at least two different x")
        return self

    def judge(self, samples: Samples) -> Judgement:
        """Judge by the slope over seeds."""
        columns = [samples[path] for path in self.metric]
        if len({len(column) for column in columns}) > 1:
            raise ValueError("paired by seed, but the metrics have different numbers of seeds")
        return _inside(slope(self.x, np.transpose(columns)), self.expected, self.tolerance)


class BestOf(Statement):
    """`metric` is better than every one of `others`.

    Each difference to another one is tested, paired by seed, two-sided, with Holm's correction over the
    others at 5 %. Reproduced: it is significantly better than all. Not reproduced: it is significantly
    worse than any. The value shown is the lead over the best of the others (best by mean), positive
    where `metric` is better.
    """

    relation: Literal["best_of"]
    metric: MetricPath
    others: Annotated[tuple[MetricPath, ...], Field(min_length=1)]
    direction: Literal["highest", "lowest"] = "highest"

    @model_validator(mode="after")
    def _not_against_itself(self) -> "BestOf":
        if self.metric in self.others:
            raise ValueError("others must not hold the metric itself")
        return self

    def judge(self, samples: Samples) -> Judgement:
        """Judge by the lead over each of the others."""
        mine = samples[self.metric]
        pairs = [
            (mine, samples[other]) if self.direction == "highest" else (samples[other], mine) for other in self.others
        ]
        return _all_above(pairs, 0.0)


class Monotone(Statement):
    """The metrics rise (or fall) from each one to the next, in the order given.

    Each step from one metric to the next is tested, paired by seed, two-sided, with Holm's correction
    over the steps at 5 %. Reproduced: every step is significantly above `margin`. Not reproduced: any
    step is significantly below it. The value shown is the smallest step, positive in the claimed direction.

    Attributes:
        metric: the metrics in the order of the claim.
        direction: in which they go.
        margin: what every step has to exceed; a negative one turns "rises" into "does not fall by
            more than".
    """

    relation: Literal["monotone"]
    metric: Annotated[tuple[MetricPath, ...], Field(min_length=2)]
    direction: Literal["increasing", "decreasing"] = "increasing"
    margin: float = 0.0

    def judge(self, samples: Samples) -> Judgement:
        """Judge by the steps."""
        rising = self.metric if self.direction == "increasing" else self.metric[::-1]
        steps = [(samples[above], samples[below]) for below, above in pairwise(rising)]
        return _all_above(steps, self.margin)


Claim = Annotated[Greater | AtLeast | Within | BestOf | Ratio | Monotone | Slope, Field(discriminator="relation")]


def _above(interval: Interval, bound: float, bound_counts: bool = False) -> Judgement:
    """Judge "above `bound`", or "at least `bound`" where the bound itself counts."""
    if interval.low is None:
        return Judgement(INCONCLUSIVE, interval)
    if interval.low > bound or (bound_counts and interval.low == bound):
        return Judgement(REPRODUCED, interval)
    return Judgement(NOT_REPRODUCED if interval.high < bound else INCONCLUSIVE, interval)


def _inside(interval: Interval, target: float | None, tolerance: float) -> Judgement:
    """Judge "within `tolerance` of `target`"."""
    if interval.low is None or target is None:
        return Judgement(INCONCLUSIVE, interval)
    lowest, highest = target - tolerance, target + tolerance
    if lowest <= interval.low and interval.high <= highest:
        return Judgement(REPRODUCED, interval)
    disjoint = interval.high < lowest or highest < interval.low
    return Judgement(NOT_REPRODUCED if disjoint else INCONCLUSIVE, interval)


def _all_above(pairs: Sequence[tuple[Sequence[float], Sequence[float]]], margin: float) -> Judgement:
    """Judge "in every pair the first exceeds the second by `margin`"; the smallest difference is shown."""
    differences = [paired_difference(first, second) for first, second in pairs]
    smallest = min(differences, key=lambda difference: difference.value)
    if smallest.n < MIN_SEEDS:
        return Judgement(INCONCLUSIVE, smallest)
    adjusted = holm([paired_p_value(first, np.add(second, margin)) for first, second in pairs])
    significant = [p <= 1 - LEVEL for p in adjusted]
    above = [difference.value > margin for difference in differences]
    if all(significant) and all(above):
        return Judgement(REPRODUCED, smallest)
    contradicted = any(s and not a for s, a in zip(significant, above, strict=True))
    return Judgement(NOT_REPRODUCED if contradicted else INCONCLUSIVE, smallest)
