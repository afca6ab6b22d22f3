"""`python -m papers.surco STAGE`: the stages of dvc.yaml. Hyperparameters: params.yaml."""

import argparse
import importlib
import time
from pathlib import Path

from common.errors import one_line_errors
from common.scratch import Scratch, write_json
from papers.surco.settings import EXPERIMENTS, HERE, Params, read_params


def experiment(params: Params, name: str) -> None:
    """Run one experiment and write its file; what it kept of an unfinished run is forgotten then."""
    run = importlib.import_module(f"papers.surco.{name}.run").run
    start = time.monotonic()
    data = run(getattr(params, name), params.seeds, params.compute)
    write_json(build(params) / f"{name}.json", {"data": data, "wall_seconds": time.monotonic() - start})
    Scratch(f"surco/{name}").clear()


def results(params: Params) -> None:
    """Metrics, figures and provenance of this scale."""
    from papers.surco.results import write_results  # noqa: PLC0415  (imports matplotlib)

    write_results(build(params), HERE / "results" / params.scale)


def build(params: Params) -> Path:
    """The folder of this scale's intermediate files."""
    return HERE / "build" / params.scale


@one_line_errors
def main() -> None:
    """Run the stage that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m papers.surco", description=__doc__)
    parser.add_argument("stage", choices=[*EXPERIMENTS, "results"], help="a stage of dvc.yaml")
    stage = parser.parse_args().stage
    params = read_params()
    if stage == "results":
        results(params)
    else:
        experiment(params, stage)


if __name__ == "__main__":
    main()
