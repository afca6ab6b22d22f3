"""What can go wrong between a registry entry and its arrays."""

import difflib
from collections.abc import Iterable

from common.errors import RepriseError


class DatasetError(RepriseError):
    """A dataset cannot be had or is damaged; says what was tried and what a person can do."""


class SourceError(Exception):
    """One source failed, for the stated reason; the next one is tried."""


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Say that there is no `what` called `name`; suggest the near one and list some that there are."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    return f"no {what} {name!r}{hint} (known: {listed})"
