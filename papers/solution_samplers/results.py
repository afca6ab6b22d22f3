"""From what the experiments measured to metrics.json, samples.json, provenance.json and figures of one scale."""

import importlib
import json
from pathlib import Path
from typing import Any

from common.config import shown
from common.errors import RepriseError
from common.metrics import Metrics
from common.provenance import write_provenance
from papers.solution_samplers.settings import EXPERIMENTS


def write_results(build: Path, folder: Path) -> None:
    """Read the experiments' files from `build` and write the scale's results into `folder`."""
    measured = {name: _read(build / f"{name}.json") for name in EXPERIMENTS}
    metrics = Metrics()
    for name, found in measured.items():
        _part(name, "record").record(metrics, found["data"])
    metrics.write(folder)
    seconds = {name: found["seconds"] for name, found in measured.items()}
    timings = {name: found["data"]["seconds"] for name, found in measured.items() if "seconds" in found["data"]}
    write_provenance(folder, seconds=sum(seconds.values()), details={"stages": seconds, "timings": timings})
    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    for name, found in measured.items():
        _part(name, "figures").draw(found["data"], figures)


def _part(experiment: str, module: str) -> Any:
    return importlib.import_module(f"papers.solution_samplers.{experiment}.{module}")


def _read(file: Path) -> dict[str, Any]:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RepriseError(f"{shown(file)}: not there; run: python -m papers.solution_samplers {file.stem}") from None
