"""What can go wrong with one instance, told so that the others go on."""

from collections.abc import Mapping
from typing import Any

from common.errors import RepriseError

SHOWN = 3
"""Failed instances that a message lists; the error holds them all."""


class SurcoError(RepriseError):
    """A fault of the call itself, such as costs of the wrong shape: nothing was computed."""


class RowsFailed(RepriseError):
    """Raised by a solver or an objective that could not do some rows of its batch.

    Args:
        failures: row of the batch -> what went wrong there.
        results: what it returns otherwise; the rows that failed are ignored.
    """

    def __init__(self, failures: Mapping[int, str], results: Any) -> None:
        super().__init__("; ".join(f"row {row}: {text}" for row, text in sorted(failures.items())))
        self.failures = dict(failures)
        self.results = results


class InstancesFailed(RepriseError):
    """Some instances failed. The results of all others are in `outcome`.

    Args:
        failures: name of the instance -> what went wrong.
        outcome: what the method returns otherwise; see `papers.surco.method`.
    """

    def __init__(self, failures: Mapping[str, str], outcome: Any) -> None:
        lines = [f"instance {name}: {text}" for name, text in failures.items()]
        more = f"; and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
        super().__init__(f"{'; '.join(lines[:SHOWN])}{more} (results of the other instances are kept)")
        self.failures = dict(failures)
        self.outcome = outcome


class VanishingGradient(UserWarning):
    """The descent stands still, because the solver returns the same solution for the perturbed costs."""
