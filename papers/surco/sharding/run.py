"""The sharding experiment: cost networks from the saved measurements, then all methods on all settings."""

from typing import Any

from common.choices import Compute, Seeds
from common.parallel import run_all
from papers.surco.sharding.jobs import cost_jobs, main_jobs, work
from papers.surco.sharding.settings import Sharding


def run(settings: Sharding, seeds: Seeds, compute: Compute) -> dict[str, Any]:
    """Run everything.

    Args:
        settings: of this experiment.
        seeds: of starts and of networks; the first `settings.runs` of them are used.
        compute: workers and threads.

    Returns:
        costs: source -> errors of the cost network and of the judge in %, losses, measured and predicted latencies.
        settings: name -> number of tables -> method -> latency, judged, fits [run][instance] and more.
        losses: name -> number of tables -> method -> [run][step].
        prediction: name -> number of tables -> head -> accuracies and feasibility per instance.
        ablation: name -> estimator or control -> as in settings; what tuning tried, and its best.
        gradients: name -> estimator -> norm and cosine to the blackbox gradient, per instance.
        seconds: what was measured on this machine, and where the latencies were.
    """
    how = {"workers": compute.workers, "threads": compute.threads, "preload": ["papers.surco.sharding.parts"]}
    first = cost_jobs(settings, seeds)
    costs = dict(zip((job.name for job in first), run_all(work, first, label="cost networks", **how), strict=True))
    networks = {source: one.pop("networks") for source, one in costs.items()}
    jobs = main_jobs(settings, seeds, networks)
    results = run_all(work, jobs, label="sharding", **how)
    data: dict[str, Any] = {"costs": costs, "gradients": {}, "seconds": {}}
    data |= {key: {name: {} for name in settings.settings} for key in ("settings", "losses", "prediction", "ablation")}
    for source, one in costs.items():
        data["seconds"] |= {f"cost.{source}": one.pop("seconds"), f"measured.{source}": one.pop("about")}
    for job, result in zip(jobs, results, strict=True):
        if job.kind == "gradients":
            data["gradients"][job.name] = result
            continue
        data["seconds"] |= {f"{job.name}.{job.tables}.{what}": s for what, s in result["seconds"].items()}
        if job.kind in ("ablation", "controls"):
            data["ablation"][job.name] |= result["methods"]
            continue
        size = f"t{job.tables}"
        _join(data["settings"][job.name].setdefault(size, {}), result["methods"])
        if "losses" in result:
            losses = data["losses"][job.name].setdefault(size, {})
            for method, values in result["losses"].items():
                losses.setdefault(method, []).append(values)
        if "prediction" in result:
            data["prediction"][job.name][size] = result["prediction"]
    return data


def _join(methods: dict[str, Any], more: dict[str, Any]) -> None:
    """Add the runs of jobs that differ in the seed alone to each other."""
    for name, one in more.items():
        if name in methods:
            for key in ("latency", "judged", "fits"):
                methods[name][key] += one[key]
        else:
            methods[name] = one
