"""The units of work of the photonics experiment. Light to import: a worker loads what its own job needs."""

from dataclasses import dataclass, field
from typing import Any, Literal

from common.scratch import Scratch, run_key
from papers.surco.photonics.settings import Photonics

MODULES = tuple(
    f"papers.surco.{name}"
    for name in (
        "choices", "estimators", "method", "problem", "runs", "photonics.brush", "photonics.devices",
        "photonics.encoding", "photonics.genetic", "photonics.jobs", "photonics.methods", "photonics.networks",
        "photonics.parts", "photonics.pictures", "photonics.problem", "photonics.simulator",
    )
)  # fmt: skip

PREDICTED = ("surco_prior", "normalised_prior", "straight_prior", "untrained", "normalised_untrained")
"""Methods that paint predicted costs."""


@dataclass(frozen=True)
class Job:
    """One part of the experiment.

    Attributes:
        kind: a function of `papers.surco.photonics.parts`.
        settings: of the experiment.
        seed: of everything that is random but the instances.
        name: a device, or for the genetic algorithm a kind of mutation.
        index: number of the instance, where one job does one of them.
        given: results of earlier jobs, as JSON values.
    """

    kind: Literal["tune", "learn", "test", "genetic"]
    settings: Photonics
    seed: int
    name: str
    index: int = 0
    given: dict[str, Any] = field(default_factory=dict)


def work(job: Job) -> Any:
    """Do the job, or take its result from the scratch folder where a run that was stopped has left it."""
    from papers.surco.photonics import parts  # noqa: PLC0415  (imports torch, numba and ceviche)

    key = run_key(job.settings, job.seed, job.kind, job.name, job.index, job.given, modules=MODULES)
    return Scratch("surco/photonics").once(key, lambda _: getattr(parts, job.kind)(job))
