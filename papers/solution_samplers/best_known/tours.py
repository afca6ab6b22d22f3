"""Tours of TSPLIB: a score for every pair of cities, learned from 2-opt chains, and what it is held against.

Shape suffixes: C chains, N cities, P = N (N - 1) / 2 pairs of cities, B = 1 instance.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from papers.solution_samplers.best_known import settings as of
from papers.solution_samplers.classical import Tour, nearest_neighbour, routing, two_opt
from papers.solution_samplers.large_graphs.policies import Draw
from papers.solution_samplers.large_graphs.training import Annealing, follow, known_optimum, policy_gradient, untrained
from papers.solution_samplers.objective import objectives
from papers.solution_samplers.samplers.tours import Tours
from papers.solution_samplers.tsplib import Tsp, read_tsplib


class TourPolicy:
    """Scores `f(tour) = sum_k W[t_k, t_k+1]` with symmetric W; the slow part has the scores `rho W`.

    A symmetric instance needs no more than one weight for each pair: the minimiser `-c / lambda` is symmetric (the
    subspace of Remark 9).

    Args:
        costs_NN: of going from one city to another, symmetric.
        weights_P: the weights, one for each pair of cities.
        chains: of the fast and of the slow part.
        inverse_temperature: rho.
        generator: of the chains.
    """

    def __init__(
        self,
        costs_NN: Tensor,
        weights_P: Tensor,
        chains: tuple[int, int],
        inverse_temperature: float,
        generator: torch.Generator,
    ) -> None:
        self._costs_NN, self._weights_P, self._rho = costs_NN, weights_P, inverse_temperature
        self._pairs = torch.triu_indices(len(costs_NN), len(costs_NN), 1)
        self._fast, self._slow = (Tours(len(costs_NN), count, generator) for count in chains)

    def parameters(self) -> Iterable[nn.Parameter]:
        """The weights to be learned."""
        return [self._weights_P]

    def fast(self, sweeps: int) -> Draw:
        """Propose `sweeps` moves to every fast chain and show where they are."""
        return self._draw(self._fast, 1.0, sweeps)

    def slow(self, sweeps: int) -> Draw:
        """Propose `sweeps` moves to every slow chain and show where they are."""
        return self._draw(self._slow, self._rho, sweeps)

    def _draw(self, chains: Tours, scale: float, proposals: int) -> Draw:
        upper_NN = torch.zeros_like(self._costs_NN).index_put(tuple(self._pairs), scale * self._weights_P)
        scores_NN = upper_NN + upper_NN.T
        tours_CN = chains.run(scores_NN, proposals)
        steps = tours_CN, tours_CN.roll(-1, dims=1)
        return Draw(tours_CN, scores_NN[steps].sum(dim=1)[None], self._costs_NN[steps].sum(dim=1)[None])


def tour_methods(settings: of.Tours) -> list[str]:
    """Name every method: `linear_<objective>`, the controls, and the classical ones."""
    learned = [f"linear_{objective}" for objective in settings.policy.learning_rates]
    return [*learned, "known_optimum", "untrained", *CLASSICAL]


def measure_tour(settings: of.BestKnown, instance: str, method: str, seed: int) -> dict[str, Any]:
    """Run one method on one instance.

    Returns:
        The length of the shortest tour that was seen, and the seconds.
    """
    tsp = read_tsplib(instance)
    start = time.monotonic()
    if method in CLASSICAL:
        length = CLASSICAL[method](tsp, settings.tours.work, np.random.default_rng(seed)).length
    else:
        length = _sample(settings, tsp, method, torch.Generator().manual_seed(seed))
    return {"length": length, "seconds": time.monotonic() - start}


def _sample(settings: of.BestKnown, tsp: Tsp, method: str, generator: torch.Generator) -> int:
    """Follow the chains and return the length of the best tour."""
    policy_settings = settings.tours.policy
    costs_NN = scaled_costs(tsp)
    costs_P = costs_NN[tuple(torch.triu_indices(tsp.cities, tsp.cities, 1))]
    weights_P = nn.Parameter(torch.zeros_like(costs_P), requires_grad=method.startswith("linear_"))
    chains = policy_settings.chains, policy_settings.slow_chains
    policy = TourPolicy(costs_NN, weights_P, chains, settings.inverse_temperature, generator)
    proposals = policy_settings.proposals_per_city * tsp.cities
    rule = known_optimum(weights_P.data, costs_P) if method == "known_optimum" else untrained
    if method.startswith("linear_"):
        objective = method.removeprefix("linear_")
        terms = objectives(settings.mixture_weight, settings.inverse_temperature)[objective]
        rule = policy_gradient(policy, terms, policy_settings.learning_rates[objective], proposals)
    schedule = Annealing(
        policy_settings.iterations, policy_settings.entropy_weight, policy_settings.halve_every, proposals
    )
    trace = follow(policy, rule, schedule, [tsp.cities])
    return int(tsp.length(trace.best[0].numpy()))


def scaled_costs(tsp: Tsp) -> Tensor:
    """Return the distances [N, N] in units of the mean edge of the nearest-neighbour tour from city 0, float32."""
    scale = nearest_neighbour(tsp, 0).length / tsp.cities
    return torch.from_numpy(tsp.distances_NN / scale).float()


def _nearest(tsp: Tsp, work: of.TourWork, rng: np.random.Generator) -> Tour:
    return min((nearest_neighbour(tsp, city) for city in range(tsp.cities)), key=lambda tour: tour.length)


CLASSICAL: dict[str, Callable[[Tsp, of.TourWork, np.random.Generator], Tour]] = {
    "nearest_neighbour": _nearest,
    "two_opt": lambda tsp, work, rng: two_opt(tsp, work.two_opt_starts, rng),
    "routing": lambda tsp, work, rng: routing(tsp, work.routing_solutions),
}
