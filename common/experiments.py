"""A paper as a set of experiments: stages that measure, and one that turns what they measured into results.

An experiment is a folder of the paper: `run.py` measures, `record.py` enters that into metrics, `figures.py` draws it.
It has a section of params.yaml, which its `settings.py` checks, and a stage of dvc.yaml, all of the same name.
"""

import argparse
import importlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common.config import Config, shown
from common.errors import RepriseError, one_line_errors
from common.metrics import Metrics
from common.provenance import write_provenance
from common.scratch import Scratch, write_json


@one_line_errors
def main(package: str, experiments: Sequence[str], read_params: Callable[[], Config], given: Sequence[str]) -> None:
    """Run the stage that the command line names: an experiment, or `results`.

    Args:
        package: of the paper, such as "papers.surco".
        experiments: names of its experiments.
        read_params: reads its params.yaml, which has a `scale`.
        given: fields of the parameters that every experiment gets after its own section.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {package}", description="The stages of dvc.yaml.")
    parser.add_argument("stage", choices=[*experiments, "results"], help="a stage of dvc.yaml")
    stage = parser.parse_args().stage
    params = read_params()
    home = Path(importlib.import_module(package).__file__).parent
    build = home / "build" / params.scale
    if stage == "results":
        write_results(package, experiments, build, home / "results" / params.scale)
    else:
        run(package, stage, [getattr(params, name) for name in (stage, *given)], build)


def run(package: str, experiment: str, arguments: Sequence[Any], build: Path) -> None:
    """Run one experiment, write what it measured and, once that is written, forget its finished parts."""
    start = time.monotonic()
    data = _part(package, experiment, "run").run(*arguments)
    write_json(build / f"{experiment}.json", {"data": data, "seconds": time.monotonic() - start})
    Scratch(f"{package.removeprefix('papers.')}/{experiment}").clear()


def write_results(package: str, experiments: Sequence[str], build: Path, folder: Path) -> None:
    """Write metrics.json, samples.json, provenance.json and figures/ of one scale.

    Args:
        package: of the paper.
        experiments: names of its experiments.
        build: folder of the files that they left.
        folder: of the results.
    """
    measured = {name: _read(package, build / f"{name}.json") for name in experiments}
    metrics = Metrics()
    for name, found in measured.items():
        _part(package, name, "record").record(metrics, found["data"])
    metrics.write(folder)
    seconds = {name: found["seconds"] for name, found in measured.items()}
    timings = {name: found["data"]["seconds"] for name, found in measured.items() if "seconds" in found["data"]}
    write_provenance(folder, seconds=sum(seconds.values()), details={"stages": seconds, "timings": timings})
    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    for name, found in measured.items():
        _part(package, name, "figures").draw(found["data"], figures)


def _part(package: str, experiment: str, module: str) -> Any:
    return importlib.import_module(f"{package}.{experiment}.{module}")


def _read(package: str, file: Path) -> dict[str, Any]:
    """Read what an experiment left, or say which stage has to be run (again)."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RepriseError(f"{shown(file)}: {error}; run: python -m {package} {file.stem}") from None
