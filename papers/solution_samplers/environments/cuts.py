"""Max-Cut and Min-Cut: vertices get their sides in order, and the reward is what each adds to the cut.

B instances, N vertices.
"""

import numpy as np
from gymnasium.spaces import Box

from papers.solution_samplers.environments.construction import Arrays, ConstructionError
from papers.solution_samplers.environments.environment import ConstructionEnv, ConstructionVectorEnv
from papers.solution_samplers.environments.pictures import GREY, PALE, Picture, on_circle, side_colour
from papers.solution_samplers.environments.spins import SpinConstruction


class CutConstruction(SpinConstruction):
    """Graphs with symmetric `weights` [N, N] and a zero diagonal.

    Args:
        count: B.
        vertices: N.
        sign: +1 to maximise the cut, -1 to minimise it.
        given: sides that are no choice, {vertex: side}.
        least: lower bound of the weights; the upper one is 1.
    """

    def __init__(self, count: int, vertices: int, sign: int, given: dict[int, int], least: float) -> None:
        self._sign = sign
        super().__init__(count, vertices, given, {"weights": Box(least, 1, (vertices, vertices), np.float32)})

    def check(self, instances: Arrays) -> Arrays:
        """Return the user's graphs.

        Raises:
            ConstructionError: weights that do not fit, are not symmetric, or join a vertex to itself.
        """
        checked = super().check(instances)
        weights_BNN = checked["weights"]
        if (weights_BNN != weights_BNN.transpose(0, 2, 1)).any() or np.einsum("bii->bi", weights_BNN).any():
            raise ConstructionError("weights: a graph needs a symmetric matrix with a zero diagonal")
        return checked

    def picture(self, index: int) -> np.ndarray:
        """Draw the graph on a circle, vertex 0 on top; cut edges are dark, the current vertex is ringed."""
        picture, points_N2, spins_N = Picture(), on_circle(self.positions), self.spins_BN[index]
        weights_NN = self.instances["weights"][index]
        for cut, colour, width in ((False, PALE, 1.0), (True, GREY, 1.6)):
            for i, j in np.argwhere(np.triu(weights_NN)):
                if (spins_N[i] * spins_N[j] < 0) == cut:
                    picture.line(points_N2[i], points_N2[j], colour, width)
        if not self.complete:
            picture.disc(points_N2[self.current()], PALE, 11)
        for point_2, spin in zip(points_N2, spins_N, strict=True):
            picture.disc(point_2, side_colour(spin), 7)
        return picture.array()

    def text(self, index: int) -> str:
        """Write the sides so far of instance `index` and the weight that is cut."""
        return f"{super().text(index)}  cut {_cut_weight(self.instances['weights'][index], self.spins_BN[index]):g}"

    def _begin(self) -> None:
        super()._begin()
        self._weights_BNN = self.instances["weights"].astype(np.float64)
        # what the given sides cut among themselves counts with the first step
        self._owed_B = _cut_weight(self._weights_BNN, self._given_N)

    def _gain(self, position: int, spins_B: np.ndarray) -> np.ndarray:
        to_BN = self._weights_BNN[:, position]
        decided_B = np.einsum("bn,bn->b", to_BN, np.abs(self.spins_BN))
        field_B = np.einsum("bn,bn->b", to_BN, self.spins_BN)
        cut_B = (decided_B - spins_B * field_B) / 2
        if self.done == 0:
            cut_B = cut_B + self._owed_B
        return self._sign * cut_B


def _cut_weight(weights: np.ndarray, spins_N: np.ndarray) -> np.ndarray:
    """Weight [...] of the edges of graphs [..., N, N] between opposite spins, 0 being on neither side."""
    return -(weights * np.minimum(np.outer(spins_N, spins_N), 0)).sum(axis=(-2, -1)) / 2


class MaxCutConstruction(CutConstruction):
    """Cut as much as possible; vertex 0 is at +1, since a cut and its mirror image are the same.

    Args:
        count: B.
        vertices: N.
        probability: of each edge of a random graph; its weight is 1.
    """

    def __init__(self, count: int, vertices: int, probability: float) -> None:
        self._probability = probability
        super().__init__(count, vertices, sign=1, given={0: 1}, least=-1)

    def draw(self, rng: np.random.Generator, count: int) -> Arrays:
        """Draw the weights of `count` graphs G(N, probability)."""
        upper_CNN = np.triu(rng.random((count, self.positions, self.positions)) < self._probability, 1)
        return {"weights": (upper_CNN | upper_CNN.transpose(0, 2, 1)).astype(np.float32)}


class MinCutConstruction(CutConstruction):
    """Part vertex 0, at +1, from the last vertex, at -1, cutting as little as possible.

    Args:
        count: B.
        vertices: N.
        neighbours: that a free vertex of a random graph has among the free ones, on average.
    """

    def __init__(self, count: int, vertices: int, neighbours: float) -> None:
        self._neighbours = neighbours
        super().__init__(count, vertices, sign=-1, given={0: 1, vertices - 1: -1}, least=0)

    def draw(self, rng: np.random.Generator, count: int) -> Arrays:
        """Draw the weights of `count` graphs like those of `problems.min_cut`.

        Between free vertices uniform in [0, 0.5], from each of them to both ends uniform in [0, 1].
        """
        shape = (count, self.positions, self.positions)
        present_CNN = rng.random(shape) < self._neighbours / max(self.positions - 3, 1)
        upper_CNN = np.triu(present_CNN * rng.random(shape) / 2, 1)
        upper_CNN[:, 0, 1:-1], upper_CNN[:, 1:-1, -1] = rng.random((2, count, self.positions - 2))
        upper_CNN[:, 0, -1] = 0
        return {"weights": (upper_CNN + upper_CNN.transpose(0, 2, 1)).astype(np.float32)}


class MaxCutEnv(ConstructionEnv):
    """`reprise/MaxCut-v0`: give every vertex a side so that the weight between the sides is large."""

    def __init__(self, vertices: int = 20, probability: float = 0.5, render_mode: str | None = None) -> None:
        """Play on G(vertices, probability)."""
        super().__init__(MaxCutConstruction(1, vertices, probability), render_mode)


class MaxCutVectorEnv(ConstructionVectorEnv):
    """`reprise/MaxCut-v0` for `num_envs` graphs in lockstep."""

    def __init__(
        self,
        num_envs: int = 1,
        vertices: int = 20,
        probability: float = 0.5,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        """Play on G(vertices, probability)."""
        super().__init__(MaxCutConstruction(num_envs, vertices, probability), max_episode_steps, render_mode)


class MinCutEnv(ConstructionEnv):
    """`reprise/MinCut-v0`: part the first vertex from the last one so that little weight is between the sides."""

    def __init__(self, vertices: int = 20, neighbours: float = 3, render_mode: str | None = None) -> None:
        """Play on random graphs; `neighbours` as of `MinCutConstruction`."""
        super().__init__(MinCutConstruction(1, vertices, neighbours), render_mode)


class MinCutVectorEnv(ConstructionVectorEnv):
    """`reprise/MinCut-v0` for `num_envs` graphs in lockstep."""

    def __init__(
        self,
        num_envs: int = 1,
        vertices: int = 20,
        neighbours: float = 3,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        """Play on random graphs; `neighbours` as of `MinCutConstruction`."""
        super().__init__(MinCutConstruction(num_envs, vertices, neighbours), max_episode_steps, render_mode)
