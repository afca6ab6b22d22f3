"""The units of work that go to worker processes. Light to import: a worker loads what its own part needs."""

from dataclasses import dataclass
from typing import Any

from common.scratch import Scratch, run_key
from papers.solution_samplers.reinforce.settings import Reinforce

PAPER = "papers.solution_samplers"
STAGE = "solution_samplers/reinforce"
PARTS = ("classical", "exact", "module", "policy", "policy_gradient", "rollout", "training", "views")
"""The modules of this package that decide a result."""


@dataclass(frozen=True)
class Job:
    """One policy on one environment: trained with an objective, or None for its untrained copy and the classics."""

    settings: Reinforce
    problem: str
    objective: str | None
    seed: int
    threads: int


def work(job: Job) -> dict[str, Any]:
    """See `papers.solution_samplers.reinforce.training`."""
    from papers.solution_samplers.reinforce import training  # noqa: PLC0415  (imports Lightning)

    part = training.controls if job.objective is None else training.train
    key = run_key(
        job.settings.model_dump(mode="json", exclude={"seeds", "tasks"}),
        job.settings.tasks[job.problem].model_dump(mode="json", exclude={"objectives"}),
        job.problem, job.objective or "controls", job.seed,
        modules=("common.batches", "common.recorder", "common.training", f"{PAPER}.classical", f"{PAPER}.environments",
                 f"{PAPER}.graphs", f"{PAPER}.objective", f"{PAPER}.tsplib",
                 *(f"{PAPER}.reinforce.{name}" for name in PARTS)),
    )  # fmt: skip
    return Scratch(STAGE).once(key, lambda run_dir: part(job, run_dir))
