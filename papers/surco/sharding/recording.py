"""What the jobs of the sharding experiment share: instances, networks, and what is noted of every method.

Shape suffixes: B instances, S starts, N variables.
"""

import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from papers.surco.choices import Differentiation, Search
from papers.surco.errors import VanishingGradient
from papers.surco.estimators import make
from papers.surco.method import surco_zero
from papers.surco.problem import Problem
from papers.surco.runs import Outcome
from papers.surco.sharding.cost_network import CostNetwork
from papers.surco.sharding.jobs import Job, Weights
from papers.surco.sharding.placement import relaxation, solve
from papers.surco.sharding.tasks import Tasks, draw


class Record:
    """Latencies by the model and by the judge, and seconds, of every method that ran."""

    def __init__(self, job: Job, tasks: Tasks) -> None:
        self.seeds, self.tasks = job.seeds, tasks
        self.model, self.judge = (network_of(job.networks[name]) for name in ("model", "judge"))
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


def prepared(job: Job, count: int | None = None) -> tuple[CostNetwork, Tasks, Record]:
    """The cost network, the test instances (the first `count` of them) and where to record."""
    settings = job.settings
    tasks = draw(settings.settings[job.name], job.tables, "test", count or settings.test, settings.task_seed + 1)
    record = Record(job, tasks)
    return record.model, tasks, record


def problem_of(model: CostNetwork) -> Problem:
    """The problem as SurCo's methods want it."""
    return Problem(solve=solve, objective=model, relaxation=relaxation)


def network_of(weights: Weights) -> CostNetwork:
    """The cost network with these weights, which stay as they are."""
    network = CostNetwork(0)
    network.load_state_dict({name: torch.tensor(values) for name, values in weights.items()})
    return network.requires_grad_(False)


def weights_of(network: CostNetwork) -> Weights:
    """The weights as JSON values."""
    return {name: values.tolist() for name, values in network.state_dict().items()}


def random_starts(starts: int, tasks: Tasks, seed: int) -> Tensor:
    """Draw free parameters u [S, B, N] whose costs, sigmoid(u), are uniform between zero and one."""
    shape = (starts, len(tasks), tasks.tables * tasks.devices)
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)).clamp(1e-4, 1 - 1e-4).logit()


def search_from(
    problem: Problem, tasks: Tasks, u_SBN: Tensor, chosen: Differentiation, search: Search, seed: int
) -> Outcome:
    """SurCo-zero from u [S, B, N], with the estimator's noise seeded."""
    return quiet(surco_zero, problem, tasks, u_SBN, make(chosen, seed), search, tasks.names())


def quiet(function: Callable, *arguments: Any) -> Any:
    """Call without the warning that nothing moves: runs that have arrived stand still."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VanishingGradient)
        return function(*arguments)
