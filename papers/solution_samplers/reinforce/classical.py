"""What methods without learning reach on the same instances.

Shape suffixes: I instances, N positions.
"""

from collections.abc import Callable

import numpy as np

from papers.solution_samplers.classical import greedy, nearest_neighbour, one_exchange, two_opt
from papers.solution_samplers.environments.construction import Arrays
from papers.solution_samplers.graphs import Graph
from papers.solution_samplers.reinforce.exact import heaviest_matching
from papers.solution_samplers.tsplib import Tsp

FINEST = 10**6
"""Distances in the unit square are rounded to whole multiples of 1 / FINEST, as the tours' code wants them."""


def classical_costs(problem: str, instances: Arrays, samples: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Costs [I] that each classical method reaches.

    Args:
        problem: of the instances.
        instances: arrays [I, ...] of an environment.
        samples: how many solutions the methods that have a choice may make of which the best counts.
        rng: draws their starts.
    """
    rows = [METHODS[problem](instances, index, samples, rng) for index in range(len(next(iter(instances.values()))))]
    return {method: np.array([row[method] for row in rows]) for method in rows[0]}


def _cuts(instances: Arrays, index: int, samples: int, rng: np.random.Generator) -> dict[str, float]:
    weights_NN = np.triu(instances["weights"][index].astype(np.float64))
    edges = np.nonzero(weights_NN)
    graph = Graph.of(str(index), len(weights_NN), edges, weights_NN[edges])
    return {
        "greedy": -greedy(graph, rng).value,
        "best_greedy": -greedy(graph, rng, starts=samples).value,
        "one_exchange": -one_exchange(graph, samples, rng).value,
    }


def _tours(instances: Arrays, index: int, samples: int, rng: np.random.Generator) -> dict[str, float]:
    points_N2 = instances["points"][index].astype(np.float64)
    away_NN = np.linalg.norm(points_N2[:, None] - points_N2, axis=-1)
    tsp = Tsp(str(index), np.rint(FINEST * away_NN).astype(np.int64), None, points_N2)
    tours = {
        "nearest_neighbour": nearest_neighbour(tsp, 0),
        "two_opt": two_opt(tsp, 1, rng),
        "best_two_opt": two_opt(tsp, samples, rng),
    }
    return {method: _length(away_NN, tour.cities_N) for method, tour in tours.items()}


def _matchings(instances: Arrays, index: int, samples: int, rng: np.random.Generator) -> dict[str, float]:
    weights_NN = instances["weights"][index].astype(np.float64)
    return {
        "row_greedy": -_row_greedy(weights_NN),
        "pair_greedy": -_pair_greedy(weights_NN),
        "hungarian": -heaviest_matching(weights_NN),
    }


def _row_greedy(weights_NN: np.ndarray) -> float:
    """Worker after worker takes the best free task."""
    free_NN, total = weights_NN.copy(), 0.0
    for worker_N in free_NN:
        task = int(worker_N.argmax())
        total += worker_N[task]
        free_NN[:, task] = -np.inf
    return total


def _pair_greedy(weights_NN: np.ndarray) -> float:
    """Take the heaviest of all free pairs, again and again."""
    free_NN, total = weights_NN.copy(), 0.0
    for _ in free_NN:
        worker, task = np.unravel_index(free_NN.argmax(), free_NN.shape)
        total += free_NN[worker, task]
        free_NN[worker], free_NN[:, task] = -np.inf, -np.inf
    return total


def _length(away_NN: np.ndarray, tour_N: np.ndarray) -> float:
    return float(away_NN[tour_N, np.roll(tour_N, -1)].sum())


METHODS: dict[str, Callable[[Arrays, int, int, np.random.Generator], dict[str, float]]] = {
    "max_cut": _cuts,
    "tsp": _tours,
    "matching": _matchings,
}
