"""Tours by rule: nearest neighbour, 2-opt, and OR-Tools' routing solver.

N cities; a tour lists each city once and closes on itself.
"""

from dataclasses import dataclass

import numba
import numpy as np

from papers.solution_samplers.tsplib import Tsp, TspError


@dataclass(frozen=True, eq=False)
class Tour:
    """A tour [N] (int64, starts at city 0) and its length."""

    cities_N: np.ndarray
    length: int


def nearest_neighbour(tsp: Tsp, start: int) -> Tour:
    """Go from `start` always to the nearest city not yet visited."""
    away_NN = tsp.distances_NN.astype(np.float64)
    cities = [start]
    for _ in range(tsp.cities - 1):
        away_NN[:, cities[-1]] = np.inf
        cities.append(int(np.argmin(away_NN[cities[-1]])))
    return _tour(tsp, np.array(cities))


def two_opt(tsp: Tsp, starts: int, rng: np.random.Generator) -> Tour:
    """Best of 2-opt local optima from nearest-neighbour tours of random first cities."""
    firsts = rng.choice(tsp.cities, starts, replace=starts > tsp.cities)
    tours_CN = np.stack([nearest_neighbour(tsp, int(first)).cities_N for first in firsts])
    for tour_N in tours_CN:
        _uncross(tsp.distances_NN, tour_N)
    return _tour(tsp, tours_CN[np.argmin(tsp.length(tours_CN))])


def routing(tsp: Tsp, solutions: int) -> Tour:
    """OR-Tools' routing solver: cheapest arcs first, then guided local search.

    Args:
        tsp: the instance.
        solutions: number of improving or accepted solutions after which it stops; a limit on work, where one on time
            would make the result depend on the machine.

    Raises:
        TspError: the solver returned no tour.
    """
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2  # noqa: PLC0415  (slow to load)

    manager = pywrapcp.RoutingIndexManager(tsp.cities, 1, 0)
    model = pywrapcp.RoutingModel(manager)
    transit = model.RegisterTransitMatrix(tsp.distances_NN.tolist())
    model.SetArcCostEvaluatorOfAllVehicles(transit)
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PATH_CHEAPEST_ARC
    search.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    search.solution_limit = solutions
    found = model.SolveWithParameters(search)
    if found is None:
        raise TspError(f"{tsp.name}: OR-Tools found no tour (status {model.status()})")
    cities, index = [], model.Start(0)
    while not model.IsEnd(index):
        cities.append(manager.IndexToNode(index))
        index = found.Value(model.NextVar(index))
    return _tour(tsp, np.array(cities))


def _tour(tsp: Tsp, cities_N: np.ndarray) -> Tour:
    cities_N = np.roll(cities_N, -int(np.argmin(cities_N)))
    return Tour(cities_N, int(tsp.length(cities_N)))


@numba.njit(cache=True)
def _uncross(distances_NN: np.ndarray, tour_N: np.ndarray) -> None:
    """Reverse pieces of the tour while that shortens it, in place: first improvement, until there is none."""
    cities = len(tour_N)
    improved = True
    while improved:
        improved = False
        for i in range(cities - 2):
            for j in range(i + 2, cities - (i == 0)):
                a, b, c, d = tour_N[i], tour_N[i + 1], tour_N[j], tour_N[(j + 1) % cities]
                if distances_NN[a, c] + distances_NN[b, d] < distances_NN[a, b] + distances_NN[c, d]:
                    tour_N[i + 1 : j + 1] = tour_N[i + 1 : j + 1][::-1].copy()
                    improved = True
