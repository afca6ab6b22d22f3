"""Experiments 1 and 3: four objectives, two score models, two optimizers, on graphs that are enumerated."""

from typing import Any

from common.choices import Compute
from common.parallel import run_all
from papers.solution_samplers.small_graphs.jobs import ControlJob, TrainJob, control, train
from papers.solution_samplers.small_graphs.settings import SmallGraphs

PRELOAD = ("papers.solution_samplers.small_graphs.work",)


def run(settings: SmallGraphs, compute: Compute) -> dict[str, Any]:
    """Train every sampler of every sweep, and solve the same graphs without learning.

    Args:
        settings: the section `small_graphs` of params.yaml.
        compute: worker processes and their threads.

    Returns:
        `settings`; `sweeps`: one entry per objective and learning rate with its `runs`, one per graph seed (see
        `work.train`); `controls`, one per graph seed (see `work.control`); `seconds` of all descents, by sweep.
    """
    arms = [
        (name, objective, rate)
        for name, sweep in settings.sweeps.items()
        for rate in sweep.learning_rates
        for objective in sweep.objectives
    ]
    seeds = settings.graph_seeds
    jobs = [TrainJob(settings, name, seed, objective, rate) for name, objective, rate in arms for seed in seeds]
    _compile_kernels(settings)
    use = {"workers": compute.workers, "threads": compute.threads, "preload": PRELOAD}
    found = run_all(train, jobs, label="small graphs", **use)
    controls = run_all(control, [ControlJob(settings, seed) for seed in seeds], label="small graphs: controls", **use)
    seconds = dict.fromkeys(settings.sweeps, 0.0)
    sweeps = {name: [] for name in settings.sweeps}
    for index, (name, objective, rate) in enumerate(arms):
        runs = found[index * len(seeds) : (index + 1) * len(seeds)]
        seconds[name] += sum(one.pop("seconds") for one in runs)
        sweeps[name].append({"objective": objective, "learning_rate": rate, "runs": runs})
    return {
        "settings": settings.model_dump(mode="json"),
        "sweeps": sweeps,
        "controls": controls,
        "seconds": seconds,
    }


def _compile_kernels(settings: SmallGraphs) -> None:
    """Fill numba's cache before any worker starts.

    What is compiled in a process rounds differently, in the last digit, from the same kernel read from the cache: a
    first run and a second would not give the same bytes.
    """
    from papers.solution_samplers.small_graphs import work  # noqa: PLC0415  (imports torch and numba)

    method = settings.method.model_copy(update={"iterations": 1})
    for sweep in {sweep.scores: sweep for sweep in settings.sweeps.values()}.values():
        sweeps = {"tiny": sweep.model_copy(update={"graphs": 1})}
        tiny = {"vertices": 7, "keep_every": 1, "method": method, "sweeps": sweeps}
        work.train(TrainJob(settings.model_copy(update=tiny), "tiny", 0, "both", 0.1))
