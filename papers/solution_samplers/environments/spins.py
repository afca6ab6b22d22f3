"""Solutions made of spins, which are decided one after another in a fixed order.

B instances, N spins.
"""

from abc import abstractmethod

import numpy as np
from gymnasium.spaces import Box, Space

from papers.solution_samplers.environments.construction import Construction
from papers.solution_samplers.environments.pictures import side_letters


class SpinConstruction(Construction):
    """Action 1 sets the current spin to +1 and action 0 to -1; the observation shows "spins", 0 where undecided.

    Args:
        count: B.
        positions: N.
        given: spins that every solution has from the start, {position: +1 or -1}.
        instance_space: see `Construction`.
    """

    def __init__(self, count: int, positions: int, given: dict[int, int], instance_space: dict[str, Box]) -> None:
        self._given_N = np.zeros(positions)
        self._given_N[list(given)] = list(given.values())
        self._order = np.flatnonzero(self._given_N == 0)
        self.spins_BN = np.tile(self._given_N, (count, 1))
        super().__init__(count, positions, 2, len(self._order), instance_space)

    def current(self) -> int:
        """Return the position to decide next."""
        return int(self._order[self.done])

    def solutions(self) -> np.ndarray:
        """Return the spins, int8 [B, N], 0 where undecided."""
        return self.spins_BN.astype(np.int8)

    def observe(self) -> dict[str, np.ndarray]:
        """Return what an agent sees of every instance, with the spins so far."""
        return {**super().observe(), "spins": self.solutions()}

    def text(self, index: int) -> str:
        """Write the spins of instance `index`."""
        return side_letters(self.spins_BN[index])

    @abstractmethod
    def _gain(self, position: int, spins_B: np.ndarray) -> np.ndarray:
        """Return what it added to minus the cost [B] that `position` was set to `spins_B`."""

    def _begin(self) -> None:
        self.spins_BN[:] = self._given_N

    def _place(self, actions_B: np.ndarray) -> np.ndarray:
        position, spins_B = self.current(), 2.0 * actions_B - 1
        self.spins_BN[:, position] = spins_B
        return self._gain(position, spins_B)

    def _state_space(self) -> dict[str, Space]:
        return {**super()._state_space(), "spins": Box(-1, 1, (self.positions,), np.int8)}
