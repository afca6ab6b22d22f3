"""What each job of the sharding experiment does. Results are JSON values; latencies are in ms, per run and instance.

Shape suffixes: B instances, S runs or starts, T tables, D devices, N = T D.
"""

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from papers.surco.choices import Differentiation, Search
from papers.surco.errors import VanishingGradient
from papers.surco.estimators import make
from papers.surco.method import surco_hybrid, surco_prior, surco_zero, train_prior
from papers.surco.problem import Oracle, Problem
from papers.surco.sharding import classical as heuristics
from papers.surco.sharding import cost_network, dreamshard
from papers.surco.sharding import prediction as direct
from papers.surco.sharding.cost_network import CostNetwork
from papers.surco.sharding.genetic import genetic
from papers.surco.sharding.jobs import Job, Weights
from papers.surco.sharding.networks import ContextPrior, ReleasedPrior
from papers.surco.sharding.placement import cheapest, relaxation, solve
from papers.surco.sharding.settings import Variant, solver_calls
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
        "networks": {"model": _weights(model), "judge": _weights(judge)},
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
    model, tasks, record = _prepared(job)
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
    model, tasks, record = _prepared(job)
    variant = job.settings.variants[job.method]
    outcomes = []

    def search(seed: int) -> Tensor:
        u_SBN = starts(variant, tasks, model, seed)
        outcomes.append(_zero(_problem(model), tasks, u_SBN, variant.differentiation, variant.search, seed))
        return outcomes[-1].x_BN

    record.run(job.method, search)
    method = record.result["methods"][job.method]
    method["calls"] = _mean([outcome.calls_B for outcome in outcomes])
    method["moved"] = [outcome.moved_SB.double().mean().item() for outcome in outcomes]
    method["separable"] = [tasks.fits(cheapest(outcome.costs_BN, tasks)).double().mean().item() for outcome in outcomes]
    method["curve"] = torch.stack([outcome.best_TSB.amin(1).mean(1) for outcome in outcomes]).tolist()
    return record.result


def learned(job: Job) -> dict[str, Any]:
    """SurCo-prior and SurCo-hybrid before and after training, and DreamShard, with one seed."""
    model, tasks, record = _prepared(job)
    (seed,) = job.seeds
    train_tasks = draw(job.settings.settings[job.name], job.tables, "train", job.settings.train, job.settings.task_seed)
    problem = _problem(model)
    losses, seconds = {}, {}
    for name, prior in job.settings.priors.items():
        if name == "prior":
            network = ContextPrior(prior.hidden, tasks.devices, seed, model)
        else:
            network = ReleasedPrior(prior.hidden, tasks.devices, seed)
        link, hybrid = prior.search.link, name.replace("prior", "hybrid")

        def predicted(_: int, network=network, link=link) -> Tensor:
            return surco_prior(problem, tasks, network, link, tasks.names())[0]

        def searched(seed: int, network=network, prior=prior) -> Tensor:
            return _quiet(
                surco_hybrid, problem, tasks, network, make(prior.hybrid, seed), prior.search, tasks.names()
            ).x_BN

        record.run(f"untrained_{name}", predicted)
        record.run(f"untrained_{hybrid}", searched)
        start = time.perf_counter()
        estimator = make(prior.differentiation, seed)
        losses[name] = _quiet(
            train_prior, problem, train_tasks, network, estimator, link, prior.training, seed, train_tasks.names()
        )
        seconds[f"training.{name}"] = time.perf_counter() - start
        record.run(name, predicted)
        record.run(hybrid, searched)
    policy = dreamshard.Policy(model, seed)
    record.run("untrained_dreamshard", lambda _: _played(policy, tasks))
    start = time.perf_counter()
    losses["dreamshard"] = dreamshard.train(policy, train_tasks, job.settings.dreamshard, seed)
    seconds["training.dreamshard"] = time.perf_counter() - start
    record.run("dreamshard", lambda _: _played(policy, tasks))
    record.result["losses"] = losses
    record.result["seconds"] |= seconds
    return record.result


def prediction(job: Job) -> dict[str, Any]:
    """Direct prediction: accuracies and feasibility of each head, and the latency of what is placed iteratively."""
    model, tasks, record = _prepared(job)
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


def ablation(job: Job) -> dict[str, Any]:
    """One estimator in SurCo-zero, with the ablation's number of solver calls."""
    model, tasks, record = _prepared(job, job.settings.ablation.tasks)
    chosen = job.settings.ablation.estimators[job.method]
    steps = max(1, job.settings.ablation.calls // solver_calls(chosen.estimator, chosen.samples))
    search = job.settings.ablation.search.model_copy(update={"steps": steps, "patience": steps, "warn_after": steps})
    variant = Variant(start="uniform", starts=1, differentiation=chosen, search=search)
    outcomes = []

    def searched(seed: int) -> Tensor:
        outcomes.append(_zero(_problem(model), tasks, starts(variant, tasks, model, seed), chosen, search, seed))
        return outcomes[-1].x_BN

    record.run(job.method, searched)
    record.result["methods"][job.method]["calls"] = _mean([outcome.calls_B for outcome in outcomes])
    return record.result


def gradients(job: Job) -> dict[str, Any]:
    """Gradients of all estimators at the same random costs: their norm, and their cosine to the blackbox one."""
    model, tasks, _ = _prepared(job, job.settings.ablation.tasks)
    generator = torch.Generator().manual_seed(job.seeds[0])
    costs_BN = torch.rand(len(tasks), tasks.tables * tasks.devices, generator=generator, dtype=torch.float64)
    oracle = Oracle(_problem(model), tasks)
    rows_B = torch.arange(len(tasks))
    bound, found = oracle.bound(rows_B), {}
    for name, chosen in job.settings.ablation.estimators.items():
        estimator = make(chosen, job.seeds[0])
        forward = estimator.solve(costs_BN, bound)
        _, slopes_KBN = oracle.value_and_slope(forward.x_KBN, rows_B)
        found[name] = estimator.gradient(costs_BN, forward, slopes_KBN, bound)
    reference_BN = found["blackbox"]
    return {
        name: {
            "norm": gradient_BN.norm(dim=1).tolist(),
            "cosine": torch.nn.functional.cosine_similarity(gradient_BN, reference_BN, dim=1, eps=1e-30).tolist(),
        }
        for name, gradient_BN in found.items()
    }


def starts(variant: Variant, tasks: Tasks, model: CostNetwork, seed: int) -> Tensor:
    """Free parameters u [S, B, N]: of costs U(0, 1) as released, or of costs whose cheapest placement is greedy's."""
    shape = (variant.starts, len(tasks), tasks.tables * tasks.devices)
    costs_SBN = torch.rand(shape, generator=torch.Generator().manual_seed(seed))
    if variant.start == "greedy":
        greedy_BN = heuristics.cost_greedy(tasks, model)
        # a little noise, since equal costs of all other devices would leave ties to the solver
        costs_SBN = torch.where(greedy_BN > 0, PLACED, ELSEWHERE) + 0.1 * (costs_SBN - 0.5)
    return costs_SBN.clamp(1e-4, 1 - 1e-4).logit()


class _Record:
    """Latencies by the model and by the judge, and seconds, of every method that ran."""

    def __init__(self, job: Job, tasks: Tasks) -> None:
        self.seeds, self.tasks = job.seeds, tasks
        self.model, self.judge = (_network(job.networks[name]) for name in ("model", "judge"))
        self.result = {"methods": {}, "seconds": {}}

    def run(self, name: str, method: Callable[[int], Tensor], once: bool = False) -> Tensor:
        """Run the method with every seed, or with the first one only; return its last placements."""
        seeds = self.seeds[:1] if once else self.seeds
        start = time.perf_counter()
        found = [method(seed) for seed in seeds]
        self.result["seconds"][name] = (time.perf_counter() - start) / len(seeds)
        with torch.no_grad():
            self.result["methods"][name] = {
                "latency": [self.model(x_BN, self.tasks).tolist() for x_BN in found],
                "judged": [self.judge(x_BN, self.tasks).tolist() for x_BN in found],
                "fits": [self.tasks.fits(x_BN).double().tolist() for x_BN in found],
            }
        return found[-1]


def _prepared(job: Job, count: int | None = None) -> tuple[CostNetwork, Tasks, _Record]:
    """The cost network, the test instances (the first `count` of them) and where to record."""
    settings = job.settings
    tasks = draw(settings.settings[job.name], job.tables, "test", count or settings.test, settings.task_seed + 1)
    record = _Record(job, tasks)
    return record.model, tasks, record


def _problem(model: CostNetwork) -> Problem:
    return Problem(solve=solve, objective=model, relaxation=relaxation)


def _network(weights: Weights) -> CostNetwork:
    network = CostNetwork(0)
    network.load_state_dict({name: torch.tensor(values) for name, values in weights.items()})
    return network.requires_grad_(False)


def _weights(network: CostNetwork) -> Weights:
    return {name: values.tolist() for name, values in network.state_dict().items()}


def _zero(problem: Problem, tasks: Tasks, u_SBN: Tensor, chosen: Differentiation, search: Search, seed: int) -> Any:
    return _quiet(surco_zero, problem, tasks, u_SBN, make(chosen, seed), search, tasks.names())


def _quiet(function: Callable, *arguments: Any) -> Any:
    """Call without the warning that nothing moves: runs that have arrived stand still."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VanishingGradient)
        return function(*arguments)


def _played(policy: dreamshard.Policy, tasks: Tasks) -> Tensor:
    with torch.no_grad():
        return policy.play(tasks, None)[0]


def _accuracy(x_BN: Tensor, truth_BN: Tensor, tasks: Tasks) -> dict[str, list[float]]:
    return {
        "variables": (x_BN == truth_BN).double().mean(1).tolist(),
        "solutions": (x_BN == truth_BN).all(1).double().tolist(),
        "feasible": direct.is_placement(x_BN, tasks).double().tolist(),
    }


def _mean(counts: list[Tensor]) -> float:
    return torch.stack(counts).double().mean().item()
