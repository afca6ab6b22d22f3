"""The gymnasium interfaces of a construction: one instance, and many in lockstep."""

from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.error import UnsupportedMode
from gymnasium.spaces import Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from papers.solution_samplers.environments.construction import Arrays, Construction, ConstructionError

RENDERING: dict[str, Any] = {"render_modes": ["rgb_array", "ansi"], "render_fps": 4}


class ConstructionEnv(gymnasium.Env[Arrays, int]):
    """One instance; each action extends its solution, and the rewards add up to minus the solution's cost.

    An episode is `terminated` with a complete solution, and only then `info` holds its "solution" and "cost". It is
    `truncated` only by a limit that the user sets (`gymnasium.make(..., max_episode_steps=...)`).
    """

    metadata: ClassVar[dict[str, Any]] = RENDERING

    def __init__(self, construction: Construction, render_mode: str | None = None) -> None:
        """Wrap `construction`, which is of one instance; `render_mode` as of `gymnasium.Env`."""
        self.construction, self.render_mode = construction, render_mode
        self.observation_space = construction.space
        self.action_space = Discrete(construction.actions)
        self._return = 0.0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Arrays, dict[str, Any]]:
        """Begin on a random instance, or on one of your own.

        Args:
            seed: of this and of all following draws.
            options: {"instance": {name: array}} takes the arrays that describe an instance in an observation.

        Returns:
            The observation, and an empty info.
        """
        super().reset(seed=seed)
        given = _given(options, "instance")
        if given is None:
            instances = self.construction.draw(self.np_random, 1)
        else:
            instances = self.construction.check({name: np.asarray(values)[None] for name, values in given.items()})
        self.construction.start(instances)
        self._return = 0.0
        return self._observation(), {}

    def step(self, action: int) -> tuple[Arrays, float, bool, bool, dict[str, Any]]:
        """Extend the solution by one action; see the class for what comes back."""
        reward = float(self.construction.place(np.array([action]))[0])
        self._return += reward
        terminated = self.construction.complete
        info = {"cost": -self._return, "solution": self.construction.solutions()[0]} if terminated else {}
        return self._observation(), reward, terminated, False, info

    def action_masks(self) -> np.ndarray:
        """Return which actions are allowed, bool [A]: the name under which sb3-contrib's MaskablePPO asks for it."""
        return self.construction.mask_BA[0].astype(bool)

    def render(self) -> np.ndarray | str | None:
        """Show the solution so far, as `render_mode` asks: a picture or one line of text."""
        return _rendered(self.construction, 0, self.render_mode)

    def _observation(self) -> Arrays:
        return {name: values[0] for name, values in self.construction.observe().items()}


class ConstructionVectorEnv(VectorEnv[Arrays, np.ndarray, np.ndarray]):
    """B instances in lockstep, computed as arrays: `ConstructionEnv` for each of them, many times faster.

    All episodes have the same length, so all end at the same step. The step after that ignores its actions and
    begins new instances (`AutoresetMode.NEXT_STEP`, gymnasium's default).
    """

    metadata: ClassVar[dict[str, Any]] = {**RENDERING, "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self, construction: Construction, max_episode_steps: int | None = None, render_mode: str | None = None
    ) -> None:
        """Wrap `construction` of B instances, truncating all episodes after `max_episode_steps` if that is given."""
        self.construction, self.render_mode = construction, render_mode
        self.num_envs = construction.count
        self.max_episode_steps = max_episode_steps
        self.single_observation_space = construction.space
        self.single_action_space = Discrete(construction.actions)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._returns_B = np.zeros(self.num_envs)
        self._over = False

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Arrays, dict[str, Any]]:
        """Begin on random instances, or on your own.

        Args:
            seed: of this and of all following draws; one generator draws all instances.
            options: {"instances": {name: array}} as in `ConstructionEnv.reset`, each array with a leading B.

        Returns:
            The observations, and an empty info.
        """
        super().reset(seed=seed)
        given = _given(options, "instances")
        if given is None:
            instances = self.construction.draw(self.np_random, self.num_envs)
        else:
            instances = self.construction.check(given)
        self.construction.start(instances)
        self._returns_B = np.zeros(self.num_envs)
        self._over = False
        return self.construction.observe(), {}

    def step(self, actions: np.ndarray) -> tuple[Arrays, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Extend every solution by one action [B]; rewards are float64, terminated and truncated bool, each [B]."""
        terminated_B, truncated_B = np.zeros((2, self.num_envs), dtype=bool)
        if self._over:
            observations, info = self.reset()
            return observations, np.zeros(self.num_envs), terminated_B, truncated_B, info
        rewards_B = self.construction.place(actions)
        self._returns_B += rewards_B
        info = {}
        if self.construction.complete:
            terminated_B[:] = True
            everywhere_B = np.ones(self.num_envs, dtype=bool)
            info = {"cost": -self._returns_B, "solution": self.construction.solutions()}
            info |= {f"_{name}": everywhere_B.copy() for name in info}
        elif self.construction.done == self.max_episode_steps:
            truncated_B[:] = True
        self._over = bool(terminated_B[0] or truncated_B[0])
        return self.construction.observe(), rewards_B, terminated_B, truncated_B, info

    def action_masks(self) -> np.ndarray:
        """Return which actions are allowed, bool [B, A]."""
        return self.construction.mask_BA.astype(bool)

    def render(self) -> tuple[np.ndarray | str | None, ...]:
        """Show every solution so far, as `render_mode` asks."""
        return tuple(_rendered(self.construction, index, self.render_mode) for index in range(self.num_envs))


def _given(options: dict[str, Any] | None, key: str) -> Arrays | None:
    options = options or {}
    if unknown := sorted(options.keys() - {key}):
        raise ConstructionError(f"reset: no option {unknown[0]!r} (known: {key!r})")
    return options.get(key)


def _rendered(construction: Construction, index: int, mode: str | None) -> np.ndarray | str | None:
    match mode:
        case "rgb_array":
            return construction.picture(index)
        case "ansi":
            return construction.text(index)
        case None:
            gymnasium.logger.warn("render() without a render_mode; pass render_mode='rgb_array' or 'ansi' to make()")
            return None
    raise UnsupportedMode(f"render_mode {mode!r}; known: {', '.join(RENDERING['render_modes'])}")
