"""`python -m papers.adaptive_optimizers STAGE [SELECTOR]`: the stages of dvc.yaml. Hyperparameters: params.yaml."""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common.claims import did_you_mean
from common.errors import RepriseError, one_line_errors
from common.parallel import run_all
from common.scratch import Scratch, write_json
from papers.adaptive_optimizers import jobs
from papers.adaptive_optimizers.runs import read_stage
from papers.adaptive_optimizers.settings import HERE, Params, read_params


def sweep(params: Params, workload: str) -> None:
    """Learning rates of every optimizer on one workload."""
    todo = [jobs.SweepJob(params, workload, optimizer) for optimizer in params.optimizers]
    with _finished(jobs.sweep, todo, params, f"sweep {workload}") as (results, seconds):
        chosen = dict(zip(params.optimizers, results, strict=True))
        _write(params, f"sweep/{workload}.json", {"optimizers": chosen, "seconds": seconds})


def train(params: Params, workload: str) -> None:
    """Final runs of every optimizer, convention and seed on one workload."""
    chosen = read_stage(build(params), "sweep", workload)["optimizers"]
    todo = [
        jobs.TrainJob(params, workload, optimizer, convention, seed, chosen[optimizer]["best"])
        for seed in params.seeds
        for optimizer in params.optimizers
        for convention in params.conventions
    ]
    preload = "papers.adaptive_optimizers.train"
    with _finished(jobs.train, todo, params, f"train {workload}", preload) as (results, seconds):
        runs = [
            {"optimizer": job.optimizer, "convention": job.convention, "seed": job.seed, **result}
            for job, result in zip(todo, results, strict=True)
        ]
        _write(params, f"train/{workload}.json", {"runs": runs, "seconds": seconds})


def lecture(params: Params, width: str) -> None:
    """The lecture's six optimizers at one width."""
    todo = [jobs.LectureJob(params.lecture, int(width), optimizer) for optimizer in params.lecture.optimizers]
    with _finished(jobs.lecture, todo, params, f"lecture, width {width}") as (results, seconds):
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


@contextmanager
def _finished(
    function: Callable, todo: Sequence[Any], params: Params, label: str, preload: str = "torch"
) -> Iterator[tuple[list[Any], float]]:
    """Run all jobs; yield the results in order, and seconds. Once they are written, forget what was kept of them."""
    start = time.monotonic()
    compute = params.compute
    results = run_all(function, todo, workers=compute.workers, threads=compute.threads, label=label, preload=[preload])
    yield results, time.monotonic() - start
    Scratch(todo[0].stage).clear()


def _write(params: Params, name: str, value: Any) -> None:
    write_json(build(params) / name, value)


def _checked(params: Params, stage: str, selector: str | None) -> list[str]:
    """Return the selector as the arguments of its stage, or say which there are."""
    workloads, widths = list(params.workloads), [str(width) for width in params.lecture.seeds]
    known = {"sweep": workloads, "train": workloads, "lecture": widths}.get(stage)
    if known is None:
        if selector is not None:
            raise RepriseError(f"{stage} takes no selector (got {selector!r})")
        return []
    if selector not in known:
        wrong = "needs a selector" if selector is None else f"has no {selector!r}{did_you_mean(selector, known)}"
        raise RepriseError(f"{stage} {wrong} (known: {', '.join(known)})")
    return [selector]


@one_line_errors
def main() -> None:
    """Run the stage that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m papers.adaptive_optimizers", description=__doc__)
    parser.add_argument("stage", choices=STAGES, help="a stage of dvc.yaml")
    parser.add_argument("selector", nargs="?", help="sweep, train: a workload; lecture: a width")
    chosen = parser.parse_args()
    params = read_params()
    STAGES[chosen.stage](params, *_checked(params, chosen.stage, chosen.selector))


if __name__ == "__main__":
    main()
