"""`python -m papers.adaptive_optimizers STAGE [SELECTOR]`: the stages of dvc.yaml. Hyperparameters: params.yaml."""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common.errors import one_line_errors
from common.parallel import run_all
from common.scratch import Scratch, write_json
from papers.adaptive_optimizers import jobs
from papers.adaptive_optimizers.settings import HERE, Params, read_params


def sweep(params: Params, workload: str) -> None:
    """Learning rates of every optimizer on one workload."""
    todo = [jobs.SweepJob(params, workload, optimizer) for optimizer in params.optimizers]
    results, seconds = _run(jobs.sweep, todo, params, f"sweep {workload}")
    chosen = dict(zip(params.optimizers, results, strict=True))
    _write(params, f"sweep/{workload}.json", {"optimizers": chosen, "seconds": seconds})


def train(params: Params, workload: str) -> None:
    """Final runs of every optimizer, convention and seed on one workload."""
    chosen = json.loads((build(params) / f"sweep/{workload}.json").read_text(encoding="utf-8"))["optimizers"]
    todo = [
        jobs.TrainJob(params, workload, optimizer, convention, seed, chosen[optimizer]["best"])
        for seed in params.seeds
        for optimizer in params.optimizers
        for convention in params.conventions
    ]
    results, seconds = _run(jobs.train, todo, params, f"train {workload}", preload="papers.adaptive_optimizers.train")
    runs = [
        {"optimizer": job.optimizer, "convention": job.convention, "seed": job.seed, **result}
        for job, result in zip(todo, results, strict=True)
    ]
    _write(params, f"train/{workload}.json", {"runs": runs, "seconds": seconds})


def lecture(params: Params, width: str) -> None:
    """The lecture's six optimizers at one width."""
    todo = [jobs.LectureJob(params.lecture, int(width), optimizer) for optimizer in params.lecture.optimizers]
    results, seconds = _run(jobs.lecture, todo, params, f"lecture, width {width}")
    compared = dict(zip(params.lecture.optimizers, results, strict=True))
    _write(params, f"lecture/{width}.json", {"optimizers": compared, "seconds": seconds})


def controls(params: Params) -> None:
    """Untrained copies and classical methods."""
    from papers.adaptive_optimizers.controls import all_controls  # noqa: PLC0415  (imports scikit-learn)

    _write(params, "controls.json", all_controls(params))


def costs(params: Params) -> None:
    """Memory and time of one step of each optimizer."""
    from papers.adaptive_optimizers.costs import step_costs  # noqa: PLC0415  (imports torch)

    _write(params, "costs.json", step_costs(params.optimizers, params.step_timing))


def results(params: Params) -> None:
    """Metrics, figures and provenance of this scale."""
    from papers.adaptive_optimizers.results import write_results  # noqa: PLC0415  (imports matplotlib)

    write_results(params, build(params), HERE / "results" / params.scale)


STAGES = {stage.__name__: stage for stage in (sweep, train, lecture, controls, costs, results)}


def build(params: Params) -> Path:
    """The folder of this scale's intermediate files."""
    return HERE / "build" / params.scale


def _run(
    function: Callable, todo: Sequence[Any], params: Params, label: str, preload: str = "torch"
) -> tuple[list[Any], float]:
    """Run all jobs and forget what was kept in case of an interruption: results in order, and seconds."""
    start = time.monotonic()
    compute = params.compute
    results = run_all(function, todo, workers=compute.workers, threads=compute.threads, label=label, preload=[preload])
    Scratch(todo[0].stage).clear()
    return results, time.monotonic() - start


def _write(params: Params, name: str, value: Any) -> None:
    write_json(build(params) / name, value)


@one_line_errors
def main() -> None:
    """Run the stage that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m papers.adaptive_optimizers", description=__doc__)
    parser.add_argument("stage", choices=STAGES, help="a stage of dvc.yaml")
    parser.add_argument("selector", nargs="*", help="sweep, train: a workload; lecture: a width")
    chosen = parser.parse_args()
    STAGES[chosen.stage](read_params(), *chosen.selector)


if __name__ == "__main__":
    main()
