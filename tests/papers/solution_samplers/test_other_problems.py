"""Experiment 5: its descent against closed forms, its controls against enumeration, and all of it at a tiny scale."""

import copy

import pytest
import torch
from pydantic import ValidationError

from common.choices import Compute
from common.metrics import Metrics
from papers.solution_samplers.objective import objectives
from papers.solution_samplers.other_problems.constants import completeness, variance_constant
from papers.solution_samplers.other_problems.descent import descend, exact_gradient, normal
from papers.solution_samplers.other_problems.double_star import compare
from papers.solution_samplers.other_problems.exact import Scaled, choose, quality, solve
from papers.solution_samplers.other_problems.figures import draw
from papers.solution_samplers.other_problems.local_search import local_search
from papers.solution_samplers.other_problems.prior import generalise, reference
from papers.solution_samplers.other_problems.quasar import follow
from papers.solution_samplers.other_problems.record import record
from papers.solution_samplers.other_problems.run import run
from papers.solution_samplers.other_problems.settings import OtherProblems
from papers.solution_samplers.problems import PROBLEMS, make

TINY = {
    "exact": {
        "sizes": {"min_cut": 5, "csp": 4, "matching": 4, "tsp": 5}, "instances": 3, "seed": 0, "tuning_instances": 2,
        "tuning_seed": 1000, "rates": {"gd": [0.1, 0.3], "adam": [0.03, 0.1]}, "initial_sd": 0.01, "iterations": 60,
        "cost_sd": 3.6, "entropy_weight": 10.0, "halve_every": 6, "mixture_weight": 0.2, "inverse_temperature": 0.03,
        "restarts": 4, "watch_every": 20,
    },
    "prior": {
        "vertices": 4, "training_graphs": [2, 20], "held_out_graphs": 10, "seeds": [0, 1], "entropy_weight": 1.0,
        "mixture_weight": 0.2, "inverse_temperature": 0.03, "rate": 0.3, "iterations": 300,
    },
    "double_star": {
        "rate": 0.2, "iterations": 800, "starts_per_side": 4, "stuck_means": [0.9, 0.6], "stuck_weights": [1.0, 1.5],
        "entropy_weight": 0.2, "mixture_weight": 0.2, "inverse_temperature": 0.1, "path_points": 10,
    },
    "completeness": {"gaps": [0.2, 0.02], "failure": 0.1},
    "constants": {"max_cut": [4], "min_cut": [5], "csp": [4], "matching": [4, 5], "tsp": [5, 6]},
    "quasar": {
        "vertices": 5, "instances": 3, "seed": 0, "entropy_weight": 1.0, "mixture_weight": 0.2,
        "inverse_temperature": 0.03, "rate": 0.1, "iterations": 100, "initial_sds": {"near": 0.01, "far": 3.0},
        "objectives": ["vanilla", "entropy", "both"], "watch_every": 10, "least_excess": 1.0e-6,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def tiny():
    return OtherProblems.model_validate(TINY)


# --- descent ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["gd", "adam"])
def test_descent_takes_torchs_steps(optimizer):
    start_RP, target_RP = normal((3, 4), 0), normal((3, 4), 1)
    *_, (steps, found_RP) = descend(start_RP, lambda theta_RP, _: theta_RP - target_RP, optimizer, 0.1, 5)
    theta_RP = start_RP.clone().requires_grad_()
    update = {"gd": torch.optim.SGD, "adam": torch.optim.Adam}[optimizer]([theta_RP], lr=0.1)
    for _ in range(5):
        theta_RP.grad = (theta_RP - target_RP).detach()
        update.step()
    assert steps == 5
    assert torch.allclose(found_RP, theta_RP.detach(), atol=1e-12)


def test_every_run_has_its_own_rate():
    rates_R1 = torch.tensor([[0.0], [0.5]]).double()
    *_, (_, found_RP) = descend(torch.ones(2, 1).double(), lambda theta_RP, _: theta_RP, "gd", rates_R1, 2)
    assert found_RP.flatten().tolist() == [1.0, 0.25]


def test_descent_ends_at_the_minimiser_for_every_problem():
    for name in PROBLEMS:
        problem = make(name, count=2, size=5, seed=0)
        instances = Scaled.of(problem, 1.0)
        scale_B1 = 1 / problem.variance(problem.costs_BF).sqrt()[:, None]
        gradient = exact_gradient(
            instances.features_SF, instances.costs_BS, objectives(0.2, 0.1)["both"], lambda _: 1.0
        )
        *_, (_, weights_BF) = descend(torch.zeros(2, problem.features).double(), gradient, "gd", 0.5, 400)
        assert torch.allclose(weights_BF, -scale_B1 * problem.costs_BF, atol=1e-4), name


# --- one instance at a time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROBLEMS)
def test_scaled_costs_have_the_standard_deviation_asked_for(name):
    instances = Scaled.of(make(name, count=3, size=5, seed=0), 3.6)
    assert instances.costs_BS.std(dim=1, correction=0).tolist() == pytest.approx([3.6] * 3)


def test_quality_of_the_optimal_and_of_the_opposite_weights():
    problem = make("csp", count=2, size=5, seed=0)
    instances = Scaled.of(problem, 1.0)
    best, worst = (quality(instances, sign * 100 * problem.costs_BF) for sign in (-1, 1))
    assert best.success_R.tolist() == [True, True]
    assert best.probability_R.tolist() == pytest.approx([1, 1])
    assert best.gap_R.tolist() == pytest.approx([0, 0], abs=1e-9)
    assert worst.success_R.tolist() == [False, False]
    ranges_B = instances.costs_BS.max(dim=1).values - instances.costs_BS.min(dim=1).values
    assert worst.gap_R.tolist() == pytest.approx(ranges_B.tolist())


@pytest.mark.parametrize(
    ("solved", "gaps", "best"),
    [([1, 2, 2], [0.1, 0.4, 0.3], 2), ([1, 1, 0], [0.2, 0.2, 0.0], 0), ([0, 0], [1, 0.5], 1)],
)
def test_the_rate_that_solves_most_is_chosen_and_cost_breaks_ties(solved, gaps, best):
    assert choose(torch.tensor(solved), torch.tensor(gaps)) == best


def test_a_useless_rate_is_not_taken(tiny):
    exact = tiny.exact.model_copy(update={"rates": {"adam": (1e-6, 0.1)}})
    found = solve(exact, "tsp", "adam", "both")
    assert found["rate"] == 0.1
    assert found["tuning"]["gap"][1] < found["tuning"]["gap"][0]
    assert found["success"] == [1.0, 1.0, 1.0]
    assert len(found["curve"]) == 4
    assert found["curve"][-1] == pytest.approx(sum(found["probability"]) / 3, abs=1e-6)


@pytest.mark.parametrize("name", PROBLEMS)
def test_local_search_ends_in_local_optima(name):
    problem = make(name, count=2, size=6, seed=0)
    solutions_SN = problem.solutions()
    costs_BS = problem.cost(solutions_SN[None])
    around = problem.neighbours(solutions_SN)
    best_around_BS = problem.cost(around.flatten(0, 1)[None]).view(2, len(solutions_SN), -1).min(dim=2).values
    local_BS = costs_BS <= best_around_BS + 1e-12
    for costs_S, local_S, found_C in zip(costs_BS, local_BS, local_search(problem, 20, seed=0), strict=True):
        assert set(found_C.numpy().round(9)) <= set(costs_S[local_S].numpy().round(9))
        assert found_C.min() == pytest.approx(costs_S.min().item())


# --- the theory's constants ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_corrected_variance_constant_is_exact(name):
    found = variance_constant(name, 5)
    assert found["measured"] == pytest.approx(found["corrected"], rel=1e-9)
    holds_as_stated = found["on_stated_space"] == pytest.approx(found["stated"], rel=1e-9)
    assert holds_as_stated == (name in {"csp", "matching"})


@pytest.mark.parametrize("name", PROBLEMS)
def test_completeness_ratios_lie_between_zero_and_one(tiny, name):
    ratios = completeness(tiny.completeness, make(name, count=3, size=5, seed=0))
    assert [len(ratio) for ratio in ratios] == [3, 3]
    assert all(0 <= value <= 1 for ratio in ratios for value in ratio)


# --- prior, double star, quasar-convexity -----------------------------------------------------------------------------


def test_one_w_comes_nearer_to_its_optimum_with_more_graphs(tiny):
    found = generalise(tiny.prior, seed=0)
    few, many = found["both"]["2"], found["both"]["20"]
    assert few["rank"] == 2
    assert few["cosine"] < 0.7
    assert many["cosine"] > 0.95
    assert many["held_out_excess"] < few["held_out_excess"]
    controls = reference(tiny.prior, seed=0)
    assert controls["optimum"]["held_out_excess"] == pytest.approx(0, abs=1e-12)
    assert controls["optimum"]["held_out_success"] == 1
    assert controls["untrained"]["held_out_gap"] > many["held_out_gap"]


def test_only_the_papers_objective_leaves_the_bad_optimum_of_the_double_star(tiny):
    found = compare(tiny.double_star)
    assert [cuts[-1] for cuts in found["product"]["cut"]] == pytest.approx([4, 4])
    assert {name: arm["mode"] for name, arm in found["exponential"].items()} == {
        "vanilla": [4, 4], "mixture": [4, 4], "entropy": [4, 4], "both": [5, 5],
    }  # fmt: skip
    assert set(torch.tensor(found["plane"]["cut"]).round().tolist()) == {4, 5}


def test_far_from_the_minimum_the_mixture_keeps_the_ratio_up(tiny):
    least = {name: follow(tiny.quasar, name, "far")["least"] for name in ("entropy", "both")}
    assert all(both > entropy > 0 for both, entropy in zip(least["both"], least["entropy"], strict=True))


# --- all of it -------------------------------------------------------------------------------------------------------


def test_run_record_and_draw(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("common.scratch.ROOT", tmp_path)
    first = run(tiny, Compute(workers=1, threads=1))
    again = run(tiny, Compute(workers=1, threads=1))  # now from what the first one has kept
    assert first == again
    assert set(first["seconds"]) == {
        "exact", "prior", "quasar", "controls", "completeness", "constants", "double_star",
    }  # fmt: skip
    metrics = Metrics()
    record(metrics, first)
    metrics.write(tmp_path)
    draw(first, tmp_path)
    figures = sorted(file.stem.removeprefix("other_problems_") for file in tmp_path.glob("*.svg"))
    assert figures == ["curves", "double_star", "prior", "quasar", "success"]


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [("tuning_seed", 0, "seed and tuning_seed must differ"), ("sizes", {"sat": 5}, "Input should be 'max_cut'")],
)
def test_settings_refuse(key, value, complaint):
    values = copy.deepcopy(TINY)
    values["exact"][key] = value
    with pytest.raises(ValidationError, match=complaint):
        OtherProblems.model_validate(values)
