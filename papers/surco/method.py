"""SurCo-zero, -prior, -prior-lambda and -hybrid: Algorithms 1 to 4 of the paper.

All look for costs c such that the solution x(c) of the linear problem min_{x in Omega(y)} c . x has a low nonlinear
objective f(x; y). SurCo-zero searches for each instance on its own, SurCo-prior trains a network c(y; theta) on many,
SurCo-prior-lambda does both at once, and SurCo-hybrid starts the first from the second.

Costs are c = link(u): networks return u, and starts are given as u. Where the paper returns the last solution, these
return the best one seen.

Shape suffixes: B instances, S starts of each, N variables.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from papers.surco.choices import LinkName, Search, Training
from papers.surco.errors import InstancesFailed, SurcoError, VanishingGradient
from papers.surco.estimators import Estimator
from papers.surco.problem import Instances, Oracle, Problem, take
from papers.surco.runs import LINKS, Outcome, Penalty, Runs

Result = TypeVar("Result")
Names = Sequence[str] | None


def surco_zero(
    problem: Problem,
    instances: Instances,
    starts_SBN: Tensor,
    estimator: Estimator,
    search: Search,
    names: Names = None,
) -> Outcome:
    """Minimise f(x(c); y) over the costs c of every instance on its own (equations 2 and 4, Algorithm 1).

    Args:
        problem: solver and objective.
        instances: B of them.
        starts_SBN: u of every start and instance.
        estimator: of the gradient; see `papers.surco.estimators`.
        search: link, learning rate, steps and when to stop.
        names: of the instances, for messages; their numbers by default.

    Returns:
        The best solutions, and how the runs went. Faults of the call are `SurcoError`s. Where instances failed,
        `InstancesFailed` has this outcome for the others.
    """
    oracle = Oracle(problem, instances, names)
    return _checked(oracle, _descend(Runs(oracle, starts_SBN, search), estimator))


def surco_hybrid(
    problem: Problem,
    instances: Instances,
    network: nn.Module,
    estimator: Estimator,
    search: Search,
    names: Names = None,
) -> Outcome:
    """SurCo-zero from the costs that SurCo-prior's network predicts (Algorithm 4); see `surco_zero`."""
    with torch.no_grad():
        starts_SBN = network(instances)[None]
    return surco_zero(problem, instances, starts_SBN, estimator, search, names)


def surco_prior(
    problem: Problem, instances: Instances, network: nn.Module, link: LinkName, names: Names = None
) -> tuple[Tensor, Tensor]:
    """Solve one linear problem per instance, with the costs that a trained network predicts (Algorithm 3).

    Args:
        problem: solver and objective.
        instances: B of them.
        network: instances -> u [B, N].
        link: from u to costs.
        names: of the instances, for messages.

    Returns:
        Solutions [B, N] and their objectives [B]; where instances failed, `InstancesFailed` has them for the others.
    """
    oracle = Oracle(problem, instances, names)
    rows_B = torch.arange(len(instances))
    with torch.no_grad():
        x_BN = oracle.solve(LINKS[link](_predicted(network, instances)), rows_B)
    values_B, _ = oracle.value_and_slope(x_BN, rows_B)
    return _checked(oracle, (x_BN, values_B))


def train_prior(
    problem: Problem,
    instances: Instances,
    network: nn.Module,
    estimator: Estimator,
    link: LinkName,
    training: Training,
    seed: int,
    names: Names = None,
) -> list[float]:
    """Train the network on the sum of f(x(c(y; theta)); y) over instances y (equation 7, Algorithm 2).

    Args:
        problem: solver and objective.
        instances: to train on; neither labels nor solutions are needed.
        network: instances -> u [B, N]; changed in place.
        estimator: of the gradient.
        link: from u to costs.
        training: epochs, batch size and Adam's learning rate.
        seed: of the order of the instances.
        names: of the instances, for messages.

    Returns:
        Mean objective of the instances as met in each epoch. Where instances failed, `InstancesFailed` has this list,
        and the network is trained on the others.
    """
    oracle = Oracle(problem, instances, names)
    optimizer = torch.optim.Adam(network.parameters(), training.learning_rate)
    order = torch.Generator().manual_seed(seed)
    losses = []
    for _ in range(training.epochs):
        values, moved = [], False
        for batch_B in torch.randperm(len(instances), generator=order).split(training.batch_size):
            rows_B = batch_B[oracle.alive(batch_B)]
            if not len(rows_B):
                continue
            solve = oracle.bound(rows_B)
            costs_BN = LINKS[link](_predicted(network, take(instances, rows_B)))
            forward = estimator.solve(costs_BN.detach(), solve)
            values_KB, slopes_KBN = oracle.value_and_slope(forward.x_KBN, rows_B)
            gradient_BN = estimator.gradient(costs_BN.detach(), forward, slopes_KBN, solve)
            alive_B = oracle.alive(rows_B)
            optimizer.zero_grad()
            costs_BN.backward(gradient_BN * alive_B[:, None] / len(batch_B))
            optimizer.step()
            values += values_KB.mean(0)[alive_B].tolist()
            moved |= bool(gradient_BN.any())
        if not moved:
            _warn("in a whole epoch no gradient differed from zero")
        losses.append(sum(values) / max(len(values), 1))
    return _checked(oracle, losses)


def train_prior_lambda(
    problem: Problem,
    instances: Instances,
    network: nn.Module,
    estimator: Estimator,
    search: Search,
    weight: float,
    network_learning_rate: float,
    names: Names = None,
) -> Outcome:
    """Find costs c_i of each instance and a network at once (equation 5): sum_i f(x(c_i)) + weight |c_i - c(y_i)|.

    A weight of zero is SurCo-zero; the greater it is, the more this resembles SurCo-prior. The costs start where the
    network predicts them.

    Args:
        problem: solver and objective.
        instances: B of them.
        network: instances -> u [B, N]; changed in place.
        estimator: of the gradient.
        search: of the costs c_i.
        weight: lambda of equation 5 (not the estimator's).
        network_learning_rate: Adam's, for the network.
        names: of the instances, for messages.

    Returns:
        The best solution of each instance; failures as in `surco_zero`.
    """
    oracle = Oracle(problem, instances, names)
    with torch.no_grad():
        starts_SBN = _predicted(network, instances)[None]
    runs = Runs(oracle, starts_SBN, search)
    runs.optimizer.add_param_group({"params": list(network.parameters()), "lr": network_learning_rate})

    def distance(costs_AN: Tensor, instance_A: Tensor) -> Tensor:
        predicted_AN = LINKS[search.link](_predicted(network, take(instances, instance_A)))
        return weight * torch.linalg.vector_norm(costs_AN - predicted_AN, dim=1).sum()

    return _checked(oracle, _descend(runs, estimator, distance))


def _descend(runs: Runs, estimator: Estimator, penalty: Penalty | None = None) -> Outcome:
    """Step until all runs have stopped; warn once where nothing moves."""
    history, quiet = [], 0
    for _ in range(runs.search.steps):
        if runs.active_R.any():
            quiet = 0 if runs.step(estimator, penalty) else quiet + 1
            if quiet == runs.search.warn_after:
                _warn(f"no solution changed for {quiet} steps")
        history.append(runs.values_R.clone())
    return runs.outcome(history)


def _predicted(network: Callable[[Instances], Tensor], instances: Instances) -> Tensor:
    u_BN = network(instances)
    if u_BN.ndim != 2 or len(u_BN) != len(instances):
        needed = f"needed: [{len(instances)}, variables]"
        raise SurcoError(f"the network returned costs of shape {list(u_BN.shape)}; {needed}")
    return u_BN


def _warn(what: str) -> None:
    hint = "try a larger `strength`, `scaled: true`, or an estimator with noise"
    warnings.warn(f"the gradient vanishes: {what}; {hint}", VanishingGradient, stacklevel=4)


def _checked(oracle: Oracle, result: Result) -> Result:
    if oracle.failures:
        failures = {oracle.name(instance): text for instance, text in sorted(oracle.failures.items())}
        raise InstancesFailed(failures, result)
    return result
