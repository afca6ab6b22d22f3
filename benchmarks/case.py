"""What a benchmark is: two callables that do the same work."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """Our way and a peer's way of doing the same work, timed in turn.

    Attributes:
        paper: key of the paper it serves, or "common".
        name: what is compared, in a few words.
        ours: does the work our way, once.
        peer: does it the peer's way, once.
        target: the ratio to reach, or None if the number is only for information.
        unit: what one call does, e.g. "20 runs x 62 steps".
        at_least: True: ratio = peer's time / ours, to be at least `target`; False: ours / peer's, at most.
        limit_ratio: measures the share of a physical limit (flops, bandwidth) that `ours` reaches.
    """

    paper: str
    name: str
    ours: Callable[[], None]
    peer: Callable[[], None]
    target: float | None
    unit: str
    at_least: bool = True
    limit_ratio: Callable[[], float] | None = None
