"""Travelling salesman: the tour starts in city 0, an action is the next city, the reward minus the way there.

B instances, N cities.
"""

from itertools import pairwise

import numpy as np
from gymnasium.spaces import Box

from papers.solution_samplers.environments.construction import Arrays, Construction
from papers.solution_samplers.environments.environment import ConstructionEnv, ConstructionVectorEnv
from papers.solution_samplers.environments.pictures import BLUE, ORANGE, PALE, Picture


class TspConstruction(Construction):
    """Cities at `points` [N, 2], drawn uniformly from the unit square; the last step also pays the way home.

    Args:
        count: B.
        cities: N.
    """

    def __init__(self, count: int, cities: int) -> None:
        self.tours_BN = np.full((count, cities), -1)
        super().__init__(count, cities, cities, cities - 1, {"points": Box(0, 1, (cities, 2), np.float32)})

    def draw(self, rng: np.random.Generator, count: int) -> Arrays:
        """Draw the cities of `count` instances."""
        return {"points": rng.random((count, self.positions, 2), dtype=np.float32)}

    def current(self) -> np.ndarray:
        """Return the city that each tour is in."""
        return self.tours_BN[:, self.done]

    def solutions(self) -> np.ndarray:
        """Return the tours, int64 [B, N], from city 0; -1 where undecided."""
        return self.tours_BN.copy()

    def picture(self, index: int) -> np.ndarray:
        """Draw the cities and the tour so far; city 0 is orange, the current city is ringed."""
        picture, points_N2, tour_N = Picture(), self.instances["points"][index], self.tours_BN[index]
        way = points_N2[tour_N[: self.done + 1]]
        if self.complete:
            way = np.concatenate([way, way[:1]])
        for start_2, end_2 in pairwise(way):
            picture.line(start_2, end_2, BLUE, 2)
        if not self.complete:
            picture.disc(way[-1], PALE, 10)
        for city, point_2 in enumerate(points_N2):
            reached = city in tour_N
            picture.disc(point_2, ORANGE if city == 0 else BLUE if reached else "#FFFFFF", 5)
        return picture.array()

    def text(self, index: int) -> str:
        """Write the tour so far of instance `index` and its length, with the way home once it is complete."""
        tour = self.tours_BN[index, : self.done + 1]
        stops = [*tour, tour[0]] if self.complete else tour
        legs = np.diff(self.instances["points"][index][stops].astype(np.float64), axis=0)
        return f"{' > '.join(map(str, stops))}  length {np.hypot(*legs.T).sum():.3f}"

    def _begin(self) -> None:
        self._points_BN2 = self.instances["points"].astype(np.float64)
        self.tours_BN[:] = -1
        self._visit(0, np.zeros(self.count, dtype=np.int64))

    def _place(self, actions_B: np.ndarray) -> np.ndarray:
        way_B = self._distance(self.current(), actions_B)
        self._visit(self.done + 1, actions_B)
        if self.done + 1 == self.steps:
            way_B = way_B + self._distance(actions_B, self.tours_BN[:, 0])
        return -way_B

    def _visit(self, place: int, cities_B: np.ndarray) -> None:
        self.tours_BN[:, place] = cities_B
        self.mask_BA[np.arange(self.count), cities_B] = 0

    def _distance(self, from_B: np.ndarray, to_B: np.ndarray) -> np.ndarray:
        every_B = np.arange(self.count)
        legs_B2 = self._points_BN2[every_B, to_B] - self._points_BN2[every_B, from_B]
        return np.hypot(legs_B2[:, 0], legs_B2[:, 1])


class TspEnv(ConstructionEnv):
    """`reprise/TSP-v0`: visit every city once and come home on a short way."""

    def __init__(self, cities: int = 20, render_mode: str | None = None) -> None:
        """Play on `cities` uniform points."""
        super().__init__(TspConstruction(1, cities), render_mode)


class TspVectorEnv(ConstructionVectorEnv):
    """`reprise/TSP-v0` for `num_envs` instances in lockstep."""

    def __init__(
        self, num_envs: int = 1, cities: int = 20, max_episode_steps: int | None = None, render_mode: str | None = None
    ) -> None:
        """Play on `cities` uniform points."""
        super().__init__(TspConstruction(num_envs, cities), max_episode_steps, render_mode)
