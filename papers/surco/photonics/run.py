"""The photonics experiment: tune on training instances, learn from them, test on others."""

from typing import Any

import numpy as np

from common.choices import Compute, Seeds
from common.parallel import run_all
from papers.surco.photonics.jobs import PREDICTED, Job, work
from papers.surco.photonics.settings import Photonics

MUTATIONS = ("random", "swap", "inversion", "scramble")
"""Of PyGAD; those that the paper lists."""

SEARCHES = (
    "pass_through", "surco_zero", "surco_hybrid", "straight_zero", "straight_hybrid", "nearest_hybrid", "restarts"
)  # fmt: skip
"""Methods that simulate design after design."""


def run(settings: Photonics, seeds: Seeds, compute: Compute) -> dict[str, Any]:
    """Run everything.

    Args:
        settings: of this experiment.
        seeds: the first starts everything; what is repeated are the instances.
        compute: workers and threads.

    Returns:
        sweep: setting -> device -> results on its training instances; chosen: the best setting's name.
        training: device -> network -> losses of its epochs.
        devices: device -> results on each test instance.
        searches: the methods that simulate design after design; steps: how many at most.
        genetic: kind of mutation -> unpaintable pixels of the first and the last generation.
        seconds: what was measured on this machine.
    """
    seed = seeds[0]
    tuning = [
        Job("tune", settings, seed, device, index)
        for device, counts in settings.devices.items()
        for index in range(counts.train)
    ]
    evolving = [Job("genetic", settings, seed, mutation) for mutation in MUTATIONS]
    results = _all(tuning + evolving, compute, "photonics: tuning")
    tuned, evolved = results[: len(tuning)], results[len(tuning) :]
    sweep: dict[str, dict[str, list]] = {}
    designs: dict[str, list[str]] = {}
    for job, result in zip(tuning, tuned, strict=True):
        designs.setdefault(job.name, []).append(result["pass_through"]["design"])
        for name, one in result["sweep"].items():
            sweep.setdefault(name, {}).setdefault(job.name, []).append(one)
    chosen = best_setting({name: sweep[name] for name in settings.sweep.settings(settings.steps)})
    zero = settings.sweep.settings(settings.steps)[chosen].model_dump(mode="json")
    learning = [
        Job("learn", settings, seed, device, given={"zero": zero, "designs": designs[device]})
        for device in settings.devices
    ]
    learned = {
        job.name: result for job, result in zip(learning, _all(learning, compute, "photonics: learning"), strict=True)
    }
    testing = [
        Job("test", settings, seed, device, index, given={
            "zero": zero,
            "designs": designs[device],
            "predictions": {name: texts[index] for name, texts in learned[device]["predictions"].items()},
        })
        for device, counts in settings.devices.items()
        for index in range(counts.test)
    ]  # fmt: skip
    tested: dict[str, list] = {device: [] for device in settings.devices}
    for job, result in zip(testing, _all(testing, compute, "photonics: testing"), strict=True):
        tested[job.name].append(result)
    seconds = {}
    for device, many in tested.items():
        measured = [one.pop("seconds") for one in many]
        seconds |= {f"{device}.{name}": float(np.median([one[name] for one in measured])) for name in measured[0]}
        learning_seconds = learned[device]["seconds"]
        prediction = learning_seconds.pop("prediction")
        for name in (*PREDICTED, "direct", "direct_painted"):
            seconds[f"{device}.{name}"] += prediction
        seconds |= {f"{device}.{name}": value for name, value in learning_seconds.items()}
    return {
        "sweep": sweep,
        "chosen": chosen,
        "training": {device: learned[device]["losses"] for device in settings.devices},
        "devices": tested,
        "genetic": dict(zip(MUTATIONS, evolved, strict=True)),
        "searches": list(SEARCHES),
        "steps": settings.steps,
        "seconds": seconds,
    }


def best_setting(sweep: dict[str, dict[str, list]]) -> str:
    """Return the setting with the most successes, and among those that with the least loss (geometric mean)."""

    def score(name: str) -> tuple[int, float]:
        results = [result for many in sweep[name].values() for result in many]
        met = sum(result["met_after"] is not None for result in results)
        return met, -float(np.mean(np.log([result["loss"] for result in results])))

    return max(sweep, key=score)


def _all(jobs: list[Job], compute: Compute, label: str) -> list[Any]:
    preload = ["papers.surco.photonics.parts"]
    return run_all(work, jobs, workers=compute.workers, threads=compute.threads, label=label, preload=preload)
