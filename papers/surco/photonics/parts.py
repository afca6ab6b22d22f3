"""The parts of the photonics experiment, as jobs for worker processes; each returns JSON values."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch

from papers.surco import estimators, method
from papers.surco.photonics import brush, devices, methods, pictures
from papers.surco.photonics import genetic as evolution
from papers.surco.photonics.devices import Instance
from papers.surco.photonics.encoding import decoded, encoded, packed, summary, unpacked
from papers.surco.photonics.jobs import PREDICTED, Job
from papers.surco.photonics.networks import DesignNetwork, train_direct
from papers.surco.photonics.problem import Laboratory, Record
from papers.surco.photonics.settings import Photonics, Zero
from papers.surco.problem import Problem

BLACKBOX = ("surco_zero", "surco_hybrid")
"""Methods that solve twice for each simulation; others solve once."""


def instances(settings: Photonics, device: str) -> tuple[list[Instance], list[Instance]]:
    """Draw the training and the test instances of a device; none is in both."""
    counts = settings.devices[device]
    drawn = devices.draw(device, counts.train + counts.test, settings.instance_seed)
    return drawn[: counts.train], drawn[counts.train :]


def genetic(job: Job) -> dict[str, Any]:
    """PyGAD with one kind of mutation, on the smallest design."""
    first, design = evolution.search((40, 40), job.name, job.settings.genetic, job.seed)
    return {"first": first, "last": int(evolution.unpaintable(design[None])[0]), "blank": brush.blank(design)}


def tune(job: Job) -> dict[str, Any]:
    """Pass-through on one training instance, for its design; and the sweep of SurCo-zero, on the first of them."""
    settings = job.settings
    instance = instances(settings, job.name)[0][job.index]
    laboratory = Laboratory()
    laboratory.simulator(instance)
    passed = methods.pass_through(laboratory, instance, settings.pass_through, settings.steps, job.seed)
    result = {"pass_through": summary(passed, settings.steps) | {"design": packed(passed.best)}, "sweep": {}}
    if job.name in settings.sweep.devices and job.index < settings.sweep.instances:
        for name, zero in settings.sweep.settings(settings.steps).items():
            start_N = methods.draw_start(instance, zero.start, job.seed)
            record = methods.surco_zero(laboratory, instance, start_N, zero, job.seed)
            result["sweep"][name] = summary(record, settings.steps)
    return result


def learn(job: Job) -> dict[str, Any]:
    """Train the priors, and the network that predicts designs; predict for the test instances."""
    settings = job.settings
    train, test = instances(settings, job.name)
    laboratory = Laboratory()
    for instance in train:
        laboratory.simulator(instance)
    predictions = {
        "untrained": _predicted(DesignNetwork(settings.network, job.seed), test),
        "normalised_untrained": _predicted(DesignNetwork(settings.network, job.seed, settings.rms), test),
    }
    losses, seconds = {}, {}
    plain, zero = laboratory.problem(), Zero.model_validate(job.given["zero"])
    for name, rms, problem, how, training in (
        ("surco_prior", None, plain, zero, settings.training),
        ("normalised_prior", settings.rms, plain, zero, settings.training),
        ("straight_prior", settings.rms, _logarithmic(plain), settings.straight, settings.straight_training),
    ):
        network = DesignNetwork(settings.network, job.seed, rms)
        start = time.perf_counter()
        losses[name] = method.train_prior(
            problem, train, network, estimators.make(how.differentiation, job.seed), how.search.link, training,
            job.seed, [instance.name for instance in train],
        )  # fmt: skip
        seconds[f"{name}.training"] = time.perf_counter() - start
        start = time.perf_counter()
        predictions[name] = _predicted(network, test)
        seconds["prediction"] = (time.perf_counter() - start) / len(test)
    network = DesignNetwork(settings.network, job.seed)
    designs_BN = torch.from_numpy(np.stack([unpacked(text, train[0]) for text in job.given["designs"]]))
    losses["direct"] = train_direct(network, train, designs_BN, settings.direct, job.seed)
    predictions["direct"] = _predicted(network, test)
    return {"predictions": predictions, "losses": losses, "seconds": seconds}


def _logarithmic(problem: Problem) -> Problem:
    """Take the logarithm of the loss, whose slopes differ by four decades between a first and a last design."""
    return replace(problem, objective=lambda x_BN, instances_B: problem.objective(x_BN, instances_B).log1p())


def test(job: Job) -> dict[str, Any]:
    """All methods on one test instance."""
    settings = job.settings
    instance = instances(settings, job.name)[1][job.index]
    laboratory = Laboratory(settings.keep if job.index == 0 else ())
    laboratory.simulator(instance)
    result: dict[str, Any] = {"methods": {}, "designs": {}, "kept": {}, "seconds": {}}
    predictions = {name: torch.from_numpy(decoded(text)) for name, text in job.given["predictions"].items()}
    for name, search in _searches(job, laboratory, instance, predictions).items():
        start = time.perf_counter()
        record = search()
        result["seconds"][name] = time.perf_counter() - start
        _enter(result, name, record, settings, work=len(record.losses) * (3 if name in BLACKBOX else 2))
    for name, make in _singles(job, instance, predictions).items():
        start = time.perf_counter()
        design_N = make()
        result["seconds"][name] = time.perf_counter() - start
        laboratory.problem()
        laboratory.simulate(design_N, instance)
        _enter(result, name, laboratory.records[instance], settings, work=1)
    for name, design in result["designs"].items():
        pixels = unpacked(design, instance).reshape(instance.shape)
        result["methods"][name] |= {"feasible": brush.feasible(pixels), "blank": brush.blank(pixels)}
    target_N, direct_N = (unpacked(result["designs"][name], instance) for name in ("pass_through", "direct"))
    result["direct_accuracy"] = float((target_N == direct_N).mean())
    if job.index == 0:
        best = min(result["methods"], key=lambda name: result["methods"][name]["loss"])
        picture = pictures.take(instance, unpacked(result["designs"][best], instance), settings.spectrum)
        result["picture"] = {"method": best} | picture
    return result


def _searches(
    job: Job, laboratory: Laboratory, instance: Instance, predictions: dict[str, torch.Tensor]
) -> dict[str, Callable[[], Record]]:
    """Methods that simulate design after design."""
    settings, seed = job.settings, job.seed
    searches = {
        "pass_through": partial(
            methods.pass_through, laboratory, instance, settings.pass_through, settings.steps, seed
        ),
        "restarts": partial(methods.random_restarts, laboratory, instance, settings.steps, settings.smoothness, seed),
    }
    for family, zero in (("surco", Zero.model_validate(job.given["zero"])), ("straight", settings.straight)):
        starts = {
            "zero": methods.draw_start(instance, zero.start, seed),
            "hybrid": predictions[f"{family}_prior"],
        }
        for name, start_N in starts.items():
            search = partial(methods.surco_zero, laboratory, instance, start_N, zero, seed)
            searches[f"{family}_{name}"] = search
    start_N = torch.from_numpy(settings.known * (1 - 2 * _known(job, instance)))
    searches["nearest_hybrid"] = partial(methods.surco_zero, laboratory, instance, start_N, settings.straight, seed)
    return searches


def _singles(job: Job, instance: Instance, predictions: dict[str, torch.Tensor]) -> dict[str, Callable[[], np.ndarray]]:
    """Methods that hand over one design, at the price of one solver call at most; it is simulated only to judge it."""

    def painted(costs_N: torch.Tensor) -> np.ndarray:
        return brush.solve(costs_N[None], [instance])[0].numpy()

    return {
        **{name: partial(painted, predictions[name].tanh()) for name in PREDICTED},
        "direct": lambda: (predictions["direct"] > 0).double().numpy(),
        "direct_painted": lambda: painted(-predictions["direct"]),
        "nearest": lambda: _known(job, instance),
    }


def _known(job: Job, instance: Instance) -> np.ndarray:
    """Return pass-through's design [N] for the most similar training instance."""
    train = instances(job.settings, job.name)[0]
    return unpacked(job.given["designs"][nearest(instance, train)], instance)


def _enter(result: dict[str, Any], name: str, record: Record, settings: Photonics, work: int) -> None:
    """Add what a method has done."""
    result["methods"][name] = summary(record, settings.steps) | {"powers": record.powers.tolist(), "work": work}
    result["designs"][name] = packed(record.best)
    result["kept"][name] = {str(step): packed(design) for step, design in record.kept.items()}


def nearest(instance: Instance, others: list[Instance]) -> int:
    """Return which of the others has the most similar sizes."""
    differences = np.array([other.sizes for other in others]) - np.array(instance.sizes)
    return int((differences.astype(float) ** 2).sum(1).argmin())


def _predicted(network: DesignNetwork, test: list[Instance]) -> list[str]:
    """Predict u of each instance, as text."""
    with torch.no_grad():
        return [encoded(u_N.numpy()) for u_N in network(test)]
