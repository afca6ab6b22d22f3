"""The experiment: choose learning rates on the tuning graphs, then run every arm, its controls and the lines."""

import warnings
from statistics import fmean
from typing import Any

from common.choices import Compute
from common.parallel import run_all
from common.scratch import Scratch, run_key
from papers.solution_samplers.large_graphs.experiment import Lines, Run, measure_lines, measure_run
from papers.solution_samplers.large_graphs.settings import LargeGraphs
from papers.solution_samplers.samplers.diagnostics import MOST_R_HAT, MixingWarning

PACKAGE = "papers.solution_samplers"
MODULES = tuple(
    f"{PACKAGE}.{name}"
    for name in ("classical", "graph_net", "graphs", "large_graphs", "objective", "samplers", "scores")
)
PRELOAD = (f"{PACKAGE}.large_graphs.experiment", f"{PACKAGE}.graph_net")

Key = tuple[int, str, str]
"""Degree, arm and objective."""


def run(settings: LargeGraphs, compute: Compute) -> dict[str, Any]:
    """Run the experiment.

    Args:
        settings: the section `large_graphs` of params.yaml.
        compute: processes and threads.

    Returns:
        For each degree the arms, each with its `rates`, its `tuning` and its `runs`, and the `lines`. A run is called
        after its objective, at the learning rate tuned for it; under `shared_rate` all objectives have that of `both`.
    """
    tuned, rates = _tune(settings, compute)
    finals = [Run(settings, *key, rate) for key, rate in rates.items()]
    shared = [Run(settings, *key, rates[*key[:2], "both"]) for key in rates]
    lines = [Lines(settings, degree) for degree in settings.degrees]
    jobs = list(dict.fromkeys([*finals, *shared, *_controls(settings), *lines]))
    done = tuned | _do(jobs, compute, "large graphs")
    _warn_of_stuck_chains({job: done[job] for job in jobs if isinstance(job, Run)})
    return {
        "settings": settings.model_dump(mode="json"),
        "degrees": {
            str(degree): {
                "arms": {name: _arm(settings, degree, name, rates, done) for name in settings.arms},
                "lines": done[Lines(settings, degree)]["cuts"],
            }
            for degree in settings.degrees
        },
        "seconds": {_label(job): result["seconds"] for job, result in done.items()},
    }


def _tune(settings: LargeGraphs, compute: Compute) -> tuple[dict[Run, dict[str, Any]], dict[Key, float]]:
    """Try every learning rate where there are several; return these runs, and the rate of every arm and objective."""
    grids = _grids(settings)
    trials = {
        key: [Run(settings, *key, rate, tuning=True) for rate in grid] for key, grid in grids.items() if len(grid) > 1
    }
    tuned = _do([job for jobs in trials.values() for job in jobs], compute, "large graphs: tuning")
    best = {key: max(jobs, key=lambda job: fmean(tuned[job]["expected"])).rate for key, jobs in trials.items()}
    return tuned, {key: grid[0] for key, grid in grids.items()} | best


def work(job: Run | Lines) -> dict[str, Any]:
    """Do one job, unless its result is kept from a start that was broken off."""
    selectors = {name: value for name, value in vars(job).items() if name != "settings"}
    key = run_key(job.settings, selectors, modules=MODULES)
    measure = measure_run if isinstance(job, Run) else measure_lines
    return Scratch("solution_samplers/large_graphs").once(key, lambda _: measure(job))


def _do(jobs: list[Any], compute: Compute, label: str) -> dict[Any, dict[str, Any]]:
    if not jobs:
        return {}
    options = {"workers": compute.workers, "threads": compute.threads, "label": label, "preload": PRELOAD}
    return dict(zip(jobs, run_all(work, jobs, **options), strict=True))


def _grids(settings: LargeGraphs) -> dict[Key, tuple[float, ...]]:
    return {
        (degree, name, objective): rates
        for degree in settings.degrees
        for name, arm in settings.arms.items()
        for objective, rates in arm.learning_rates.items()
    }


def _controls(settings: LargeGraphs) -> list[Run]:
    """Every arm untrained; and the chains of the linear arms on the known optimum, without learning."""
    return [
        Run(settings, degree, name, rule)
        for degree in settings.degrees
        for name, arm in settings.arms.items()
        for rule in ("untrained", *(["known_optimum"] if arm.model == "linear" else []))
    ]


def _arm(
    settings: LargeGraphs, degree: int, name: str, rates: dict[Key, float], done: dict[Any, Any]
) -> dict[str, Any]:
    objectives = settings.arms[name].learning_rates
    shared = rates[degree, name, "both"]
    return {
        "rates": {objective: rates[degree, name, objective] for objective in objectives},
        "tuning": {
            objective: {
                f"{rate:g}": done[job]["expected"]
                for rate in grid
                if (job := Run(settings, degree, name, objective, rate, tuning=True)) in done
            }
            for objective, grid in objectives.items()
        },
        "runs": {o: _kept(done[Run(settings, degree, name, o, rates[degree, name, o])]) for o in objectives}
        | {job.rule: _kept(done[job]) for job in _controls(settings) if (job.degree, job.arm) == (degree, name)},
        "shared_rate": {o: _kept(done[Run(settings, degree, name, o, shared)]) for o in objectives},
    }


def _warn_of_stuck_chains(results: dict[Run, dict[str, Any]]) -> None:
    """Say how many runs end with chains that do not mix: their expected cuts are means over stuck chains."""
    stuck = [job for job, result in results.items() if max(row[-1] for row in result["r_hat"]) > MOST_R_HAT]
    if stuck:
        message = (
            f"large graphs: the chains of {len(stuck)} of {len(results)} runs do not mix in the last stage of lambda"
        )
        warnings.warn(f"{message} (R-hat of the cut above {MOST_R_HAT})", MixingWarning, stacklevel=3)


def _kept(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name != "seconds"}


def _label(job: Run | Lines) -> str:
    if isinstance(job, Lines):
        return f"d{job.degree}.lines"
    rate = "" if job.rate is None else f" at {job.rate:g}"
    return f"d{job.degree}.{job.arm}.{job.rule}{rate}{' tuning' if job.tuning else ''}"
