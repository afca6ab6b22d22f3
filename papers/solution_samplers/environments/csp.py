"""Max-k-CSP: variables get their values in order; a predicate pays with its last variable.

B instances, N variables, M predicates, K variables of each, P = 2^K patterns of their values.
"""

import numpy as np
from gymnasium.spaces import Box

from papers.solution_samplers.environments.construction import Arrays, ConstructionError
from papers.solution_samplers.environments.environment import ConstructionEnv, ConstructionVectorEnv
from papers.solution_samplers.environments.pictures import BLUE, GREY, ORANGE, PALE, Picture, in_column, side_colour
from papers.solution_samplers.environments.spins import SpinConstruction


class CspConstruction(SpinConstruction):
    """Predicates: `scopes` [M, K] are the variables of each, `tables` [M, P] say which patterns satisfy it.

    Values are +-1; a pattern counts in binary, -1 as digit 1, the first variable of the scope as highest digit.
    Random scopes are K different variables, random tables fair coins, as those of `problems.csp`.

    Args:
        count: B.
        variables: N.
        predicates: M.
        arity: K.
    """

    def __init__(self, count: int, variables: int, predicates: int, arity: int) -> None:
        if not 1 <= arity <= variables:
            raise ConstructionError(f"a predicate has 1 to {variables} different variables (got arity {arity})")
        self._digits_K = 2 ** np.arange(arity)[::-1]
        shapes = {"scopes": (predicates, arity), "tables": (predicates, 2**arity)}
        super().__init__(
            count,
            variables,
            {},
            {
                "scopes": Box(0, variables - 1, shapes["scopes"], np.int64),
                "tables": Box(0, 1, shapes["tables"], np.int8),
            },
        )

    def draw(self, rng: np.random.Generator, count: int) -> Arrays:
        """Draw the predicates of `count` instances."""
        scopes, tables = (self.instance_space[name].shape for name in ("scopes", "tables"))
        scopes_CMK = np.empty((count, *scopes), dtype=np.int64)
        for taken in range(scopes[1]):  # the variables already taken are sorted, and skipped in that order
            fresh_CM = rng.integers(self.positions - taken, size=(count, scopes[0]))
            for other in range(taken):
                fresh_CM += fresh_CM >= scopes_CMK[..., other]
            scopes_CMK[..., taken] = fresh_CM
            scopes_CMK[..., : taken + 1].sort(axis=-1)
        return {"scopes": scopes_CMK, "tables": rng.integers(2, size=(count, *tables), dtype=np.int8)}

    def check(self, instances: Arrays) -> Arrays:
        """Return the user's predicates.

        Raises:
            ConstructionError: arrays that do not fit, or a scope that names a variable twice.
        """
        checked = super().check(instances)
        if (np.diff(np.sort(checked["scopes"]), axis=-1) == 0).any():
            raise ConstructionError("scopes: the variables of a predicate must differ")
        return checked

    def picture(self, index: int) -> np.ndarray:
        """Draw variables on the left, predicates on the right: blue satisfied, orange violated, white open."""
        picture, spins_N = Picture(), self.spins_BN[index]
        scopes_MK = self.instances["scopes"][index]
        left_N2, right_M2 = in_column(self.positions, 0.15), in_column(len(scopes_MK), 0.85)
        satisfied_M = self._satisfied(np.full(len(scopes_MK), index), np.arange(len(scopes_MK)))
        open_M = (spins_N[scopes_MK] == 0).any(axis=1)
        for predicate, scope_K in enumerate(scopes_MK):
            for variable in scope_K:
                picture.line(left_N2[variable], right_M2[predicate], PALE if open_M[predicate] else GREY, 1)
        if not self.complete:
            picture.disc(left_N2[self.current()], PALE, 11)
        for point_2, spin in zip(left_N2, spins_N, strict=True):
            picture.disc(point_2, side_colour(spin), 7)
        for point_2, satisfied, undecided in zip(right_M2, satisfied_M, open_M, strict=True):
            picture.disc(point_2, "#FFFFFF" if undecided else BLUE if satisfied else ORANGE, 4)
        return picture.array()

    def text(self, index: int) -> str:
        """Write the values so far of instance `index` and how many decided predicates are satisfied."""
        (decided_M,) = np.nonzero((self.spins_BN[index][self.instances["scopes"][index]] != 0).all(axis=1))
        satisfied = self._satisfied(np.full(len(decided_M), index), decided_M).sum()
        return f"{super().text(index)}  satisfied {satisfied} of {len(decided_M)}"

    def _begin(self) -> None:
        super()._begin()
        self._last_BM = self.instances["scopes"].max(axis=-1)

    def _gain(self, position: int, spins_B: np.ndarray) -> np.ndarray:
        instances, predicates = np.nonzero(self._last_BM == position)
        return np.bincount(instances, self._satisfied(instances, predicates), minlength=self.count)

    def _satisfied(self, instances: np.ndarray, predicates: np.ndarray) -> np.ndarray:
        """Return 0 or 1 for each pair of an instance and one of its predicates, open variables read as +1."""
        scopes_XK = self.instances["scopes"][instances, predicates]
        values_XK = self.spins_BN[instances[:, None], scopes_XK] < 0
        return self.instances["tables"][instances, predicates, values_XK @ self._digits_K]


class CspEnv(ConstructionEnv):
    """`reprise/CSP-v0`: give every variable a value so that many predicates are satisfied."""

    def __init__(
        self, variables: int = 12, predicates: int = 48, arity: int = 3, render_mode: str | None = None
    ) -> None:
        """Play on `predicates` random predicates of `arity` variables each."""
        super().__init__(CspConstruction(1, variables, predicates, arity), render_mode)


class CspVectorEnv(ConstructionVectorEnv):
    """`reprise/CSP-v0` for `num_envs` instances in lockstep."""

    def __init__(
        self,
        num_envs: int = 1,
        variables: int = 12,
        predicates: int = 48,
        arity: int = 3,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        """Play on `predicates` random predicates of `arity` variables each."""
        super().__init__(CspConstruction(num_envs, variables, predicates, arity), max_episode_steps, render_mode)
