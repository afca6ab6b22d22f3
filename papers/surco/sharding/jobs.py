"""The units of work of the sharding experiment. Light to import: a worker loads what its own job needs."""

from dataclasses import dataclass, field
from typing import Any, Literal

from common.scratch import Scratch, run_key
from papers.surco.sharding.settings import Sharding

MODULES = tuple(
    f"papers.surco.{name}"
    for name in (
        "estimators", "method", "polytope", "problem", "runs", "choices", "sharding.ablation", "sharding.classical",
        "sharding.cost_network", "sharding.dreamshard", "sharding.environment", "sharding.genetic",
        "sharding.latency", "sharding.learning", "sharding.networks", "sharding.parts", "sharding.placement",
        "sharding.prediction", "sharding.recording", "sharding.tables", "sharding.tasks",
    )
)  # fmt: skip

Weights = dict[str, list]
"""Of a network: name of a parameter -> its values."""


@dataclass(frozen=True)
class Job:
    """One part of the experiment.

    Attributes:
        kind: a key of `papers.surco.sharding.parts.PARTS`.
        settings: of the experiment.
        seeds: of starts and networks.
        name: of the setting; of the source, for the cost networks.
        tables: of an instance.
        method: what the job is about, where jobs of one kind differ in it.
        networks: "model" and "judge" -> weights of the setting's cost networks; they follow from the settings.
    """

    kind: Literal["cost", "classical", "zero", "learned", "prediction", "gradients", "ablation", "controls"]
    settings: Sharding
    seeds: tuple[int, ...]
    name: str
    tables: int = 0
    method: str = ""
    networks: dict[str, Weights] = field(default_factory=dict)


def work(job: Job) -> Any:
    """Do the job, or take its result from the scratch folder where a run that was stopped has left it."""
    from papers.surco.sharding.parts import PARTS  # noqa: PLC0415  (imports torch and the solvers)

    key = run_key(job.settings, list(job.seeds), job.kind, job.name, job.tables, job.method, modules=MODULES)
    return Scratch("surco/sharding").once(key, lambda _: PARTS[job.kind](job))


def cost_jobs(settings: Sharding, seeds: tuple[int, ...]) -> list[Job]:
    """Cost networks of all sources that are in use; the other jobs need them."""
    sources = dict.fromkeys(setting.source for setting in settings.settings.values())
    return [Job("cost", settings, seeds, source) for source in sources]


def main_jobs(settings: Sharding, seeds: tuple[int, ...], costs: dict[str, dict[str, Weights]]) -> list[Job]:
    """Every other part, long ones first."""
    seeds = seeds[: settings.runs]
    jobs = []
    sizes = [(name, tables) for name, one in settings.settings.items() for tables in one.tables]
    for name, tables in sorted(sizes, key=lambda size: -size[1]):
        networks = costs[settings.settings[name].source]
        jobs += [Job("learned", settings, (seed,), name, tables, "", networks) for seed in seeds]
        jobs += [Job("zero", settings, seeds, name, tables, variant, networks) for variant in settings.variants]
        jobs += [Job(kind, settings, seeds, name, tables, "", networks) for kind in ("classical", "prediction")]
    for name in settings.ablation.settings:
        networks, tables = costs[settings.settings[name].source], settings.ablation.tables
        jobs += [Job("ablation", settings, seeds, name, tables, one, networks) for one in settings.ablation.estimators]
        jobs += [Job(kind, settings, seeds, name, tables, "", networks) for kind in ("controls", "gradients")]
    return jobs
