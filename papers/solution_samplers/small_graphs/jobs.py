"""The units of work that go to worker processes. Light to import: a worker loads what it needs."""

from dataclasses import dataclass
from typing import Any

from common.scratch import Scratch, run_key
from papers.solution_samplers.small_graphs.settings import SmallGraphs

PAPER = "papers.solution_samplers"
MODULES = (
    "common.ensembles.rules",
    "common.optimizers",
    *(f"{PAPER}.{name}" for name in ("classical", "graphs", "objective", "scores")),
    *(
        f"{PAPER}.small_graphs.{name}"
        for name in ("enumeration", "kernels", "linear", "net", "tables", "training", "work")
    ),
)
"""What the results rest on."""


@dataclass(frozen=True)
class TrainJob:
    """One objective with one learning rate on the graphs of one seed."""

    settings: SmallGraphs
    sweep: str
    graph_seed: int
    objective: str
    learning_rate: float


@dataclass(frozen=True)
class ControlJob:
    """The untrained samplers and the classical methods on the graphs of one seed."""

    settings: SmallGraphs
    graph_seed: int


def train(job: TrainJob) -> dict[str, Any]:
    """See `work.train`."""
    from papers.solution_samplers.small_graphs import work  # noqa: PLC0415  (a worker imports torch, not we)

    settings = job.settings
    key = run_key(
        settings.model_dump(mode="json", exclude={"sweeps", "graph_seeds", "controls"}),
        settings.sweeps[job.sweep].model_dump(mode="json", exclude={"learning_rates", "reference_rate", "objectives"}),
        job.graph_seed, job.objective, job.learning_rate,
        modules=MODULES,
    )  # fmt: skip
    return _scratch().once(key, lambda _: work.train(job))


def control(job: ControlJob) -> dict[str, Any]:
    """See `work.control`."""
    from papers.solution_samplers.small_graphs import work  # noqa: PLC0415  (a worker imports torch, not we)

    settings = job.settings.model_dump(mode="json", exclude={"graph_seeds"})
    return _scratch().once(run_key("controls", settings, job.graph_seed, modules=MODULES), lambda _: work.control(job))


def _scratch() -> Scratch:
    return Scratch("solution_samplers/small_graphs")
