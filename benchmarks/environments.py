"""Native vector environments against gymnasium's loop over single ones, and against RL4CO where it is installed."""

import importlib.util
import sys
from functools import partial

import gymnasium
import numpy as np

from benchmarks.case import Case
from papers.solution_samplers import environments

COUNT = 256
CITIES = 20


def cases() -> list[Case]:
    """One episode of random actions for all instances, resets included."""
    found = [_native_against_loop(name) for name in environments.IDS]
    if importlib.util.find_spec("rl4co") is None:
        print("environments: rl4co is not installed, so there is no case against it", file=sys.stderr)
        return found
    return [*found, _against_rl4co()]


def _native_against_loop(name: str) -> Case:
    native = gymnasium.make_vec(name, num_envs=COUNT)
    loop = gymnasium.make_vec(name, num_envs=COUNT, vectorization_mode="sync", disable_env_checker=True)
    steps = native.construction.steps
    rng = np.random.default_rng(0)
    actions = rng.integers(native.single_action_space.n, size=(steps, COUNT))
    return Case(
        paper="solution_samplers",
        name=f"{name}: native vector environment / gymnasium SyncVectorEnv",
        ours=partial(_episode, native, actions),
        peer=partial(_episode, loop, actions),
        target=20.0,
        unit=f"{COUNT} episodes of {steps} steps",
    )


def _episode(envs: gymnasium.vector.VectorEnv, actions: np.ndarray) -> None:
    envs.reset(seed=0)
    for actions_B in actions:
        envs.step(actions_B)


def _against_rl4co() -> Case:
    """The same cities and the same random tours in both; refuses to time two that disagree on the lengths."""
    import torch
    from rl4co.envs import TSPEnv
    from tensordict import TensorDict

    rng = np.random.default_rng(0)
    points = rng.random((COUNT, CITIES, 2), dtype=np.float32)
    tours = np.zeros((CITIES, COUNT), dtype=np.int64)
    tours[1:] = rng.permuted(np.tile(np.arange(1, CITIES), (COUNT, 1)), axis=1).T
    ours = gymnasium.make_vec("reprise/TSP-v0", num_envs=COUNT, cities=CITIES)
    theirs = TSPEnv(generator_params={"num_loc": CITIES})
    locs, nodes = torch.from_numpy(points), torch.from_numpy(tours)

    def our_lengths() -> np.ndarray:
        ours.reset(options={"instances": {"points": points}})
        for cities_B in tours[1:]:
            info = ours.step(cities_B)[-1]
        return info["cost"]

    def their_lengths() -> np.ndarray:
        td = theirs.reset(TensorDict({"locs": locs}, batch_size=[COUNT]))
        for nodes_B in nodes:
            td.set("action", nodes_B)
            td = theirs.step(td)["next"]
        return -theirs.get_reward(td, nodes.T).numpy()

    np.testing.assert_allclose(our_lengths(), their_lengths(), rtol=1e-5)
    return Case(
        paper="solution_samplers",
        name="TSP rollout: native vector environment / RL4CO",
        ours=our_lengths,
        peer=their_lengths,
        target=None,
        unit=f"{COUNT} tours of {CITIES} cities",
    )
