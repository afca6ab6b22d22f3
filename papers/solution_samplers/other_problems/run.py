"""The parts of experiment 5 as jobs of worker processes. Light to import: a worker loads what its own part needs."""

import time
from dataclasses import dataclass
from typing import Any

from common.choices import Compute
from common.parallel import run_all
from common.scratch import Scratch, run_key
from papers.solution_samplers.other_problems.settings import OtherProblems

PAPER = "papers.solution_samplers"
OPTIMIZERS = ("gd", "adam")
OBJECTIVES = ("vanilla", "mixture", "entropy", "both")


@dataclass(frozen=True)
class Job:
    """One part of the experiment.

    Attributes:
        settings: of all the experiment.
        part: a function of `PARTS`.
        selectors: its other arguments.
    """

    settings: OtherProblems
    part: str
    selectors: tuple[str | int, ...] = ()


def run(settings: OtherProblems, compute: Compute) -> dict[str, Any]:
    """Run all parts.

    Returns:
        Each part's results in nested mappings by selector, the `settings`, and the `seconds` that each part took.
    """
    jobs = _jobs(settings)
    results = run_all(
        work, jobs, workers=compute.workers, threads=compute.threads, label="other problems",
        preload=("torch", f"{PAPER}.other_problems.exact"),
    )  # fmt: skip
    found: dict[str, Any] = {"settings": settings.model_dump(mode="json"), "seconds": {}}
    for job, result in zip(jobs, results, strict=True):
        node, (*groups, last) = found, (job.part, *map(str, job.selectors))
        for group in groups:
            node = node.setdefault(group, {})
        node[last] = result["value"]
        found["seconds"][job.part] = found["seconds"].get(job.part, 0.0) + result["seconds"]
    return found


def work(job: Job) -> dict[str, Any]:
    """Do one job, or take its result from an earlier start that was interrupted."""
    key = run_key(
        job.settings, job.part, list(job.selectors),
        modules=("common.ensembles.rules", "common.optimizers", f"{PAPER}.objective", f"{PAPER}.graphs",
                 f"{PAPER}.problems", f"{PAPER}.other_problems"),
    )  # fmt: skip
    return Scratch("solution_samplers/other_problems").once(key, lambda _: _timed(job))


def _timed(job: Job) -> dict[str, Any]:
    from papers.solution_samplers.other_problems.parts import PARTS  # noqa: PLC0415  (a worker imports torch, not we)

    start = time.perf_counter()
    value = PARTS[job.part](job.settings, *job.selectors)
    return {"value": value, "seconds": time.perf_counter() - start}


def _jobs(settings: OtherProblems) -> list[Job]:
    """List the jobs, the longest first."""
    exact, quasar = settings.exact, settings.quasar
    arms = [(optimizer, objective) for optimizer in exact.rates for objective in OBJECTIVES]
    return [
        *(Job(settings, "exact", (name, *arm)) for name in exact.sizes for arm in arms),
        *(Job(settings, "prior", (seed,)) for seed in settings.prior.seeds),
        *(Job(settings, "quasar", (name, kind)) for name in quasar.objectives for kind in quasar.initial_sds),
        *(Job(settings, "controls", (name,)) for name in exact.sizes),
        *(Job(settings, "completeness", (name,)) for name in exact.sizes),
        *(Job(settings, "constants", (name, size)) for name, sizes in settings.constants.items() for size in sizes),
        Job(settings, "double_star"),
    ]
