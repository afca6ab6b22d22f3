"""The jobs that compare gradient estimators in SurCo-zero. See `papers.surco.sharding.parts`.

Shape suffixes: B instances, S starts, N variables.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from papers.surco.choices import Differentiation, Search
from papers.surco.estimators import make
from papers.surco.problem import Oracle
from papers.surco.runs import Outcome
from papers.surco.sharding import classical as heuristics
from papers.surco.sharding.cost_network import CostNetwork
from papers.surco.sharding.jobs import Job
from papers.surco.sharding.recording import prepared, problem_of, random_starts, search_from
from papers.surco.sharding.settings import Ablation, solver_calls
from papers.surco.sharding.tasks import Tasks, draw


def ablation(job: Job) -> dict[str, Any]:
    """One estimator: every strength and learning rate on training instances, the best of them on the tests'."""
    settings = job.settings.ablation
    model, tasks, record = prepared(job, settings.tasks)
    tuning = draw(job.settings.settings[job.name], job.tables, "train", settings.tuning, job.settings.task_seed)
    tried = []
    for chosen, rate in _choices(settings, settings.estimators[job.method]):
        latency = _searched(settings, chosen, rate, tuning, model, job.seeds[0]).values_B.mean().item()
        tried.append({"strength": chosen.strength, "learning_rate": rate, "latency": latency})
    best = min(range(len(tried)), key=lambda index: tried[index]["latency"])
    chosen, rate = list(_choices(settings, settings.estimators[job.method]))[best]
    outcomes = []

    def searched(seed: int) -> Tensor:
        outcomes.append(_searched(settings, chosen, rate, tasks, model, seed))
        return outcomes[-1].x_BN

    record.run(job.method, searched)
    calls = torch.stack([outcome.calls_B for outcome in outcomes]).double().mean().item()
    record.result["methods"][job.method] |= {"calls": calls, "tried": tried, "best": tried[best]}
    return record.result


def controls(job: Job) -> dict[str, Any]:
    """What needs no gradient, on the same instances: greedy, local search, and as many random linear problems."""
    settings = job.settings.ablation
    model, tasks, record = prepared(job, settings.tasks)
    greedy_BN = record.run("cost_greedy", lambda _: heuristics.cost_greedy(tasks, model), once=True)
    steps = job.settings.search_steps
    record.run("local_search", lambda _: heuristics.local_search(greedy_BN, tasks, model, steps), once=True)

    def random(seed: int) -> Tensor:
        return heuristics.random_search(tasks, model, settings.calls, torch.Generator().manual_seed(seed))

    record.run("random", random)
    return record.result


def _choices(settings: Ablation, given: Differentiation) -> Iterator[tuple[Differentiation, float]]:
    """All strengths and learning rates that an estimator is tuned over; the identity has no strength."""
    for factor in (1.0,) if given.estimator == "identity" else settings.factors:
        for rate in settings.learning_rates:
            yield given.model_copy(update={"strength": factor * given.strength}), rate


def _searched(
    settings: Ablation, chosen: Differentiation, rate: float, tasks: Tasks, model: CostNetwork, seed: int
) -> Outcome:
    """SurCo-zero from random costs, with as many steps as the solver calls allow."""
    steps = max(1, settings.calls // solver_calls(chosen.estimator, chosen.samples))
    search = Search(
        link=settings.link, learning_rate=rate, betas=settings.betas, steps=steps, patience=steps, warn_after=steps
    )
    return search_from(problem_of(model), tasks, random_starts(1, tasks, seed), chosen, search, seed)


def gradients(job: Job) -> dict[str, Any]:
    """Gradients of all estimators at the same random costs: their norm, and their cosine to the blackbox one."""
    model, tasks, _ = prepared(job, job.settings.ablation.tasks)
    generator = torch.Generator().manual_seed(job.seeds[0])
    costs_BN = torch.rand(len(tasks), tasks.tables * tasks.devices, generator=generator, dtype=torch.float64)
    oracle = Oracle(problem_of(model), tasks)
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
