"""Table placement as gymnasium environments: one table after another is put on a device; DreamShard's game.

Shape suffixes: B instances, T tables, D devices, N = T D.
"""

from typing import Any, ClassVar

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from torch import Tensor

from papers.surco.sharding.cost_network import CostNetwork
from papers.surco.sharding.placement import repaired
from papers.surco.sharding.tasks import Tasks

Observation = dict[str, np.ndarray]
OVERFULL_MS = 10.0
"""Penalty of a placement that does not fit, of the order of a latency."""


class PlacementVectorEnv(gymnasium.vector.VectorEnv):
    """B instances at once; they all end together, after T steps.

    Tables come in falling order of their predicted latency. An observation has `placed` (which table is on which
    device), `table` (the one to place), and `legal` (devices with room for it; the emptiest where none has). The reward
    comes in the last step: minus the predicted latency in ms, and `OVERFULL_MS` more where a device holds too much.

    Args:
        tasks: the instances.
        network: predicts latencies.
    """

    metadata: ClassVar[dict[str, Any]] = {"autoreset_mode": AutoresetMode.DISABLED}

    def __init__(self, tasks: Tasks, network: CostNetwork) -> None:
        self.tasks, self.network, self.num_envs = tasks, network, len(tasks)
        self.single_observation_space = Dict(
            placed=Box(0, 1, (tasks.tables, tasks.devices), np.float32),
            table=Discrete(tasks.tables),
            legal=MultiBinary(tasks.devices),
        )
        self.single_action_space = Discrete(tasks.devices)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        with torch.no_grad():
            self.order_BT = network.single(tasks).argsort(dim=1, descending=True, stable=True).numpy()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, dict]:
        """Take all tables off the devices; nothing is random."""
        super().reset(seed=seed, options=options)
        self.step_number = 0
        self.placed_BTD = np.zeros((self.num_envs, self.tasks.tables, self.tasks.devices), np.float32)
        self.room_BD = self.tasks.capacity_B[:, None].repeat(1, self.tasks.devices).numpy()
        return self._observe(), {}

    def step(self, actions: np.ndarray) -> tuple[Observation, np.ndarray, np.ndarray, np.ndarray, dict]:
        """Put the next table of every instance on the device that its action names."""
        rows_B, table_B = np.arange(self.num_envs), self.order_BT[:, self.step_number]
        self.placed_BTD[rows_B, table_B, actions] = 1
        self.room_BD[rows_B, actions] -= self.tasks.sizes_BT.numpy()[rows_B, table_B]
        self.step_number += 1
        ended = self.step_number == self.tasks.tables
        rewards_B = np.zeros(self.num_envs)
        if ended:
            x_BN = torch.from_numpy(self.placed_BTD).flatten(1)
            with torch.no_grad():
                costs_B = self.network(x_BN, self.tasks) + OVERFULL_MS * ~self.tasks.fits(x_BN)
            rewards_B = -costs_B.double().numpy()
        return self._observe(), rewards_B, np.full(self.num_envs, ended), np.zeros(self.num_envs, dtype=bool), {}

    def placements(self) -> Tensor:
        """The placements [B, N] at the end of the game, repaired where memory did not suffice."""
        return repaired(torch.from_numpy(self.placed_BTD).flatten(1), self.tasks)

    def _observe(self) -> Observation:
        table_B = self.order_BT[:, min(self.step_number, self.tasks.tables - 1)]
        sizes_B1 = self.tasks.sizes_BT.numpy()[np.arange(self.num_envs), table_B][:, None]
        legal_BD = sizes_B1 <= self.room_BD
        emptiest_BD = self.room_BD == self.room_BD.max(1, keepdims=True)
        legal_BD |= emptiest_BD & ~legal_BD.any(1, keepdims=True)
        return {"placed": self.placed_BTD.copy(), "table": table_B, "legal": legal_BD.astype(np.int8)}


class PlacementEnv(gymnasium.Env):
    """One instance; see `PlacementVectorEnv`."""

    def __init__(self, tasks: Tasks, network: CostNetwork) -> None:
        self._one = PlacementVectorEnv(tasks[torch.tensor([0])], network)
        self.observation_space, self.action_space = self._one.single_observation_space, self._one.single_action_space

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, dict]:
        """Take all tables off the devices."""
        super().reset(seed=seed, options=options)
        observation, info = self._one.reset(seed=seed)
        return _first(observation), info

    def step(self, action: int) -> tuple[Observation, float, bool, bool, dict]:
        """Put the next table on a device."""
        observation, rewards, ended, cut, info = self._one.step(np.array([action]))
        return _first(observation), float(rewards[0]), bool(ended[0]), bool(cut[0]), info


def _first(observation: Observation) -> Observation:
    return {name: values[0] for name, values in observation.items()}
