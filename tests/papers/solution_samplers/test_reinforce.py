import itertools
import os
import signal

import numpy as np
import pytest
import torch

from common.choices import Compute
from common.config import ConfigError, validate
from common.interruption import Interrupted
from common.metrics import Metrics
from papers.solution_samplers.environments.construction import ConstructionError
from papers.solution_samplers.objective import objectives
from papers.solution_samplers.problems import Matching, MaxCut, Tsp
from papers.solution_samplers.reinforce import figures, training
from papers.solution_samplers.reinforce.classical import classical_costs
from papers.solution_samplers.reinforce.exact import optimum
from papers.solution_samplers.reinforce.jobs import Job
from papers.solution_samplers.reinforce.module import gap
from papers.solution_samplers.reinforce.policy import FORBIDDEN, Policy
from papers.solution_samplers.reinforce.policy_gradient import (
    mixed_log_probabilities,
    regulariser,
    sample,
    surrogate,
)
from papers.solution_samplers.reinforce.record import record
from papers.solution_samplers.reinforce.rollout import draw, environment, greedily, play
from papers.solution_samplers.reinforce.run import run
from papers.solution_samplers.reinforce.settings import Reinforce
from papers.solution_samplers.reinforce.views import VIEWS

CPU = torch.device("cpu")
ARMS = objectives(0.3, 0.2)
VALUES = {
    "tasks": {
        "max_cut": {"size": 6, "objectives": ["vanilla", "both"], "steps": 4, "entropy_weight": 0.5},
        "tsp": {"size": 5, "objectives": ["vanilla"], "steps": 4, "entropy_weight": 0.1},
        "matching": {"size": 4, "objectives": ["vanilla"], "steps": 4, "entropy_weight": 0.1},
    },
    "seeds": [0, 1], "width": 6, "rounds": 2, "learning_rate": 0.01, "gradient_clip": 1.0, "instances": 4, "copies": 3,
    "mixture_weight": 0.3, "inverse_temperature": 0.2, "halvings": 1, "held_out": 8, "samples": 4, "checks": 2,
}  # fmt: skip


def settings(**changes):
    return Reinforce.model_validate(VALUES | changes)


def problem(name, instances):
    match name:
        case "max_cut":
            return MaxCut(torch.from_numpy(instances["weights"]).double())
        case "matching":
            return Matching(-torch.from_numpy(instances["weights"]).double())
        case "tsp":
            points = torch.from_numpy(instances["points"]).double()
            return Tsp(torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist"))
    raise AssertionError(name)


@pytest.mark.parametrize(("name", "size"), [("max_cut", 7), ("max_cut", 8), ("tsp", 7), ("matching", 5)])
def test_optima_are_those_of_enumeration(name, size):
    instances = draw(environment(VIEWS[name], size, 1), 3, 12, copies=1)
    oracle = problem(name, instances)
    enumerated = oracle.cost(oracle.solutions()[None]).amin(dim=1)
    np.testing.assert_allclose(optimum(name, instances), enumerated.numpy(), rtol=1e-12)


@pytest.mark.parametrize("name", VIEWS)
def test_classical_methods_never_beat_the_optimum(name):
    instances = draw(environment(VIEWS[name], 6, 1), 1, 10, copies=1)
    best_I = optimum(name, instances)
    costs = classical_costs(name, instances, 30, np.random.default_rng(0))
    for costs_I in costs.values():
        assert (costs_I >= best_I - 1e-9).all()
    strongest = {"max_cut": "one_exchange", "tsp": "best_two_opt", "matching": "hungarian"}[name]
    np.testing.assert_allclose(costs[strongest], best_I, rtol=1e-6)  # six positions: many starts always find it


def test_greedy_matchings_by_hand():
    weights = np.array([[[0.1, 0.5, 0.4], [0.2, 0.9, 0.8], [0.0, 0.3, 0.7]]], dtype=np.float32)
    costs = classical_costs("matching", {"weights": weights}, 1, np.random.default_rng(0))
    assert costs["row_greedy"][0] == pytest.approx(-(0.5 + 0.8 + 0.0))
    assert costs["pair_greedy"][0] == pytest.approx(-(0.9 + 0.7 + 0.1))
    assert costs["hungarian"][0] == pytest.approx(-1.7)


@pytest.mark.parametrize("name", VIEWS)
def test_episodes_are_solutions_at_the_cost_that_the_oracle_sees(name):
    torch.manual_seed(0)
    view = VIEWS[name]
    policy, envs = Policy(view, 6, 2), environment(view, 6, 8)
    instances = draw(envs, 0, 4, copies=2)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        episodes = play(policy, envs, instances, lambda logits: sample(logits, ARMS["both"], generator), CPU)
    solutions = torch.from_numpy(envs.construction.solutions())[:, None]
    assert torch.allclose(episodes.costs_B, problem(name, instances).cost(solutions)[:, 0])
    assert (episodes.logits_TBA.gather(2, episodes.actions_TB[..., None]) > FORBIDDEN / 2).all()
    for values in instances.values():
        assert (values[0::2] == values[1::2]).all()


@pytest.mark.parametrize("name", ["tsp", "matching"])
def test_the_policy_does_not_care_how_cities_and_tasks_are_numbered(name):
    torch.manual_seed(0)
    view, size = VIEWS[name], 6
    policy, envs = Policy(view, 8, 2), environment(view, size, 1)
    instances = draw(envs, 5, 1, copies=1)
    order = np.array([0, 4, 2, 5, 1, 3])
    renamed = (
        {"points": instances["points"][:, order]} if name == "tsp" else {"weights": instances["weights"][:, :, order]}
    )
    with torch.no_grad():
        original, other = (play(policy, envs, given, greedily, CPU) for given in (instances, renamed))
    assert original.costs_B.item() == pytest.approx(other.costs_B.item())
    assert torch.allclose(original.logits_TBA[0][:, order], other.logits_TBA[0], atol=1e-5)
    assert (torch.from_numpy(order)[other.actions_TB] == original.actions_TB).all()


def test_the_mixture_is_a_distribution_and_vanilla_is_softmax():
    logits = torch.randn(5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    logits[2, 1] = FORBIDDEN
    beta, rho = ARMS["both"].mixture_weight, ARMS["both"].inverse_temperature
    expected = (1 - beta) * logits.softmax(-1) + beta * (rho * logits).softmax(-1)
    assert torch.allclose(mixed_log_probabilities(logits, ARMS["both"]).exp(), expected)
    assert torch.allclose(mixed_log_probabilities(logits, ARMS["entropy"]).exp(), logits.softmax(-1))
    assert expected[2, 1] == 0
    uniform = torch.zeros(4, dtype=torch.float64)
    assert regulariser(uniform, ARMS["entropy"]).item() == pytest.approx(-np.log(4))
    assert regulariser(uniform, ARMS["both"]).item() == pytest.approx(-np.log(4) * (1 - beta + beta / rho))


def test_actions_are_drawn_from_the_mixture():
    logits = torch.tensor([2.0, 0.0, FORBIDDEN, -1.0])
    drawn = sample(logits.expand(20_000, -1), ARMS["both"], torch.Generator().manual_seed(1))
    expected = 20_000 * mixed_log_probabilities(logits, ARMS["both"]).exp()
    counts = drawn.bincount(minlength=4)
    assert counts[2] == 0
    used = expected > 0
    assert ((counts - expected)[used] ** 2 / expected[used]).sum() < 13.8  # chi-square, 2 degrees of freedom, p = 0.001


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("name", ["max_cut", "tsp", "matching"])
def test_the_expected_surrogate_gradient_is_the_exact_one(arm, name):
    """All action sequences, weighted by their probability, and all pairs of them as the two copies of an instance."""
    torch.manual_seed(0)
    view, objective, weight = VIEWS[name], ARMS[arm], 0.7
    policy = Policy(view, 4, 1)
    sequences = _sequences(name)
    solutions = len(sequences)
    envs = environment(view, 4 if name == "tsp" else 3, solutions)
    instances = {key: np.repeat(values, solutions, axis=0) for key, values in envs.construction.draw(
        np.random.default_rng(2), 1).items()}  # fmt: skip
    steps = iter(torch.tensor(sequences).T)
    episodes = play(policy, envs, instances, lambda logits: next(steps), CPU)
    log_pi_B = mixed_log_probabilities(episodes.logits_TBA, objective).gather(2, episodes.actions_TB[..., None])
    p_B = log_pi_B[..., 0].sum(dim=0).exp()
    assert p_B.sum().item() == pytest.approx(1)
    penalty_B = (weight if objective.entropy else 0) * regulariser(episodes.logits_TBA, objective).sum(dim=0)
    exact = torch.autograd.grad((p_B * (episodes.costs_B + penalty_B)).sum(), policy.parameters(), retain_graph=True)
    expected = 0.0
    for pair in itertools.product(range(solutions), repeat=2):
        chosen = list(pair)
        estimate = surrogate(
            episodes.logits_TBA[:, chosen], episodes.actions_TB[:, chosen], episodes.costs_B[chosen], 2, weight,
            objective,
        )  # fmt: skip
        expected = expected + p_B[chosen].prod().detach() * estimate
    estimated = torch.autograd.grad(expected, policy.parameters())
    assert max(gradient.abs().max() for gradient in exact) > 1e-4
    for ours, truth in zip(estimated, exact, strict=True):
        assert torch.allclose(ours, truth, rtol=1e-4, atol=1e-5)


def _sequences(name):
    match name:
        case "max_cut":
            return list(itertools.product([0, 1], repeat=2))
        case "tsp":
            return list(itertools.permutations([1, 2, 3]))
    return list(itertools.permutations(range(3)))


def test_gap_is_in_per_cent_of_the_optimum_whatever_its_sign():
    assert gap(torch.tensor([-9.0, 11.0]), torch.tensor([-10.0, 10.0])).tolist() == pytest.approx([10.0, 10.0])


def test_training_learns_to_look_ahead(tmp_path):
    task = {"size": 5, "objectives": ["vanilla"], "steps": 60, "entropy_weight": 0.1}
    chosen = settings(tasks={"matching": task}, instances=16, copies=6, width=12, held_out=64)
    job = Job(chosen, "matching", "vanilla", 0, 1)
    controls = training.controls(Job(chosen, "matching", None, 0, 1), tmp_path)
    trained = training.train(job, tmp_path)
    assert trained["greedy_gap"] < controls["classical"]["row_greedy"]
    assert trained["greedy_gap"] < controls["untrained"]["greedy_gap"]
    assert trained["sampled_gap"] < controls["untrained"]["sampled_gap"]
    assert trained["gaps"][0] > trained["gaps"][-1] and trained["steps"] == [0, 30, 60]


def test_an_interrupted_run_ends_as_an_uninterrupted_one(tmp_path, monkeypatch):
    job = Job(settings(), "max_cut", "both", 0, 1)
    whole = training.train(job, tmp_path / "whole")
    original, calls = training.ReinforceModule.training_step, []

    def stopping(module, batch):
        calls.append(module.global_step)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(module, batch)

    monkeypatch.setattr(training.ReinforceModule, "training_step", stopping)
    with pytest.raises(Interrupted):
        training.train(job, tmp_path / "parts")
    resumed = training.train(job, tmp_path / "parts")
    assert calls == [0, 1, 2, 3]
    assert {**whole, "seconds": 0} == {**resumed, "seconds": 0}


def test_the_whole_experiment_twice_gives_the_same_metrics_and_figures(tmp_path, monkeypatch):
    few = settings(seeds=[0], tasks={name: VALUES["tasks"][name] for name in ("max_cut", "tsp")})
    found = []
    for name in ("one", "two"):
        monkeypatch.setattr("common.scratch.ROOT", tmp_path / name)
        data = run(few, Compute(workers=1, threads=1))
        assert data.pop("seconds").keys() >= {"max_cut both 0", "tsp controls 0"}
        metrics = Metrics()
        record(metrics, data)
        metrics.write(tmp_path / name)
        figures.draw(data, tmp_path / name)
        found.append({file.name: file.read_bytes() for file in (tmp_path / name).iterdir() if file.is_file()})
    assert found[0] == found[1]
    assert {"metrics.json", "samples.json", "reinforce_curves.svg", "reinforce_gaps.svg"} == found[0].keys()
    assert b'"reinforce.max_cut.both.sampled_gap"' in found[0]["samples.json"]
    assert b'"reinforce.tsp.two_opt.gap"' in found[0]["samples.json"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tasks": VALUES["tasks"] | {"tsp": VALUES["tasks"]["tsp"] | {"size": 17}}}, "up to 16 \\(got 17\\)"),
        ({"tasks": VALUES["tasks"] | {"tsp": VALUES["tasks"]["tsp"] | {"objectives": ["both"]}}}, "vanilla must be"),
        ({"tasks": {"knapsack": VALUES["tasks"]["tsp"]}}, "knapsack"),
        ({"checks": 5}, "fewer than the 5 checks"),
        ({"copies": 1}, "copies"),
    ],
)
def test_settings_that_cannot_run_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        validate(Reinforce, VALUES | changes, "params.yaml")


def test_play_refuses_instances_of_another_size():
    envs = environment(VIEWS["tsp"], 5, 4)
    with pytest.raises(ConstructionError, match="expected shape"):
        play(Policy(VIEWS["tsp"], 4, 1), envs, draw(envs, 0, 3, copies=1), greedily, CPU)
