"""The experiment: every method on every instance, for every seed, as gaps to the best known solution."""

from dataclasses import dataclass, field
from typing import Any

from common.choices import Compute
from common.config import ROOT, read_yaml
from common.parallel import run_all
from common.scratch import Scratch, run_key
from papers.solution_samplers.best_known.cuts import cut_methods, measure_cut
from papers.solution_samplers.best_known.settings import BestKnown
from papers.solution_samplers.best_known.tours import measure_tour, tour_methods
from papers.solution_samplers.tsplib import read_tsplib

PACKAGE = "papers.solution_samplers"
MODULES = tuple(
    f"{PACKAGE}.{name}"
    for name in (
        "best_known",
        "classical",
        "graph_net",
        "graphs",
        "large_graphs",
        "objective",
        "samplers",
        "scores",
        "tsplib",
    )
)
PRELOAD = (f"{PACKAGE}.best_known.run", f"{PACKAGE}.graph_net")
PUBLISHED = ROOT / "data" / "gset" / "published.yaml"


@dataclass(frozen=True)
class Job:
    """One method on one instance.

    Attributes:
        settings: of the experiment.
        kind: "cuts" or "tours".
        instance: its name in G-set or in TSPLIB.
        method: as `cut_methods` and `tour_methods` name it.
        seed: of the start and of all draws.
    """

    settings: BestKnown = field(compare=False, repr=False)
    kind: str
    instance: str
    method: str
    seed: int


def run(settings: BestKnown, compute: Compute) -> dict[str, Any]:
    """Run the experiment.

    Args:
        settings: the section `best_known` of params.yaml.
        compute: processes and threads.

    Returns:
        `cuts` and `tours`: for each instance the best known value, the published ones, and for each method its gaps in
        per cent, one for each seed: of the best solution seen (`seen`) and, for cuts, of the best after 1-flip local
        search (`polished`).
    """
    plan = {
        "cuts": (settings.cuts.graphs, cut_methods(settings.cuts), settings.cuts.seeds),
        "tours": (settings.tours.instances, tour_methods(settings.tours), settings.tours.seeds),
    }
    jobs = [
        Job(settings, kind, instance, method, seed)
        for kind, (instances, methods, seeds) in plan.items()
        for instance in instances
        for method in methods
        for seed in seeds
    ]
    options = {"workers": compute.workers, "threads": compute.threads, "label": "best known", "preload": PRELOAD}
    done = dict(zip(jobs, run_all(work, jobs, **options), strict=True))
    published = read_yaml(PUBLISHED)["cuts"]
    known = {name: published[name] for name in settings.cuts.graphs}
    known |= {name: {"best": read_tsplib(name).optimum} for name in settings.tours.instances}
    found: dict[str, Any] = {kind: {} for kind in plan}
    seconds: dict[str, float] = {}
    for job, result in done.items():
        best = known[job.instance]["best"]
        entry = found[job.kind].setdefault(job.instance, {"published": known[job.instance], "methods": {}})
        gaps = entry["methods"].setdefault(job.method, {})
        for measure, value in result.items():
            if measure != "seconds":
                gaps.setdefault("seen" if measure == "length" else measure, []).append(100 * abs(best - value) / best)
        label = f"{job.instance}.{job.method}"
        seconds[label] = seconds.get(label, 0.0) + result["seconds"]
    return {"settings": settings.model_dump(mode="json"), **found, "seconds": seconds}


def work(job: Job) -> dict[str, Any]:
    """Do one job, unless its result is kept from a start that was broken off."""
    selectors = {name: value for name, value in vars(job).items() if name != "settings"}
    measure = measure_cut if job.kind == "cuts" else measure_tour
    key = run_key(job.settings, selectors, modules=MODULES)
    return Scratch("solution_samplers/best_known").once(
        key, lambda _: measure(job.settings, job.instance, job.method, job.seed)
    )
