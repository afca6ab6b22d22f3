"""What each job of the sharding experiment does. Results are JSON values; latencies are in ms, per run and instance.

Shape suffixes: B instances, S runs or starts, T tables, D devices, N = T D.
"""

import time
from typing import Any

import numpy as np
import torch
from torch import Tensor

from papers.surco.sharding import classical as heuristics
from papers.surco.sharding import cost_network
from papers.surco.sharding import prediction as direct
from papers.surco.sharding.ablation import ablation, controls, gradients
from papers.surco.sharding.cost_network import CostNetwork
from papers.surco.sharding.genetic import genetic
from papers.surco.sharding.jobs import Job
from papers.surco.sharding.learning import learned
from papers.surco.sharding.placement import cheapest
from papers.surco.sharding.recording import prepared, problem_of, random_starts, search_from, weights_of
from papers.surco.sharding.settings import Variant
from papers.surco.sharding.tasks import Tasks, draw

PLACED, ELSEWHERE = 0.25, 0.75
"""Costs of the device that the greedy placement takes, and of the others, where SurCo-zero starts from it."""


def cost(job: Job) -> dict[str, Any]:
    """Train the cost network of a source, and another on the other half's measurements, which judges placements."""
    settings = job.settings.cost
    devices = next(one.devices for one in job.settings.settings.values() if one.source == job.name)
    train, test = (cost_network.read_measured(job.name, half, devices) for half in ("train", "test"))
    model, judge = CostNetwork(settings.seed), CostNetwork(settings.seed + 1)
    start = time.perf_counter()
    losses = cost_network.train(model, train, settings, devices, settings.seed)
    cost_network.train(judge, test, settings, devices, settings.seed + 1)
    seconds = time.perf_counter() - start
    random = np.random.default_rng(settings.seed + 2)
    seen_BD, held_out_BD = (one.placements(settings.tested, devices, random) for one in (train, test))
    held_out_B = cost_network.errors(model, test, held_out_BD)
    measured_B = test.latency(held_out_BD)
    return {
        "networks": {"model": weights_of(model), "judge": weights_of(judge)},
        "errors": {
            "train": cost_network.errors(model, train, seen_BD).tolist(),
            "held_out": held_out_B.tolist(),
            "additive": cost_network.additive_errors(train, test, held_out_BD).tolist(),
            "judge": cost_network.errors(judge, test, held_out_BD).tolist(),
        },
        "measured": measured_B.tolist(),
        "predicted": (measured_B * (1 + held_out_B / 100)).tolist(),
        "losses": losses,
        "about": train.about,
        "seconds": seconds,
    }


def classical(job: Job) -> dict[str, Any]:
    """Heuristics, local search, random search and PyGAD."""
    model, tasks, record = prepared(job)
    record.run("dim_greedy", lambda _: heuristics.dim_greedy(tasks), once=True)
    record.run("size_greedy", lambda _: heuristics.size_greedy(tasks), once=True)
    record.run("lookup_greedy", lambda _: heuristics.lookup_greedy(tasks), once=True)
    greedy_BN = record.run("cost_greedy", lambda _: heuristics.cost_greedy(tasks, model), once=True)
    steps = job.settings.search_steps
    record.run("local_search", lambda _: heuristics.local_search(greedy_BN, tasks, model, steps), once=True)

    def random(seed: int) -> Tensor:
        return heuristics.random_search(tasks, model, job.settings.random, torch.Generator().manual_seed(seed))

    record.run("random", random, once=True)

    def evolve(seed: int) -> Tensor:
        ones = (tasks[torch.tensor([row])] for row in range(len(tasks)))
        return torch.cat([genetic(one, model, job.settings.genetic, seed) for one in ones])

    record.run("genetic", evolve, once=True)
    return record.result


def zero(job: Job) -> dict[str, Any]:
    """One variant of SurCo-zero."""
    model, tasks, record = prepared(job)
    variant = job.settings.variants[job.method]
    outcomes = []

    def search(seed: int) -> Tensor:
        u_SBN = starts(variant, tasks, model, seed)
        outcomes.append(search_from(problem_of(model), tasks, u_SBN, variant.differentiation, variant.search, seed))
        return outcomes[-1].x_BN

    record.run(job.method, search)
    method = record.result["methods"][job.method]
    method["calls"] = _mean([outcome.calls_B for outcome in outcomes])
    method["moved"] = [outcome.moved_SB.double().mean().item() for outcome in outcomes]
    method["separable"] = [tasks.fits(cheapest(outcome.costs_BN, tasks)).double().mean().item() for outcome in outcomes]
    method["curve"] = torch.stack([outcome.best_TSB.amin(1).mean(1) for outcome in outcomes]).tolist()
    return record.result


def prediction(job: Job) -> dict[str, Any]:
    """Direct prediction: accuracies and feasibility of each head, and the latency of what is placed iteratively."""
    model, tasks, record = prepared(job)
    settings, seed = job.settings, job.seeds[0]
    train_tasks = draw(settings.settings[job.name], job.tables, "train", settings.train, settings.task_seed)
    labels_BN, truth_BN = (
        direct.canonical(
            heuristics.local_search(heuristics.cost_greedy(some, model), some, model, settings.search_steps), some
        )
        for some in (train_tasks, tasks)
    )
    scores = {}
    for head in direct.HEADS:
        network = direct.train(head, train_tasks, labels_BN, settings.prediction, seed)
        predicted_BN = direct.predict(head, network, tasks)
        scores[head] = _accuracy((predicted_BN > 0.5).float(), truth_BN, tasks)
    placed_BN, fits_B = direct.iterative(predicted_BN, tasks)
    scores["iterative"] = _accuracy(placed_BN, truth_BN, tasks) | {"feasible": fits_B.double().tolist()}
    record.run("iterative", lambda _: placed_BN, once=True)
    return record.result | {"prediction": scores}


def starts(variant: Variant, tasks: Tasks, model: CostNetwork, seed: int) -> Tensor:
    """Free parameters u [S, B, N]: of costs U(0, 1) as released, or of costs whose cheapest placement is greedy's."""
    u_SBN = random_starts(variant.starts, tasks, seed)
    if variant.start == "uniform":
        return u_SBN
    greedy_BN = heuristics.cost_greedy(tasks, model)
    # a little noise, since equal costs of all other devices would leave ties to the solver
    return (torch.where(greedy_BN > 0, PLACED, ELSEWHERE) + 0.1 * (u_SBN.sigmoid() - 0.5)).logit()


def _accuracy(x_BN: Tensor, truth_BN: Tensor, tasks: Tasks) -> dict[str, list[float]]:
    return {
        "variables": (x_BN == truth_BN).double().mean(1).tolist(),
        "solutions": (x_BN == truth_BN).all(1).double().tolist(),
        "feasible": direct.is_placement(x_BN, tasks).double().tolist(),
    }


def _mean(counts: list[Tensor]) -> float:
    return torch.stack(counts).double().mean().item()


PARTS = {
    "cost": cost,
    "classical": classical,
    "zero": zero,
    "learned": learned,
    "prediction": prediction,
    "ablation": ablation,
    "controls": controls,
    "gradients": gradients,
}
"""Kind of a job -> function of the job."""
