"""From the experiments' files to metrics.json, samples.json, provenance.json and figures of one scale."""

import importlib
import json
from pathlib import Path
from typing import Any

from common.config import shown
from common.errors import RepriseError
from common.metrics import Metrics
from common.provenance import write_provenance
from papers.surco.settings import EXPERIMENTS


def write_results(build: Path, folder: Path) -> None:
    """Read every experiment's file from `build` and write the scale's results into `folder`."""
    metrics, seconds = Metrics(), {}
    for name in EXPERIMENTS:
        stage = read_stage(build, name)
        seconds[name] = stage["wall_seconds"]
        _part(name, "record").record(metrics, stage["data"])
        _part(name, "figures").draw(stage["data"], folder / "figures")
    metrics.write(folder)
    details = {name: read_stage(build, name)["data"]["seconds"] for name in EXPERIMENTS}
    write_provenance(folder, seconds=sum(seconds.values()), details={"stages": seconds, "measured": details})


def read_stage(build: Path, name: str) -> dict[str, Any]:
    """Read what an experiment has written.

    Raises:
        RepriseError: it has not run, or its file is damaged.
    """
    file = build / f"{name}.json"
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RepriseError(f"{shown(file)}: cannot be read ({error}); run `dvc repro` in papers/surco") from None


def _part(experiment: str, part: str) -> Any:
    return importlib.import_module(f"papers.surco.{experiment}.{part}")
