"""The units of work of the routes experiment. Light to import: a worker loads what its own job needs."""

from dataclasses import dataclass
from typing import Any, Literal

from common.scratch import Scratch, run_key
from papers.surco.routes.settings import RoutePlanning

MODULES = tuple(
    f"papers.surco.{name}"
    for name in (
        "estimators", "method", "polytope", "problem", "runs", "choices", "routes.cpsat", "routes.exact",
        "routes.genetic", "routes.instances", "routes.minlp", "routes.networks", "routes.parametric", "routes.parts",
        "routes.shortest",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One part of the experiment.

    Attributes:
        kind: a function of `papers.surco.routes.parts`.
        settings: of the experiment.
        seeds: of the starts.
        name: what the part is about, such as a table or an estimator.
        index: number of an instance or a seed, where one job does one of them.
    """

    kind: Literal["table", "ablation", "prior", "scip", "cpsat", "genetic_edges", "genetic_costs"]
    settings: RoutePlanning
    seeds: tuple[int, ...]
    name: str
    index: int = 0


def work(job: Job) -> Any:
    """Do the job, or take its result from the scratch folder where a run that was stopped has left it."""
    from papers.surco.routes import parts  # noqa: PLC0415  (imports torch, numba and the solvers)

    key = run_key(job.settings, list(job.seeds), job.kind, job.name, job.index, modules=MODULES)
    return Scratch("surco/routes").once(key, lambda _: getattr(parts, job.kind)(job))


def all_jobs(settings: RoutePlanning, seeds: tuple[int, ...]) -> list[Job]:
    """Every part of the experiment, long ones first."""
    limited, deadlines = settings.limited, len(settings.deadlines.factors())
    jobs = [
        Job("scip", settings, seeds, name, instance)
        for name, scip in limited.scip.items()
        for instance in range(scip.graphs * deadlines)
    ]
    for kind in ("cpsat", "genetic_edges", "genetic_costs"):
        count = getattr(limited, kind).graphs * deadlines
        jobs += [Job(kind, settings, seeds, limited.table, instance) for instance in range(count)]
    jobs += [Job("ablation", settings, seeds, name) for name in settings.ablation.grids]
    jobs += [Job("table", settings, seeds, name) for name in settings.tables]
    jobs += [Job("prior", settings, seeds, settings.prior.table, seed) for seed in seeds]
    return jobs
