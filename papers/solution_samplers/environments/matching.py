"""Maximum-weight bipartite matching: worker after worker picks a free task, and the reward is the weight.

B instances, N workers and as many tasks.
"""

import numpy as np
from gymnasium.spaces import Box

from papers.solution_samplers.environments.construction import Arrays, Construction
from papers.solution_samplers.environments.environment import ConstructionEnv, ConstructionVectorEnv
from papers.solution_samplers.environments.pictures import BLUE, ORANGE, PALE, Picture, in_column


class MatchingConstruction(Construction):
    """Weights [N, N] of pairs (worker, task), drawn uniformly from [0, 1]; an action is a task.

    Args:
        count: B.
        workers: N.
    """

    def __init__(self, count: int, workers: int) -> None:
        self.tasks_BN = np.full((count, workers), -1)
        super().__init__(count, workers, workers, workers, {"weights": Box(-1, 1, (workers, workers), np.float32)})

    def draw(self, rng: np.random.Generator, count: int) -> Arrays:
        """Draw the weights of `count` instances."""
        return {"weights": rng.random((count, self.positions, self.positions), dtype=np.float32)}

    def current(self) -> int:
        """Return the worker to match next."""
        return self.done

    def solutions(self) -> np.ndarray:
        """Return the task of each worker, int64 [B, N], -1 where undecided."""
        return self.tasks_BN.copy()

    def picture(self, index: int) -> np.ndarray:
        """Draw workers on the left and tasks on the right; a matched pair's line is the wider the heavier it is."""
        picture, tasks_N = Picture(), self.tasks_BN[index]
        left_N2, right_N2 = in_column(self.positions, 0.2), in_column(self.positions, 0.8)
        weights_NN = self.instances["weights"][index]
        for worker, task in enumerate(tasks_N[: self.done]):
            picture.line(left_N2[worker], right_N2[task], BLUE, 1 + 5 * abs(weights_NN[worker, task]))
        if not self.complete:
            picture.disc(left_N2[self.done], PALE, 11)
        for place, (left_2, right_2) in enumerate(zip(left_N2, right_N2, strict=True)):
            picture.disc(left_2, BLUE if place < self.done else "#FFFFFF", 7)
            picture.disc(right_2, ORANGE if place in tasks_N else "#FFFFFF", 7)
        return picture.array()

    def text(self, index: int) -> str:
        """Write the pairs so far of instance `index` and their weight."""
        tasks = self.tasks_BN[index, : self.done]
        weight = self.instances["weights"][index, np.arange(self.done), tasks].sum()
        return f"{' '.join(f'{worker}-{task}' for worker, task in enumerate(tasks))}  weight {weight:.3f}"

    def _begin(self) -> None:
        self.tasks_BN[:] = -1

    def _place(self, actions_B: np.ndarray) -> np.ndarray:
        every_B = np.arange(self.count)
        self.tasks_BN[:, self.done] = actions_B
        self.mask_BA[every_B, actions_B] = 0
        return self.instances["weights"][every_B, self.done, actions_B]


class MatchingEnv(ConstructionEnv):
    """`reprise/Matching-v0`: pair workers with tasks so that the pairs weigh much."""

    def __init__(self, workers: int = 8, render_mode: str | None = None) -> None:
        """Play on uniform weights, `workers` by `workers`."""
        super().__init__(MatchingConstruction(1, workers), render_mode)


class MatchingVectorEnv(ConstructionVectorEnv):
    """`reprise/Matching-v0` for `num_envs` instances in lockstep."""

    def __init__(
        self, num_envs: int = 1, workers: int = 8, max_episode_steps: int | None = None, render_mode: str | None = None
    ) -> None:
        """Play on uniform weights, `workers` by `workers`."""
        super().__init__(MatchingConstruction(num_envs, workers), max_episode_steps, render_mode)
