import subprocess
import sys
from itertools import pairwise

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

from papers.solution_samplers import environments
from papers.solution_samplers.environments.construction import ConstructionError
from papers.solution_samplers.problems import Matching, MaxCsp, MaxCut, MinCut, Tsp

SMALL = {
    "reprise/MaxCut-v0": {"vertices": 6},
    "reprise/MinCut-v0": {"vertices": 6},
    "reprise/CSP-v0": {"variables": 5, "predicates": 9},
    "reprise/Matching-v0": {"workers": 5},
    "reprise/TSP-v0": {"cities": 6},
}
STEPS = {
    "reprise/MaxCut-v0": 5,
    "reprise/MinCut-v0": 4,
    "reprise/CSP-v0": 5,
    "reprise/Matching-v0": 5,
    "reprise/TSP-v0": 5,
}
each_id = pytest.mark.parametrize("name", environments.IDS)


def problem(name, instances):
    """The oracle's view of instances."""
    arrays = {key: torch.from_numpy(values).double() for key, values in instances.items()}
    match name:
        case "reprise/MaxCut-v0":
            return MaxCut(arrays["weights"])
        case "reprise/MinCut-v0":
            return MinCut(arrays["weights"])
        case "reprise/CSP-v0":
            return MaxCsp(SMALL[name]["variables"], torch.from_numpy(instances["scopes"]), arrays["tables"])
        case "reprise/Matching-v0":
            return Matching(-arrays["weights"])
        case "reprise/TSP-v0":
            return Tsp(torch.cdist(arrays["points"], arrays["points"], compute_mode="donot_use_mm_for_euclid_dist"))
    raise AssertionError(name)


def play(envs, rng):
    """Random allowed actions from the current state to the end of the episode: the steps' results."""
    results = []
    while not results or not (results[-1][2] | results[-1][3]).any():
        scores = rng.random(envs.action_masks().shape)
        results.append(envs.step(np.where(envs.action_masks(), scores, -1).argmax(axis=1)))
    return results


@each_id
def test_gymnasiums_checker_finds_nothing(name):
    for seed in range(5):  # its random actions are not always allowed ones
        env = gymnasium.make(name, **SMALL[name]).unwrapped
        env.action_space.seed(seed)
        check_env(env)


@each_id
def test_the_default_sizes_can_be_made_and_played(name):
    env = gymnasium.make(name)
    env.reset(seed=0)
    terminated = False
    while not terminated:
        _, _, terminated, truncated, info = env.step(env.action_space.sample())
        assert not truncated
    assert np.isfinite(info["cost"])


@each_id
def test_rewards_add_up_to_minus_the_cost_that_the_oracle_sees(name):
    envs = gymnasium.make_vec(name, num_envs=40, **SMALL[name])
    observations, _ = envs.reset(seed=1)
    results = play(envs, np.random.default_rng(0))
    assert len(results) == STEPS[name]
    instances = {key: observations[key] for key in envs.construction.instance_space}
    info = results[-1][4]
    solutions = torch.from_numpy(info["solution"])[:, None]
    costs = problem(name, instances).cost(solutions)[:, 0].numpy()
    np.testing.assert_allclose(sum(result[1] for result in results), -costs, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(info["cost"], costs, rtol=1e-12, atol=1e-12)
    assert len(np.unique(costs)) > 1


@each_id
def test_every_solution_can_be_built(name):
    envs = gymnasium.make_vec(name, num_envs=3000, **SMALL[name])
    envs.reset(seed=0)
    instance = envs.construction.draw(np.random.default_rng(3), 1)
    envs.reset(options={"instances": {key: np.repeat(values, 3000, axis=0) for key, values in instance.items()}})
    found = {tuple(solution) for solution in play(envs, np.random.default_rng(1))[-1][4]["solution"]}
    assert found == {tuple(solution) for solution in problem(name, instance).solutions().long().tolist()}


def assert_equal(ours, theirs):
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys()
        for key in ours:
            assert_equal(ours[key], theirs[key])
    else:
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


@each_id
@pytest.mark.parametrize("limit", [None, 3])
def test_the_vector_environment_is_that_many_single_ones(name, limit):
    count = 4
    envs = gymnasium.make_vec(name, num_envs=count, max_episode_steps=limit, **SMALL[name])
    singles = gymnasium.make_vec(
        name, num_envs=count, vectorization_mode="sync", max_episode_steps=limit, **SMALL[name]
    )
    assert envs.observation_space == singles.observation_space
    assert envs.action_space == singles.action_space
    assert envs.metadata["autoreset_mode"] == singles.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
    first, _ = envs.reset(seed=5)
    singles.reset(seed=6)
    for index, env in enumerate(singles.envs):
        instance = {key: first[key][index] for key in envs.construction.instance_space}
        seen, _ = env.reset(options={"instance": instance})
        assert_equal(seen, {key: values[index] for key, values in first.items()})
    rng = np.random.default_rng(7)
    for _ in range(limit or STEPS[name]):
        actions = rng.integers(envs.single_action_space.n, size=count)  # whether allowed or not
        ours, theirs = envs.step(actions), singles.step(actions)
        for mine, other in zip(ours, theirs, strict=True):
            assert_equal(mine, other)
        assert ours[0] in envs.observation_space
    assert ours[3].all() if limit else ours[2].all()
    for result in (envs.step(actions), singles.step(actions)):  # a new episode, whose instances are drawn otherwise
        assert not result[1].any() and not result[2].any() and not result[3].any() and result[4] == {}


@each_id
def test_equal_seeds_give_equal_episodes_and_others_do_not(name):
    def episode(seed):
        envs = gymnasium.make_vec(name, num_envs=3, **SMALL[name])
        state = np.random.get_state()[1].copy()
        seen = [envs.reset(seed=seed)[0], *(result[0] for result in play(envs, np.random.default_rng(0)))]
        seen.append(envs.step(np.zeros(3, dtype=int))[0])  # resets itself
        assert (np.random.get_state()[1] == state).all()
        return np.concatenate([values.ravel() for observation in seen for values in observation.values()])

    assert (episode(1) == episode(1)).all()
    assert not (episode(1) == episode(2)).all()


@each_id
def test_the_mask_says_what_is_allowed(name):
    envs = gymnasium.make_vec(name, num_envs=8, **SMALL[name])
    observation, _ = envs.reset(seed=0)
    rng = np.random.default_rng(0)
    ended = np.zeros(8, dtype=bool)
    while not ended.any():
        np.testing.assert_array_equal(envs.action_masks(), observation["action_mask"] == 1)
        assert observation["current"].sum(axis=1).tolist() == [1] * 8
        before = envs.construction.solutions()
        actions = rng.integers(envs.single_action_space.n, size=8)
        allowed = observation["action_mask"][np.arange(8), actions] == 1
        observation, _, ended, _, _ = envs.step(actions)
        if name in {"reprise/Matching-v0", "reprise/TSP-v0"}:
            changed = (envs.construction.solutions() * (before != envs.construction.solutions())).sum(axis=1)
            assert ((changed == actions) == allowed).all()
    assert observation["action_mask"].all()  # nothing to decide, and no policy divides by zero
    assert not observation["current"].any()
    single = gymnasium.make(name, **SMALL[name])
    observation, _ = single.reset(seed=0)
    np.testing.assert_array_equal(single.unwrapped.action_masks(), observation["action_mask"] == 1)


@each_id
def test_pictures_and_text_show_the_solution(name):
    def frames(mode):
        envs = gymnasium.make_vec(name, num_envs=2, render_mode=mode, **SMALL[name])
        envs.reset(seed=0)
        shown = [envs.render()]
        while len(shown) <= STEPS[name]:
            envs.step(np.full(2, envs.single_action_space.n - 1))
            shown.append(envs.render())
        return shown

    pictures = frames("rgb_array")
    assert pictures[0][0].dtype == np.uint8 and pictures[0][0].shape == (320, 320, 3)
    for frame, following in pairwise(pictures):
        assert (frame[0] != following[0]).any()
    lines = [frame[0] for frame in frames("ansi")]
    assert len(set(lines)) == len(lines) and "\n" not in "".join(lines)


def test_text_ends_with_the_value_of_the_solution():
    for name, sizes in SMALL.items():
        env = gymnasium.make(name, render_mode="ansi", **sizes)
        env.reset(seed=3)
        terminated = False
        while not terminated:
            _, _, terminated, _, info = env.step(0)
        words = env.render().split("  ")[1].split()
        assert float(words[1]) == pytest.approx(abs(info["cost"]), abs=6e-4), name


def test_no_render_mode_is_a_warning_and_an_unknown_one_too():
    env = gymnasium.make("reprise/TSP-v0").unwrapped
    env.reset()
    with pytest.warns(UserWarning, match="without a render_mode"):
        assert env.render() is None
    with pytest.warns(UserWarning, match="render_mode='human_eye'"):
        env = gymnasium.make("reprise/TSP-v0", render_mode="human_eye").unwrapped
    env.reset()
    with pytest.raises(gymnasium.error.UnsupportedMode, match="known: rgb_array, ansi"):
        env.render()


@pytest.mark.parametrize(
    ("name", "instance", "message"),
    [
        ("MaxCut", {"weights": np.triu(np.ones((6, 6)), 1)}, "symmetric"),
        ("MaxCut", {"weights": np.eye(6)}, "zero diagonal"),
        ("MaxCut", {"weights": np.full((6, 6), np.nan)}, r"numbers in \[-1, 1\]"),
        ("MinCut", {"weights": -np.ones((6, 6))}, r"numbers in \[0, 1\]"),
        ("MaxCut", {"weights": np.ones((5, 5))}, r"expected shape \(1, 6, 6\)"),
        ("MaxCut", {"edges": np.ones((6, 6))}, r"need \['weights'\] \(got \['edges'\]\)"),
        ("CSP", {"scopes": np.zeros((9, 3)), "tables": np.ones((9, 8))}, "must differ"),
        ("TSP", {"points": np.full((6, 2), 7.0)}, "rescale"),
    ],
)
def test_an_instance_that_does_not_fit_is_refused(name, instance, message):
    env = gymnasium.make(f"reprise/{name}-v0", **SMALL[f"reprise/{name}-v0"])
    with pytest.raises(ConstructionError, match=message):
        env.reset(options={"instance": instance})


def test_misuse_is_refused_with_what_to_do():
    env = gymnasium.make("reprise/MaxCut-v0", vertices=2).unwrapped
    with pytest.raises(ConstructionError, match=r"call reset\(\) first"):
        env.step(0)
    with pytest.raises(ConstructionError, match="no option 'instances' \\(known: 'instance'\\)"):
        env.reset(options={"instances": {}})
    env.reset()
    with pytest.raises(ConstructionError, match=r"1 integers in 0\.\.1"):
        env.step(2)
    env.step(1)
    with pytest.raises(ConstructionError, match=r"call reset\(\) first"):
        env.step(0)
    with pytest.raises(ConstructionError, match="leave nothing to decide"):
        gymnasium.make("reprise/MinCut-v0", vertices=2)
    with pytest.raises(ConstructionError, match="1 to 2 different variables"):
        gymnasium.make("reprise/CSP-v0", variables=2)


def test_what_a_rollout_keeps_is_not_overwritten():
    envs = gymnasium.make_vec("reprise/TSP-v0", num_envs=2, cities=5)
    kept = [envs.reset(seed=0)[0]]
    copies = [{key: values.copy() for key, values in kept[0].items()}]
    for action in range(1, 5):
        kept.append(envs.step(np.full(2, action))[0])
        copies.append({key: values.copy() for key, values in kept[-1].items()})
    for observation, copy in zip(kept, copies, strict=True):
        assert_equal(observation, copy)


def test_common_wrappers_work():
    envs = gymnasium.make_vec("reprise/Matching-v0", num_envs=3, workers=4)
    recorded = gymnasium.wrappers.vector.RecordEpisodeStatistics(envs)
    recorded.reset(seed=0)
    for action in range(4):
        _, _, _, _, info = recorded.step(np.full(3, action))
    np.testing.assert_allclose(info["episode"]["r"], -info["cost"], rtol=1e-6)
    env = gymnasium.wrappers.FlattenObservation(gymnasium.make("reprise/Matching-v0", workers=4))
    flat, _ = env.reset(seed=0)
    assert flat.shape == (4 * 4 + 4 + 4,)


def test_the_module_can_stand_in_the_name():
    code = "import gymnasium; gymnasium.make('papers.solution_samplers.environments:reprise/TSP-v0').reset(seed=0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_the_environments_needs_no_torch():
    code = (
        "import sys, gymnasium, papers.solution_samplers.environments as e\n"
        "[gymnasium.make(i) for i in e.IDS]\nassert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
