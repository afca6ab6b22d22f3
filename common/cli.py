"""The command `reprise`: what is here, run it, and what became of the claims."""

# ruff: noqa: PLC0415  (commands import what they use, so that `reprise --help` waits for nothing)

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from common.config import ROOT, SCALES
from common.errors import RepriseError, one_line_errors

if TYPE_CHECKING:
    from common.claims import Verdict

app = typer.Typer(
    help="Optimization papers, played again.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
data = typer.Typer(help="The datasets: what is here, fetch them, check them.", no_args_is_help=True)
app.add_typer(data, name="data")

Scale = StrEnum("Scale", {name: name for name in SCALES})
Key = Annotated[str | None, typer.Argument(help="A paper's key (see `reprise papers`); all if left out.")]
Names = Annotated[list[str] | None, typer.Argument(help="Datasets; all if left out.")]

COLOURS = {"reproduced": "green", "not reproduced": "red", "inconclusive": "yellow"}
STATES = {"ok": "green", "advice": "yellow", "missing": "red"}


def command(group: typer.Typer, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as a command of `group`; faults that a person can mend end in one line."""
    return lambda function: group.command(name)(one_line_errors(function))


@command(app, "papers")
def list_papers() -> None:
    """List the papers: key, title, claims, last run and cost."""
    from common.claims import judge_all, load_ledger, scales_with_results

    table = _table("key", "title", "claims", "last run", "cost")
    for key, folder in _folders(None).items():
        ledger = load_ledger(folder)
        scales = scales_with_results(folder)
        deciding = {row.id: row.verdict for row in judge_all(folder)}  # of several scales, the largest
        cost = "\n".join(f"{scale}: {time}" for scale, time in ledger.paper.cost.items())
        held = list(deciding.values()).count("reproduced")
        claims = f"{len(deciding)}, {held} reproduced"
        table.add_row(key, ledger.paper.title, claims, _last_run(folder, scales), cost)
    _console().print(table)


@command(app, "repro")
def reproduce(
    key: Key = None,
    scale: Annotated[Scale, typer.Option(help="How large to run it.")] = Scale.laptop,
    force: Annotated[bool, typer.Option("--force", help="Run what is up to date, too.")] = False,
) -> None:
    """Bring results and reports up to date, then show the claims."""
    from common import pipeline

    folders = _folders(key)
    for folder in folders.values():
        pipeline.repro(folder, scale, force=force)
    _print_claims(folders, None)
    index = ROOT / "reports" / "index.html"
    _console().print(f"\nscoreboard: {index}", soft_wrap=True, highlight=False)


@command(app, "claims")
def list_claims(
    key: Key = None,
    scale: Annotated[Scale | None, typer.Option(help="Only by the results of this scale.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list of objects.")] = False,
) -> None:
    """Show what each paper says, what we found, and the verdict."""
    if as_json:
        verdicts = [verdict for folder in _folders(key).values() for verdict in _verdicts(folder, scale)]
        print(json.dumps([asdict(verdict) for verdict in verdicts], indent=1, ensure_ascii=False))
    else:
        _print_claims(_folders(key), scale)


@command(app, "sweep")
def fan_out(
    key: Annotated[str, typer.Argument(help="A paper's key.")],
    scale: Annotated[Scale, typer.Option(help="How large to run it.")] = Scale.laptop,
    jobs: Annotated[int, typer.Option(min=1, help="Stages at a time, on this machine.")] = 2,
    cluster: Annotated[str | None, typer.Option(help="`slurm`: a job per stage.")] = None,
    option: Annotated[list[str] | None, typer.Option(help="Of its jobs: gpus_per_node=1.")] = None,
) -> None:
    """Run the stages of one paper side by side, here or on a SLURM cluster."""
    from common.claims import find_paper
    from common.sweep import sweep

    options = {}
    for text in option or []:
        name, equals, value = text.partition("=")
        if not equals:
            raise RepriseError(f"--option {text}: expected NAME=VALUE")
        options[name] = int(value) if value.isdecimal() else value
    sweep(find_paper(key, ROOT), scale, jobs=jobs, cluster=cluster, options=options)


@command(app, "doctor")
def examine_machine() -> None:
    """Say what this machine has, what it lacks, and what to do."""
    from common.doctor import examine

    console, missing = _console(), False
    for check in examine():
        missing |= check.state == "missing"
        console.print(f"[{STATES[check.state]}]{check.state:<8}[/] [bold]{check.name}[/]: ", end="")
        console.print(check.found + (f"\n         -> {check.todo}" if check.todo else ""), markup=False)
    if missing:
        raise typer.Exit(1)


@command(data, "list")
def list_data() -> None:
    """List the datasets and the collections of texts, and where each would come from."""
    from common import datasets

    table = _table("name", "title", "size", "state", "licence")
    for row in (*datasets.overview(), *datasets.texts.overview()):
        table.add_row(row.name, row.title, f"{row.nbytes / 1e6:.1f} MB", row.state, row.licence)
    _console().print(table)


@command(data, "fetch")
def fetch_data(names: Names = None) -> None:
    """Bring datasets into the cache."""
    for name in _known(names):
        print(f"{name}: {_holder(name).fetch(name)}")


@command(data, "verify")
def verify_data(names: Names = None) -> None:
    """Compare what is here with the registry's checksums; datasets that are named must be in the cache."""
    from common import datasets

    here = [row.name for row in datasets.overview() if row.state == "cached"]
    here += datasets.texts.collections()
    faults = {name: _holder(name).verify(name) for name in (names or here)}
    for name, lines in faults.items():
        print(f"{name}: {'; '.join(lines) or 'as it should be'}")
    if any(faults.values()):
        raise typer.Exit(1)


def main() -> None:
    """Run the command line."""
    app()


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 140)


def _table(first: str, *others: str, title: str | None = None) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column(first, overflow="fold", no_wrap=True)
    for name in others:
        table.add_column(name)
    return table


def _known(names: Sequence[str] | None) -> Sequence[str]:
    from common import datasets

    for name in names or ():  # a typo in the last name must not cost the download of the first
        _holder(name).info(name)
    return names or (*datasets.names(), *datasets.texts.collections())


def _holder(name: str) -> ModuleType:
    """The module that fetches and verifies `name`."""
    from common import datasets

    return datasets.texts if name in datasets.texts.collections() else datasets


def _folders(key: str | None) -> dict[str, Path]:
    from common.claims import find_paper, paper_dirs

    return {key: find_paper(key, ROOT)} if key else paper_dirs(ROOT)


def _verdicts(folder: Path, scale: str | None) -> "list[Verdict]":
    from common.claims import judge, judge_all

    return judge(folder, scale) if scale else judge_all(folder)


def _print_claims(folders: dict[str, Path], scale: str | None) -> None:
    from common.claim_rows import claim_rows

    for key, folder in folders.items():
        rows = claim_rows(folder, _verdicts(folder, scale))
        table = _table("claim", "scale", "paper", "ours [95 % interval]", "seeds", "verdict", title=key)
        for row in rows:
            verdict = f"[{COLOURS.get(row['verdict'], 'dim')}]{row['verdict']}[/]"
            table.add_row(row["id"], row["scale"], row["printed"], _ours(row), str(row["seeds"] or ""), verdict)
        _console().print(table)
        tally = Counter(row["verdict"] for row in rows)
        _console().print(", ".join(f"{tally[verdict]} {verdict}" for verdict in sorted(tally)), highlight=False)


def _ours(row: dict[str, Any]) -> str:
    from common.numerals import number

    if row["value"] is None:
        return ""
    spread = None if row["low"] is None else (row["high"] - row["low"]) / 2
    ours = f"{number(row['value'], spread)} {row['value_unit']}".rstrip()
    interval = "" if spread is None else f"[{number(row['low'], spread)}, {number(row['high'], spread)}]"
    return escape(" ".join(filter(None, [row["measures"], ours, interval])))


def _last_run(folder: Path, scales: Sequence[str]) -> str:
    """Say for each scale that has results on which day they were committed, and how long they took."""
    lines = []
    for scale in scales:
        results = folder / "results" / scale
        took = json.loads((results / "provenance.json").read_text(encoding="utf-8"))["seconds"]
        log = ["git", "-C", str(folder), "log", "-1", "--format=%cs", "--", str(results)]
        day = subprocess.run(log, capture_output=True, text=True, check=False).stdout.strip()
        lines.append(f"{scale}: {day or 'not committed'}, {took / 60:.1f} min")
    return "\n".join(lines) or "never"


if __name__ == "__main__":
    main()
