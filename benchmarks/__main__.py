"""`python -m benchmarks [MODULE ...]`: time every case, print a table, write benchmarks/results.json.

Both sides of a case run in turn, so that a busy machine slows both alike; the times are medians.
"""

import importlib
import math
import pkgutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from rich import box
from rich.console import Console
from rich.table import Table

import benchmarks
from benchmarks.case import Case
from common.errors import RepriseError, one_line_errors
from common.provenance import provenance
from common.scratch import write_json

ROUNDS = 7
ROUND_SECONDS = 0.05
"""A side repeats its work until one timing lasts about this long: shorter ones measure the clock."""
THREADS = 1
"""Small work gains nothing from more, and one thread is what makes two timings comparable."""


def measure(case: Case) -> dict[str, Any]:
    """Time one case.

    Returns:
        paper, name, ours and peer (median seconds of one call), ratio, target, met (None without a target),
        unit, limit_ratio (None where no limit is known).
    """
    sides = (case.ours, case.peer)
    calls = [max(1, math.ceil(ROUND_SECONDS / _seconds(side, 1))) for side in sides]  # and warm up
    rounds = [[_seconds(side, n) for side, n in zip(sides, calls, strict=True)] for _ in range(ROUNDS)]
    ours, peer = (statistics.median(times) for times in zip(*rounds, strict=True))
    ratio = peer / ours if case.at_least else ours / peer
    met = None if case.target is None else (ratio >= case.target if case.at_least else ratio <= case.target)
    return {
        "paper": case.paper,
        "name": case.name,
        "ours": ours,
        "peer": peer,
        "ratio": ratio,
        "target": case.target,
        "met": met,
        "unit": f"s per {case.unit}",
        "limit_ratio": case.limit_ratio() if case.limit_ratio else None,
    }


def modules() -> list[str]:
    """Return the names of the modules that hold cases."""
    return [m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name not in ("__main__", "case")]


@one_line_errors
def main(names: list[str]) -> None:
    """Time the cases of the modules `names`, or of all; only a full run is written to results.json.

    Raises:
        RepriseError: there is no such module.
    """
    if unknown := sorted(set(names) - set(modules())):
        raise RepriseError(f"no benchmark {unknown[0]!r} (known: {', '.join(modules())})")
    torch.set_num_threads(THREADS)
    rows = []
    console = Console(width=None if sys.stdout.isatty() else 140)
    for name in names or modules():
        for case in importlib.import_module(f"benchmarks.{name}").cases():
            with console.status(case.name):
                rows.append(measure(case))
    console.print(table(rows))
    if not names:
        about = provenance(0, THREADS)
        machine = {key: about[key] for key in ("cpu", "cores", "gpus", "threads", "python", "packages")}
        file = Path(__file__).parent / "results.json"
        write_json(file, [row | {"machine": machine} for row in rows])
        console.print(f"written to {file}", soft_wrap=True, highlight=False)


def table(rows: list[dict[str, Any]]) -> Table:
    """Lay the rows out for people; ratios are coloured by whether they meet their target."""
    shown = Table(box=box.SIMPLE_HEAD)
    for column in ("paper", "case", "unit", "ours", "peer", "ratio", "target", "of the limit"):
        shown.add_column(column, justify="left" if column in ("paper", "case", "unit") else "right")
    for row in rows:
        colour = {None: "default", True: "green", False: "red"}[row["met"]]
        shown.add_row(
            row["paper"],
            row["name"],
            row["unit"],
            f"{row['ours']:.3g}",
            f"{row['peer']:.3g}",
            f"[{colour}]{row['ratio']:.2f}[/]",
            "" if row["target"] is None else f"{row['target']:g} " + ("met" if row["met"] else "missed"),
            "" if row["limit_ratio"] is None else f"{row['limit_ratio']:.0%}",
        )
    return shown


def _seconds(work: Callable[[], None], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - start) / calls


if __name__ == "__main__":
    main(sys.argv[1:])
