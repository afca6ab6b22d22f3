"""Large graphs: gradients of chains against enumeration, the training loop, and the experiment end to end."""

import json
import warnings
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from common.choices import Compute
from common.config import overlay
from common.metrics import Metrics
from papers.solution_samplers.graphs import Graph, regular_graphs
from papers.solution_samplers.large_graphs import experiment, figures, record
from papers.solution_samplers.large_graphs.arms import learner
from papers.solution_samplers.large_graphs.batch import Batch
from papers.solution_samplers.large_graphs.policies import Draw, IsingPolicy, NetPolicy
from papers.solution_samplers.large_graphs.run import Run, _warn_of_stuck_chains, run
from papers.solution_samplers.large_graphs.settings import Arm, LargeGraphs, Models
from papers.solution_samplers.large_graphs.training import Annealing, follow, known_optimum, policy_gradient
from papers.solution_samplers.objective import linear_gradient, objectives
from papers.solution_samplers.samplers.diagnostics import MixingWarning
from papers.solution_samplers.samplers.gibbs import IsingGibbs
from papers.solution_samplers.samplers.mala import Mala
from papers.solution_samplers.samplers.net_gibbs import NetGibbs
from papers.solution_samplers.scores import HomogeneousNet

MODELS = {"deviation": 0.1, "hidden": [6, 4], "width": 4, "rounds": 1, "mala_step": 0.1, "ladder": [0.3, 1.0]}
RATES = {"vanilla": [0.1], "both": [0.1]}
ARM = {"chains": 8, "slow_chains": 8, "sweeps": 1, "entropy_weight": 5, "learning_rates": RATES}
SECTION = {
    "vertices": 12,
    "degrees": [3],
    "seeds": [0, 1],
    "tuning_seeds": [100],
    "arms": {
        "linear_gibbs": ARM
        | {"model": "linear", "sampler": "gibbs", "learning_rates": {"vanilla": [0.1], "both": [0.03, 0.1]}},
        "linear_tempering": ARM | {"model": "linear", "sampler": "tempering"},
        "graph_gibbs": ARM | {"model": "graph", "sampler": "gibbs"},
        "net_gibbs": ARM | {"model": "net", "sampler": "gibbs"},
        "net_mala": ARM | {"model": "net", "sampler": "mala"},
    },
    "models": MODELS,
    "iterations": 24,
    "halve_every": 8,
    "mixture_weight": 0.2,
    "inverse_temperature": 0.3,
    "converged_at": 12,
    "window": 4,
    "lines": {
        "exchange_starts": 2,
        "tabu_moves": 20,
        "tabu_starts": 2,
        "hyperplanes": 4,
        "mean_field_steps": 3,
        "mean_field_samples": 4,
        "mean_field_rate": 1.0,
        "mean_field_restart": 2,
    },
}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def graphs():
    return [
        Graph.of("weighted", 4, np.array([[0, 0, 1, 2], [1, 2, 2, 3]]), np.array([1.0, -2.0, 0.5, 3.0])),
        Graph.of("path", 3, np.array([[0, 1], [1, 2]])),
    ]


def spins(chains: int, vertices: int) -> torch.Tensor:
    return torch.randint(2, (chains, vertices), generator=seeded(5)).mul(2).sub(1).float()


def test_scores_and_cuts_of_a_batch_are_those_of_its_graphs(graphs):
    batch, spins_CN = Batch(graphs), spins(5, 7)
    couplings_E = torch.randn(6, generator=seeded(1))
    parts = spins_CN[:, :4], spins_CN[:, 4:]
    for row, (graph, part, own) in enumerate(zip(graphs, parts, couplings_E.split([4, 2]), strict=True)):
        low, high = graph.edges_2E
        assert torch.allclose(batch.scores(spins_CN, couplings_E)[row], (part[:, low] * part[:, high]) @ own)
        assert torch.allclose(batch.cuts(spins_CN)[row].double(), graph.cut(part))


def test_gradient_of_the_scores_is_that_of_the_dense_product(graphs):
    batch, spins_CN = Batch(graphs), spins(5, 7)
    couplings_E = torch.randn(6, generator=seeded(1), requires_grad=True)
    outer_BC = torch.randn(2, 5, generator=seeded(2))
    (batch.scores(spins_CN, couplings_E) * outer_BC).sum().backward()
    low, high = batch.edges_2E
    products_CE = spins_CN[:, low] * spins_CN[:, high]
    assert torch.allclose(couplings_E.grad, (products_CE * outer_BC[batch.graph_E].T).sum(0), atol=1e-6)


@pytest.mark.parametrize("name", ["vanilla", "mixture", "entropy", "both"])
def test_sampled_gradient_is_lemma_5_up_to_noise(name):
    """Chains on a graph of 6 vertices against enumeration; Adam leaves the gradient that it used in place."""
    graph = regular_graphs(1, 6, 3, 0)[0]
    batch, chains, weight = Batch([graph]), 40_000, 0.7
    couplings_E = nn.Parameter(0.3 * torch.randn(9, generator=seeded(1)))
    fast, slow = (IsingGibbs(batch.edges_2E, 6, chains, seeded(seed)) for seed in (2, 3))
    objective = objectives(0.4, 0.5)[name]
    policy = IsingPolicy(batch, lambda: couplings_E, [couplings_E], fast, slow, 0.5)
    policy_gradient(policy, objective, 1e-6, sweeps=30)(policy.fast(30), weight)
    states_S6 = torch.tensor(list(product((-1.0, 1.0), repeat=6)), dtype=torch.float64)
    features_SE = states_S6[:, graph.edges_2E[0]] * states_S6[:, graph.edges_2E[1]]
    costs_1E = torch.full((1, 9), 0.5, dtype=torch.float64)
    start_1E = (0.3 * torch.randn(9, generator=seeded(1))).double()[None]
    exact_E = linear_gradient(features_SE, start_1E, costs_1E, weight, objective)[0]
    assert exact_E.abs().max() > 0.1
    assert torch.allclose(couplings_E.grad.double(), exact_E, atol=0.04)


def test_at_the_known_optimum_the_sampled_gradient_is_zero_not_just_small(graphs):
    """Cost plus lambda times score is then one constant for all solutions."""
    batch, weight = Batch(graphs), 0.5
    couplings_E = nn.Parameter(torch.zeros(6))
    known_optimum(couplings_E.data, batch.weights_E / 2)(None, weight)
    assert torch.allclose(couplings_E, -batch.weights_E / (2 * weight))
    chains = [IsingGibbs(batch.edges_2E, 7, 16, seeded(seed)) for seed in (0, 1)]
    policy = IsingPolicy(batch, lambda: couplings_E, [couplings_E], *chains, 0.3)
    policy_gradient(policy, objectives(0.2, 0.3)["both"], 1e-6, sweeps=2)(policy.fast(2), weight)
    assert couplings_E.grad.abs().max() < 1e-5


class Replay:
    """A policy whose draws are given."""

    def __init__(self, costs_TBC):
        self._costs = iter(costs_TBC)
        self._count = 0

    def fast(self, sweeps):
        costs_BC = next(self._costs)
        self._count += 1
        return Draw(torch.full((costs_BC.shape[1], 5), float(self._count)), costs_BC, costs_BC)


def test_follow_keeps_the_best_solution_of_every_instance():
    costs_TBC = torch.tensor([[[3.0, 2.0], [0.0, 1.0]], [[1.0, 5.0], [2.0, 3.0]], [[4.0, 4.0], [-1.0, 3.0]]])
    weights = []
    trace = follow(Replay(costs_TBC), lambda draw, weight: weights.append(weight), Annealing(3, 8.0, 1, 1), [2, 3])
    assert weights == [8.0, 4.0, 2.0]
    assert trace.best_B.tolist() == [1.0, -1.0]
    assert [part.tolist() for part in trace.best] == [[2.0, 2.0], [3.0, 3.0, 3.0]]
    assert torch.equal(trace.costs_TBC, costs_TBC)


@pytest.mark.parametrize("sampler", ["gibbs", "mala"])
def test_slow_part_of_the_net_is_nearly_uniform_and_scaled_by_rho_cubed(sampler):
    batch = Batch(regular_graphs(2, 6, 3, 0))
    net = HomogeneousNet(2, (6, 5, 4, 1), seeded(0))
    chains = NetGibbs(2, 6, 300, seeded(1)) if sampler == "gibbs" else Mala(6, 600, 0.1, seeded(1))
    policy = NetPolicy(batch, net, chains, 300, 0.1, seeded(2))
    draw = policy.slow(3)
    assert set(draw.solutions_CN.unique().tolist()) == {-1.0, 1.0}
    assert draw.solutions_CN.mean(0).abs().max() < 0.25
    if sampler == "gibbs":
        spins_BCP = draw.solutions_CN.unflatten(1, (2, 6)).transpose(0, 1)
        assert torch.allclose(draw.scores_BC, 1e-3 * net(spins_BCP), atol=1e-7)
    assert policy.fast(2).costs_BC.shape == (2, 300)


@pytest.mark.parametrize("model", ["linear", "graph"])
def test_training_finds_the_largest_cut_of_small_graphs(model):
    graphs = regular_graphs(3, 10, 3, 7)
    arm = Arm.model_validate(ARM | {"model": model, "sampler": "gibbs", "chains": 32})
    batch = Batch(graphs)
    policy = learner(arm, Models.model_validate(MODELS), batch, 0.3, seeded(0))
    update = policy_gradient(policy, objectives(0.2, 0.3)["both"], 0.05, 1)
    trace = follow(policy, update, Annealing(120, 5.0, 20, 1), batch.vertex_counts)
    states = np.array(list(product((-1, 1), repeat=10)))
    assert (-trace.best_B).tolist() == [graph.cut(states).max() for graph in graphs]
    for graph, best, spins_N in zip(graphs, trace.best_B, trace.best, strict=True):
        assert graph.cut(spins_N) == -best
    expected_B = -trace.costs_TBC[-10:].mean((0, 2))
    assert (expected_B > 0.9 * -trace.best_B).all()


def test_normalised_cut_is_zero_for_a_random_cut():
    graph = regular_graphs(1, 200, 4, 0)[0]
    assert experiment.normalised_cut(len(graph.weights_E) / 2, 200, 4) == 0
    assert experiment.normalised_cut(len(graph.weights_E), 200, 4) == 1


def test_stuck_chains_are_shown_and_warned_about():
    stuck_TBC = torch.arange(4.0).expand(8, 1, 4)
    measures = experiment.mixing(stuck_TBC, 8)
    assert measures["r_hat"] == [[experiment.R_HAT_CEILING]]
    job = Run(LargeGraphs.model_validate(SECTION), 3, "linear_gibbs", "both", 0.1)
    with pytest.warns(MixingWarning, match="the chains of 1 of 1 runs do not mix"):
        _warn_of_stuck_chains({job: measures})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tuning_seeds": [1]}, "must be disjoint"),
        ({"degrees": [3], "vertices": 13}, "no 3-regular graph has 13 vertices"),
        ({"converged_at": 2}, "need window <= converged_at"),
        ({"arms": {"graph_gibbs": {"sampler": "mala"}}}, "a graph model has gibbs or tempering"),
        ({"arms": {"net_mala": {"learning_rates": {"both": []}}}}, "at least 1 item"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        LargeGraphs.model_validate(overlay(SECTION, changes))


@pytest.fixture
def once(tmp_path, monkeypatch):
    """Run the tiny experiment with a scratch folder of its own; each call starts afresh."""

    def go(name):
        monkeypatch.setattr("common.scratch.ROOT", tmp_path / name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MixingWarning)  # eight iterations at each lambda are too few to mix
            return run(LargeGraphs.model_validate(SECTION), Compute(workers=1, threads=1))

    return go


def test_experiment_end_to_end(once, tmp_path):
    data = once("first")
    again = once("second")
    data.pop("seconds"), again.pop("seconds")
    assert json.dumps(data, sort_keys=True, allow_nan=False) == json.dumps(again, sort_keys=True)
    arms = data["degrees"]["3"]["arms"]
    assert arms["linear_gibbs"]["rates"]["both"] in {0.03, 0.1}
    assert set(arms["linear_gibbs"]["tuning"]["both"]) == {"0.03", "0.1"}
    assert arms["linear_gibbs"]["runs"]["both"] == arms["linear_gibbs"]["shared_rate"]["both"]
    assert set(arms["net_mala"]["runs"]) == {"vanilla", "both", "untrained"}
    assert "known_optimum" in arms["linear_tempering"]["runs"]
    metrics = Metrics()
    record.record(metrics, data)
    metrics.write(tmp_path)
    samples = json.loads((tmp_path / "samples.json").read_text())
    for path in ("linear_gibbs.shared_rate.vanilla.expected", "graph_gibbs.both.best", "lines.tabu"):
        assert len(samples[f"large_graphs.d3.{path}"]) == 2
    assert samples["large_graphs.d3.lines.tabu"] >= samples["large_graphs.d3.lines.greedy"]
    figures.draw(data, tmp_path / "figures")
    drawn = {file.name: file.stat().st_size for file in (tmp_path / "figures").iterdir()}
    assert set(drawn) == {f"large_graphs_{what}_d3.svg" for what in ("curves", "final", "mixing", "rates")}
    assert max(drawn.values()) < 300_000
