"""Rules by which solutions are built piece by piece, for B instances at once: what all five environments share.

Shape suffixes: B instances, N positions of a solution, A actions.
"""

from abc import ABC, abstractmethod

import numpy as np
from gymnasium.spaces import Box, Dict, MultiBinary, Space

from common.errors import RepriseError

Arrays = dict[str, np.ndarray]
"""Named arrays: instances, or an observation."""


class ConstructionError(RepriseError):
    """An environment was asked for something its rules do not allow."""


class Construction(ABC):
    """B instances whose solutions grow in lockstep: every solution takes equally many steps.

    The rewards of a solution add up to minus its cost. An action that is no longer allowed (a column that is taken,
    a city that was visited) stands for the next allowed one in cyclic order: so every episode ends with a solution,
    also for an agent that ignores the mask.

    Attributes:
        count: B.
        positions: N.
        actions: A.
        steps: actions until all solutions are complete.
        instance_space: what describes one instance, by name; part of every observation.
        space: of one observation.
        instances: the current ones, each array [B, ...].
        done: steps taken so far.
        mask_BA: int8, 1 where an action is allowed; all 1 once the solutions are complete.
    """

    def __init__(self, count: int, positions: int, actions: int, steps: int, instance_space: dict[str, Box]) -> None:
        if steps < 1:
            raise ConstructionError(f"{type(self).__name__}: {positions} positions leave nothing to decide; take more")
        self.count, self.positions, self.actions, self.steps = count, positions, actions, steps
        self.instance_space = instance_space
        self.space = Dict({**instance_space, **self._state_space()})
        self.instances: Arrays = {}
        self.done = 0
        self.mask_BA = np.ones((count, actions), dtype=np.int8)

    @property
    def complete(self) -> bool:
        """Whether the solutions are complete."""
        return self.done == self.steps

    @abstractmethod
    def draw(self, rng: np.random.Generator, count: int) -> Arrays:
        """Draw random instances, each array [count, ...], in the ranges of `instance_space`."""

    @abstractmethod
    def solutions(self) -> np.ndarray:
        """Return the solutions so far, [B, N], in the form that `problems` takes them once they are complete."""

    @abstractmethod
    def current(self) -> np.ndarray:
        """Return the index of what the next action is about (vertex, row, city): an integer or [B]."""

    @abstractmethod
    def picture(self, index: int) -> np.ndarray:
        """Draw instance `index` and its solution so far: uint8 [height, width, 3]."""

    @abstractmethod
    def text(self, index: int) -> str:
        """Write the solution so far of instance `index` on one line."""

    @abstractmethod
    def _begin(self) -> None:
        """Make everything ready for the first step on `instances`."""

    @abstractmethod
    def _place(self, actions_B: np.ndarray) -> np.ndarray:
        """Extend every solution by one allowed action and return the rewards [B]."""

    def check(self, instances: Arrays) -> Arrays:
        """Return the user's instances, each array [B, ...], in the types of `instance_space`.

        Raises:
            ConstructionError: a name, shape or value that does not fit `instance_space`.
        """
        if instances.keys() != self.instance_space.keys():
            raise ConstructionError(f"instances need {sorted(self.instance_space)} (got {sorted(instances)})")
        return {name: _fitting(name, self.instance_space[name], instances[name], self.count) for name in instances}

    def start(self, instances: Arrays) -> None:
        """Begin anew on instances that `draw` or `check` returned for all B."""
        self.instances = instances
        self.done = 0
        self.mask_BA[:] = 1
        self._begin()

    def place(self, actions: np.ndarray) -> np.ndarray:
        """Take one action for each instance, [B] in 0..A-1, and return the rewards, float64 [B].

        Raises:
            ConstructionError: the solutions are complete, or no action has such a number.
        """
        if not self.instances or self.complete:
            raise ConstructionError(f"{type(self).__name__}: no solution is under way; call reset() first")
        actions_B = np.asarray(actions)
        if actions_B.shape != (self.count,) or actions_B.min() < 0 or actions_B.max() >= self.actions:
            raise ConstructionError(f"actions must be {self.count} integers in 0..{self.actions - 1} (got {actions})")
        rewards_B = np.asarray(self._place(self._allowed(actions_B)), dtype=np.float64)
        self.done += 1
        if self.complete:
            self.mask_BA[:] = 1
        return rewards_B

    def observe(self) -> Arrays:
        """Return what an agent sees of every instance, in arrays of its own: `space` with a leading B."""
        current_BN = np.zeros((self.count, self.positions), dtype=np.int8)
        if not self.complete:
            current_BN[np.arange(self.count), self.current()] = 1
        instances = {name: values.copy() for name, values in self.instances.items()}
        return {**instances, "current": current_BN, "action_mask": self.mask_BA.copy()}

    def _state_space(self) -> dict[str, Space]:
        return {"current": MultiBinary(self.positions), "action_mask": MultiBinary(self.actions)}

    def _allowed(self, actions_B: np.ndarray) -> np.ndarray:
        """Replace each action that is not allowed by the next one in cyclic order that is."""
        allowed_B = self.mask_BA[np.arange(self.count), actions_B]
        if allowed_B.all():
            return actions_B
        shifted_BA = (actions_B[:, None] + np.arange(self.actions)) % self.actions
        first_B = np.take_along_axis(self.mask_BA, shifted_BA, axis=1).argmax(axis=1)
        return (actions_B + first_B) % self.actions


def _fitting(name: str, space: Box, values: np.ndarray, count: int) -> np.ndarray:
    values = np.array(values, dtype=space.dtype)
    if values.shape != (count, *space.shape):
        raise ConstructionError(f"{name}: expected shape {(count, *space.shape)} (got {values.shape})")
    if not ((values >= space.low) & (values <= space.high)).all():
        low, high = space.low.min(), space.high.max()
        raise ConstructionError(f"{name}: values must be numbers in [{low:g}, {high:g}]; rescale the instance")
    return values
