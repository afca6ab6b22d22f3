"""Best known solutions: the tour sampler against brute force, local search, and the experiment end to end."""

import json
from itertools import permutations

import numpy as np
import pytest
import torch
from torch import nn

from common.choices import Compute
from common.config import overlay
from common.metrics import Metrics
from papers.solution_samplers.best_known import figures, record
from papers.solution_samplers.best_known.cuts import polish
from papers.solution_samplers.best_known.run import run
from papers.solution_samplers.best_known.settings import BestKnown
from papers.solution_samplers.best_known.tours import TourPolicy, measure_tour, scaled_costs
from papers.solution_samplers.classical import nearest_neighbour
from papers.solution_samplers.graphs import regular_graphs
from papers.solution_samplers.large_graphs.training import Annealing, follow, known_optimum, policy_gradient
from papers.solution_samplers.objective import linear_gradient, objectives
from papers.solution_samplers.tsplib import Tsp, read_tsplib

ARM = {"model": "linear", "sampler": "gibbs", "chains": 8, "slow_chains": 8, "sweeps": 1, "entropy_weight": 10}
SECTION = {
    "mixture_weight": 0.2,
    "inverse_temperature": 0.03,
    "cuts": {
        "graphs": ["G14"],
        "seeds": [0, 1],
        "iterations": 6,
        "halve_every": 2,
        "arms": {"linear": ARM | {"learning_rates": {"vanilla": [0.1], "both": [0.1]}}},
        "models": {
            "deviation": 0.01,
            "hidden": [6, 4],
            "width": 4,
            "rounds": 1,
            "mala_step": 0.1,
            "ladder": [0.3, 1.0],
        },
        "work": {
            "greedy_starts": 2,
            "tabu_starts": 1,
            "tabu_moves_per_edge": 0.1,
            "hyperplanes": 4,
            "mean_field_steps": 2,
            "mean_field_samples": 4,
            "mean_field_rate": 1.0,
            "mean_field_restart": 2,
        },
    },
    "tours": {
        "instances": ["burma14"],
        "seeds": [0, 1],
        "policy": {
            "chains": 16,
            "slow_chains": 16,
            "proposals_per_city": 10,
            "iterations": 60,
            "halve_every": 6,
            "entropy_weight": 2,
            "learning_rates": {"both": 0.1},
        },
        "work": {"two_opt_starts": 3, "routing_solutions": 5},
    },
}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def tsp():
    points = np.random.default_rng(3).random((6, 2))
    distances = np.rint(100 * np.linalg.norm(points[:, None] - points, axis=2)).astype(np.int64)
    return Tsp("six", distances, None, points)


def all_tours(cities: int) -> torch.Tensor:
    return torch.tensor([(0, *rest) for rest in permutations(range(1, cities))])


def test_scores_and_costs_of_tours_are_sums_over_their_edges(tsp):
    costs_NN = scaled_costs(tsp)
    pairs = list(zip(*np.triu_indices(6, 1), strict=True))
    weights_P = nn.Parameter(torch.randn(15, generator=seeded(0)))
    policy = TourPolicy(costs_NN, weights_P, (4, 4), 0.5, seeded(1))
    by_pair = dict(zip(pairs, weights_P.tolist(), strict=True))
    for draw, scale in ((policy.fast(20), 1.0), (policy.slow(20), 0.5)):
        for chain, tour in enumerate(draw.solutions_CN.tolist()):
            steps = [tuple(sorted(step)) for step in zip(tour, tour[1:] + tour[:1], strict=True)]
            assert draw.scores_BC[0, chain].item() == pytest.approx(scale * sum(map(by_pair.get, steps)), abs=1e-5)
        ratio_C = draw.costs_BC[0] / torch.from_numpy(tsp.length(draw.solutions_CN.numpy()))
        assert torch.allclose(ratio_C, ratio_C[0].expand_as(ratio_C))


def test_sampled_gradient_is_lemma_5_up_to_noise(tsp):
    costs_NN, pairs = scaled_costs(tsp), torch.triu_indices(6, 6, 1)
    start_P = 0.5 * torch.randn(15, generator=seeded(0))
    weights_P = nn.Parameter(start_P.clone())
    objective = objectives(0.4, 0.5)["both"]
    policy = TourPolicy(costs_NN, weights_P, (8_000, 8_000), 0.5, seeded(1))
    policy_gradient(policy, objective, 1e-6, sweeps=60)(policy.fast(60), 0.7)
    tours = all_tours(6)
    steps = torch.stack([tours, tours.roll(-1, 1)]).sort(0).values
    features_SP = (steps[0][:, :, None] == pairs[0]).logical_and(steps[1][:, :, None] == pairs[1]).sum(1).double()
    costs_1P = costs_NN[tuple(pairs)].double()[None]
    exact_P = linear_gradient(features_SP, start_P.double()[None], costs_1P, 0.7, objective)[0]
    assert exact_P.abs().max() > 0.1
    assert torch.allclose(weights_P.grad.double(), exact_P, atol=0.05)


def test_at_the_known_optimum_the_sampled_gradient_is_zero_not_just_small(tsp):
    costs_NN = scaled_costs(tsp)
    costs_P = costs_NN[tuple(torch.triu_indices(6, 6, 1))]
    weights_P = nn.Parameter(torch.zeros(15))
    known_optimum(weights_P.data, costs_P)(None, 0.5)
    policy = TourPolicy(costs_NN, weights_P, (16, 16), 0.3, seeded(1))
    policy_gradient(policy, objectives(0.2, 0.3)["both"], 1e-6, sweeps=20)(policy.fast(20), 0.5)
    assert weights_P.grad.abs().max() < 1e-5


def test_training_finds_the_shortest_of_all_tours(tsp):
    weights_P = nn.Parameter(torch.zeros(15))
    policy = TourPolicy(scaled_costs(tsp), weights_P, (32, 32), 0.1, seeded(1))
    update = policy_gradient(policy, objectives(0.2, 0.1)["both"], 0.1, 30)
    trace = follow(policy, update, Annealing(80, 1.0, 10, 30), [6])
    shortest = tsp.length(all_tours(6).numpy()).min()
    assert tsp.length(trace.best[0].numpy()) == shortest
    last = tsp.length(trace.last_CN.numpy())
    assert np.median(last) == shortest


def test_scaled_costs_have_a_nearest_neighbour_tour_of_one_per_city():
    tsp = read_tsplib("burma14")
    tour = nearest_neighbour(tsp, 0).cities_N
    assert scaled_costs(tsp)[tour, np.roll(tour, -1)].sum().item() == pytest.approx(14, abs=1e-4)


def test_annealing_the_known_optimum_solves_burma14():
    settings = BestKnown.model_validate(SECTION)
    assert measure_tour(settings, "burma14", "known_optimum", 0)["length"] == 3323


def test_polishing_ends_where_no_single_vertex_gains():
    graph = regular_graphs(1, 40, 3, 0)[0]
    spins_CN = np.random.default_rng(0).choice([-1, 1], (5, 40))
    cut = polish(graph, spins_CN)
    assert cut.value >= graph.cut(spins_CN).max()
    flipped = cut.spins_N * (1 - 2 * np.eye(40))
    assert graph.cut(flipped).max() <= cut.value


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cuts": {"arms": {"linear": {"learning_rates": {"both": [0.1, 0.2]}}}}}, "nothing is tuned on these graphs"),
        ({"cuts": {"arms": {"linear": {"model": "graph"}}}}, "no arm called linear with the linear model"),
        ({"cuts": {"graphs": ["G1", "G1"]}}, "repeated: G1"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        BestKnown.model_validate(overlay(SECTION, changes))


def test_experiment_end_to_end(tmp_path, monkeypatch):
    settings = BestKnown.model_validate(SECTION)
    found = []
    for attempt in ("first", "second"):
        monkeypatch.setattr("common.scratch.ROOT", tmp_path / attempt)
        found.append(run(settings, Compute(workers=1, threads=1)))
        assert found[-1].pop("seconds")["G14.tabu"] > 0
    data, again = found
    assert json.dumps(data, sort_keys=True, allow_nan=False) == json.dumps(again, sort_keys=True)
    methods = data["cuts"]["G14"]["methods"]
    assert {"linear_vanilla", "linear_both", "known_optimum", "untrained", "tabu", "annealing"} <= set(methods)
    for gaps in methods.values():
        assert all(0 <= after <= before for after, before in zip(gaps["polished"], gaps["seen"], strict=True))
    metrics = Metrics()
    record.record(metrics, data)
    metrics.write(tmp_path)
    samples = json.loads((tmp_path / "samples.json").read_text())
    assert samples["best_known.cuts.g14.published.pi_gnn"] == [pytest.approx(100 * (3064 - 3026) / 3064)]
    assert samples["best_known.cuts.all.tabu.seen"] == samples["best_known.cuts.g14.tabu.seen"]
    assert samples["best_known.tours.burma14.known_optimum.seen"] == [0, 0]
    figures.draw(data, tmp_path / "figures")
    drawn = {file.name: file.stat().st_size for file in (tmp_path / "figures").iterdir()}
    assert set(drawn) == {"best_known_cuts.svg", "best_known_tours.svg"}
    assert max(drawn.values()) < 300_000
