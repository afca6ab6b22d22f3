"""The jobs with learned methods: SurCo-prior, SurCo-hybrid and DreamShard. See `papers.surco.sharding.parts`."""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from papers.surco.estimators import make
from papers.surco.method import surco_hybrid, surco_prior, train_prior, train_prior_lambda
from papers.surco.runs import LINKS
from papers.surco.sharding import classical as heuristics
from papers.surco.sharding import dreamshard
from papers.surco.sharding.cost_network import CostNetwork
from papers.surco.sharding.jobs import Job
from papers.surco.sharding.networks import ContextPrior, ReleasedPrior
from papers.surco.sharding.recording import Record, prepared, problem_of, quiet
from papers.surco.sharding.settings import Prior
from papers.surco.sharding.tasks import Tasks, draw


def learned(job: Job) -> dict[str, Any]:
    """SurCo-prior in all its kinds, SurCo-hybrid and DreamShard with one seed, before and after training."""
    settings = job.settings
    _, _, record = prepared(job)
    record.result["losses"] = {}
    train_tasks = draw(settings.settings[job.name], job.tables, "train", settings.train, settings.task_seed)
    for name in settings.priors:
        _learn_prior(name, job, record, train_tasks)
    _learn_jointly(job, record, train_tasks)
    _learn_dreamshard(job, record, train_tasks)
    return record.result


def _learn_prior(name: str, job: Job, record: Record, train_tasks: Tasks) -> None:
    """One kind of SurCo-prior, and what its network is used for besides."""
    prior, model, tasks, (seed,) = job.settings.priors[name], record.model, record.tasks, job.seeds
    if name == "prior":
        network = ContextPrior(prior.hidden, tasks.devices, seed, prior.spread, model)
    else:
        network = ReleasedPrior(prior.hidden, tasks.devices, seed, prior.spread)
    methods = _uses(name, prior, network, model, tasks, job.settings.search_steps)
    for method, place in methods.items():
        record.run(f"untrained_{method}", place)
    start = time.perf_counter()
    training = (make(prior.differentiation, seed), prior.search.link, prior.training, seed, train_tasks.names())
    record.result["losses"][name] = quiet(train_prior, problem_of(model), train_tasks, network, *training)
    record.result["seconds"][f"training.{name}"] = time.perf_counter() - start
    for method, place in methods.items():
        record.run(method, place)


def _learn_jointly(job: Job, record: Record, train_tasks: Tasks) -> None:
    """SurCo-prior-lambda; its untrained control is that of `prior`, whose network it has."""
    chosen, model, tasks, (seed,) = job.settings.prior_lambda, record.model, record.tasks, job.seeds
    network, problem = ContextPrior(chosen.hidden, tasks.devices, seed, chosen.spread, model), problem_of(model)
    start = time.perf_counter()
    how = (make(chosen.differentiation, seed), chosen.search, chosen.weight, chosen.learning_rate)
    quiet(train_prior_lambda, problem, train_tasks, network, *how, train_tasks.names())
    record.result["seconds"]["training.prior_lambda"] = time.perf_counter() - start
    record.run("prior_lambda", lambda _: surco_prior(problem, tasks, network, chosen.search.link, tasks.names())[0])


def _learn_dreamshard(job: Job, record: Record, train_tasks: Tasks) -> None:
    tasks, (seed,) = record.tasks, job.seeds
    policy = dreamshard.Policy(record.model, seed)
    record.run("untrained_dreamshard", lambda _: _played(policy, tasks))
    start = time.perf_counter()
    record.result["losses"]["dreamshard"] = dreamshard.train(policy, train_tasks, job.settings.dreamshard, seed)
    record.result["seconds"]["training.dreamshard"] = time.perf_counter() - start
    record.run("dreamshard", lambda _: _played(policy, tasks))


def _uses(
    name: str, prior: Prior, network: nn.Module, model: CostNetwork, tasks: Tasks, steps: int
) -> dict[str, Callable[[int], Tensor]]:
    """What a prior's network is used for: one linear problem, the hybrid, and what the released code deploys."""
    problem, link = problem_of(model), prior.search.link

    def predicted(_: int) -> Tensor:
        return surco_prior(problem, tasks, network, link, tasks.names())[0]

    def searched(seed: int) -> Tensor:
        estimator = make(prior.hybrid, seed)
        return quiet(surco_hybrid, problem, tasks, network, estimator, prior.search, tasks.names()).x_BN

    def deployed(_: int) -> Tensor:
        with torch.no_grad():
            costs_BN = LINKS[link](network(tasks))
        return heuristics.deployed_as_released(costs_BN, tasks, model, steps)

    return {name: predicted} | ({"hybrid": searched} if name == "prior" else {f"{name}_deployed": deployed})


def _played(policy: dreamshard.Policy, tasks: Tasks) -> Tensor:
    with torch.no_grad():
        return policy.play(tasks, None)[0].placements()
