"""All runs of REINFORCE on the environments, in worker processes."""

from typing import Any

from common.choices import Compute
from common.parallel import run_all
from papers.solution_samplers.reinforce.jobs import Job, work
from papers.solution_samplers.reinforce.settings import Reinforce


def run(settings: Reinforce, compute: Compute) -> dict[str, Any]:
    """Train every policy and score it, its untrained copy and the classical methods.

    Args:
        settings: the section `reinforce` of params.yaml.
        compute: workers and threads.

    Returns:
        By problem: `size`, `samples`, `seeds`, and lists in the order of the seeds: `trained` by objective,
        `controls`; see `papers.solution_samplers.reinforce.training`. And `seconds` of the jobs.
    """
    keys = [(problem, objective) for problem, task in settings.tasks.items() for objective in (*task.objectives, None)]
    jobs = [Job(settings, *key, seed, compute.threads) for key in keys for seed in settings.seeds]
    found = run_all(
        work,
        jobs,
        workers=compute.workers,
        threads=compute.threads,
        label="reinforce",
        preload=["papers.solution_samplers.reinforce.training"],
    )
    results: dict[tuple[str, str | None], list[dict[str, Any]]] = {key: [] for key in keys}
    seconds = {}
    for job, result in zip(jobs, found, strict=True):
        seconds[f"{job.problem} {job.objective or 'controls'} {job.seed}"] = result.pop("seconds")
        results[job.problem, job.objective].append(result)
    problems = {
        problem: {
            "size": task.size,
            "trained": {objective: results[problem, objective] for objective in task.objectives},
            "controls": results[problem, None],
        }
        for problem, task in settings.tasks.items()
    }
    return {"samples": settings.samples, "problems": problems, "seconds": seconds}
