import itertools
import json

import numpy as np
import pytest
import torch

from common.choices import Compute
from common.config import ConfigError, validate
from common.metrics import Metrics
from papers.solution_samplers.graphs import Graph, random_graphs
from papers.solution_samplers.objective import linear_gradient, loss, objectives
from papers.solution_samplers.scores import HomogeneousNet, LinearScore
from papers.solution_samplers.small_graphs import figures
from papers.solution_samplers.small_graphs.enumeration import Halves
from papers.solution_samplers.small_graphs.linear import LinearSamplers
from papers.solution_samplers.small_graphs.net import NetSamplers
from papers.solution_samplers.small_graphs.record import rate_name, record
from papers.solution_samplers.small_graphs.run import run
from papers.solution_samplers.small_graphs.settings import Method, SmallGraphs
from papers.solution_samplers.small_graphs.training import descend, outcome, slow_share

RHO = 0.3
ARMS = objectives(0.2, RHO)
SINGLE = {"rtol": 2e-4, "atol": 2e-5}
"""How far float32 kernels may be from float64."""


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def costs_of(vertices, count=3, seed=0):
    return Halves(vertices).costs(random_graphs(count, vertices, 0.5, seed))


def linear_samplers(vertices, costs_BAC, deviation=0.5, seed=0):
    halves = Halves(vertices)
    weights_BF = LinearScore(len(costs_BAC), halves.features, deviation, generator(seed)).weights_BF.detach()
    return LinearSamplers(halves, costs_BAC.float(), weights_BF)


def net_samplers(vertices, costs_BAC, seed=0, sizes=(10, 5)):
    net = HomogeneousNet(len(costs_BAC), (vertices, *sizes, 1), generator(seed))
    for layer in net.layers:
        layer.data *= 3  # scores of a few units, as during training
    return NetSamplers(Halves(vertices), costs_BAC.float(), net)


MODELS = {"linear": linear_samplers, "net": net_samplers}


def autograd(model, costs_BAC, objective, entropy_weight):
    """The gradient of `objective.loss` by autograd in float64."""
    parameters = [parameter.double().requires_grad_() for parameter in model.parameters]
    scores_BS = model.scores(parameters).flatten(1)
    costs_BS = costs_BAC.flatten(1).repeat(1, scores_BS.shape[1] // costs_BAC[0].numel())
    slow_BS = model.slow_factor(objective.inverse_temperature) * scores_BS
    return torch.autograd.grad(loss(scores_BS, slow_BS, costs_BS, entropy_weight, objective).sum(), parameters)


# --- enumeration ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vertices", [3, 6, 7])
def test_the_halves_hold_every_solution_once_up_to_sign(vertices):
    spins_SN = Halves(vertices).spins().flatten(0, 1)
    listed = {tuple(row) for row in spins_SN.int().tolist()}
    assert listed == {(*first, 1) for first in itertools.product((-1, 1), repeat=vertices - 1)}
    assert len(spins_SN) == len(listed)


def test_scores_and_costs_equal_brute_force():
    halves, graphs = Halves(7), random_graphs(3, 7, 0.5, seed=0)
    spins_SN = halves.spins().flatten(0, 1).double()
    weights_BF = torch.randn(3, halves.features, generator=generator(), dtype=torch.float64)
    low, high = np.triu_indices(7, 1)
    expected_BS = weights_BF @ (spins_SN[:, low] * spins_SN[:, high]).T
    torch.testing.assert_close(halves.scores(weights_BF).flatten(1), expected_BS)
    cuts_BS = torch.stack([graph.cut(spins_SN) for graph in graphs])
    torch.testing.assert_close(halves.costs(graphs).flatten(1), -cuts_BS)


def test_merge_is_the_transpose_of_split():
    halves = Halves(7)
    weights_BF = torch.randn(2, halves.features, generator=generator())
    tables = halves.split(weights_BF)
    others = [torch.randn(table.shape, generator=generator(i)) for i, table in enumerate(tables)]
    through_split = sum((table * other).flatten(1).sum(1) for table, other in zip(tables, others, strict=True))
    torch.testing.assert_close(through_split, (weights_BF * halves.merge(*others)).sum(1), rtol=1e-4, atol=1e-4)


# --- the kernels against autograd in float64 -------------------------------------------------------------------------


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("scores", MODELS)
def test_gradients_and_statistics_equal_autograd(scores, arm):
    costs_BAC = costs_of(8)
    model = MODELS[scores](8, costs_BAC)
    gradients, expected_B, mode_B = model.gradients(ARMS[arm], 0.7)
    expected = autograd(model, costs_BAC, ARMS[arm], 0.7)
    torch.testing.assert_close([g.double() for g in gradients], list(expected), **SINGLE)
    end = outcome(model, costs_BAC)
    torch.testing.assert_close(expected_B.double(), end.expected_B, **SINGLE)
    assert mode_B.tolist() == end.mode_B.tolist()


def test_concentrated_scores_neither_overflow_nor_lose_the_gradient():
    """As after annealing: scores of hundreds, probabilities far below float32's range."""
    costs_BAC = costs_of(8)
    model = linear_samplers(8, costs_BAC, deviation=60.0)
    (gradient_BF,), expected_B, _ = model.gradients(ARMS["both"], 0.02)
    (expected_BF,) = autograd(model, costs_BAC, ARMS["both"], 0.02)
    torch.testing.assert_close(gradient_BF.double(), expected_BF, rtol=1e-3, atol=2e-4)
    torch.testing.assert_close(expected_B.double(), outcome(model, costs_BAC).expected_B, **SINGLE)


def test_the_linear_kernel_equals_lemma_5_over_features():
    halves, graphs = Halves(8), random_graphs(3, 8, 0.5, seed=0)
    low, high = np.triu_indices(8, 1)
    spins_SN = halves.spins().flatten(0, 1).double()
    cost_BF = torch.from_numpy(np.stack([graph.adjacency().toarray()[low, high] for graph in graphs])) / 2
    model = linear_samplers(8, halves.costs(graphs))
    found_BF = model.gradients(ARMS["both"], 0.7)[0][0]
    weights_BF = model.parameters[0].double()
    expected_BF = linear_gradient(spins_SN[:, low] * spins_SN[:, high], weights_BF, cost_BF, 0.7, ARMS["both"])
    torch.testing.assert_close(found_BF.double(), expected_BF, **SINGLE)


def test_the_nets_scores_are_those_of_the_module():
    costs_BAC, net = costs_of(6), HomogeneousNet(3, (6, 10, 5, 1), generator())
    spins_SN = Halves(6).spins().flatten(0, 1)
    model = NetSamplers(Halves(6), costs_BAC.float(), net)
    expected_BS = net(torch.cat([spins_SN, -spins_SN])).detach()
    torch.testing.assert_close(model.scores(model.parameters).flatten(1).float(), expected_BS)


def test_a_net_that_the_kernel_cannot_block_is_refused():
    with pytest.raises(ValueError, match="multiples of 5"):
        net_samplers(6, costs_of(6), sizes=(9, 5))


# --- descent ---------------------------------------------------------------------------------------------------------


def method(**changes):
    values = {
        "iterations": 40, "entropy_start": 4.0, "halve_every": 10, "mixture_weight": 0.2, "inverse_temperature": RHO,
        "hidden": (10, 5),
    }  # fmt: skip
    return Method(**values | changes)


@pytest.mark.parametrize("scores", MODELS)
@pytest.mark.parametrize(("optimizer", "reference"), [("gd", torch.optim.SGD), ("adam", torch.optim.Adam)])
def test_a_batched_descent_equals_torchs_optimizer_on_each_graph_alone(scores, optimizer, reference):
    costs_BAC = costs_of(6, count=2)
    model = MODELS[scores](6, costs_BAC)
    references = [parameter.double().clone() for parameter in model.parameters]
    path = descend(model, ARMS["both"], method(iterations=15, halve_every=5), optimizer, 0.02, keep_every=5)
    assert path.expected_KB.shape == path.mode_KB.shape == (4, 2)
    for b in range(2):
        alone = MODELS[scores](6, costs_BAC[b : b + 1])
        alone.parameters = [parameter[b : b + 1] for parameter in references]
        stepper = reference(alone.parameters, lr=0.02)
        for step in range(15):
            weight = 4.0 / 2 ** (step // 5)
            for parameter, gradient in zip(
                alone.parameters, autograd(alone, costs_BAC[b : b + 1], ARMS["both"], weight), strict=True
            ):
                parameter.grad = gradient
            stepper.step()
        found = [parameter[b : b + 1].double() for parameter in model.parameters]
        torch.testing.assert_close(found, alone.parameters, rtol=1e-3, atol=1e-3)


def test_annealing_finds_the_optimum_and_says_so():
    costs_BAC = costs_of(7, count=10)
    model = linear_samplers(7, costs_BAC, deviation=0.01)
    descend(model, ARMS["both"], method(iterations=200, halve_every=20), "adam", 0.1, keep_every=10)
    end = outcome(model, costs_BAC)
    assert end.mode_B.tolist() == costs_BAC.flatten(1).amin(1).tolist()
    assert (end.optimum_probability_B > 0.95).all()


def test_scores_that_are_not_finite_count_as_uniform():
    costs_BAC = costs_of(6)
    model = linear_samplers(6, costs_BAC)
    model.parameters[0][1] = torch.nan
    model.gradients(ARMS["both"], 0.7)  # must end
    end = outcome(model, costs_BAC)
    assert end.expected_B[1].item() == pytest.approx(costs_BAC[1].mean().item())
    assert end.mode_B[1] == costs_BAC[1, 0, 0] == 0


def test_the_slow_part_of_the_net_has_no_share_in_the_gradient_and_that_of_linear_scores_a_small_one():
    """`beta rho` of linear scores and `beta rho^3` of the net: the reason why the mixture is inert for the latter."""
    papers, costs_BAC = objectives(0.2, 0.03)["mixture"], costs_of(8)
    shares = {
        "linear": slow_share(linear_samplers(8, costs_BAC, deviation=0.01), costs_BAC, papers, 0.0),
        "net": slow_share(net_samplers(8, costs_BAC), costs_BAC, papers, 0.0),
    }
    ratio = 0.2 * 0.03 / 0.8  # near uniform both parts see the same covariance
    assert shares["linear"].tolist() == pytest.approx([ratio / (1 + ratio)] * 3, rel=0.1)
    assert (shares["net"] < 1e-4).all()


def test_the_slow_share_is_that_of_the_two_gradients():
    costs_BAC = costs_of(6)
    model = linear_samplers(6, costs_BAC)
    (whole_BF,), (fast_BF,) = (autograd(model, costs_BAC, ARMS[arm], 0.7) for arm in ("both", "entropy"))
    slow_B = (whole_BF - 0.8 * fast_BF).norm(dim=1)
    expected_B = slow_B / (slow_B + 0.8 * fast_BF.norm(dim=1))
    torch.testing.assert_close(slow_share(model, costs_BAC[:2], ARMS["both"], 0.7), expected_B[:2])


# --- the experiment ------------------------------------------------------------------------------------------------


def values(**changes):
    adam = {
        "scores": "linear", "optimizer": "adam", "learning_rates": [0.1, 0.3], "reference_rate": 0.1,
        "objectives": ["vanilla", "mixture", "entropy", "both"], "initial_deviation": 0.01, "graphs": 4,
    }  # fmt: skip
    net = {
        "scores": "net", "optimizer": "adam", "learning_rates": [0.01], "reference_rate": 0.01,
        "objectives": ["vanilla", "both"], "initial_deviation": None, "graphs": 2,
    }  # fmt: skip
    whole = {
        "vertices": 6, "edge_probability": 0.5, "graph_seeds": [1, 2], "keep_every": 10, "share_graphs": 1,
        "method": method().model_dump(), "sweeps": {"linear_adam": adam, "net_adam": net},
        "controls": {"samples": 5, "starts": 1},
    }  # fmt: skip
    return whole | changes


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """The same settings twice, with nothing kept from the first time to the second."""
    found = []
    for name in ("first", "second"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("common.scratch.ROOT", tmp_path_factory.mktemp(name))
            found.append(run(SmallGraphs(**values()), Compute(workers=1, threads=1)))
    return found


def test_two_runs_measure_the_same(two_runs):
    first, second = ({key: part for key, part in found.items() if key != "seconds"} for found in two_runs)
    assert json.dumps(first) == json.dumps(second)
    assert set(two_runs[0]["seconds"]) == {"linear_adam", "net_adam"}


def test_metrics_have_one_value_for_every_graph_seed(two_runs, tmp_path):
    metrics = Metrics()
    record(metrics, two_runs[0])
    metrics.write(tmp_path)
    samples = json.loads((tmp_path / "samples.json").read_text())
    assert {len(found) for found in samples.values()} == {2}
    for measure in ("successes", "expected_successes", "optimum_probability", "early", "late", "slow_share_end"):
        assert f"small_graphs.linear_adam.lr_0_1.both.{measure}" in samples
    arm = two_runs[0]["sweeps"]["linear_adam"][0]
    assert (arm["objective"], arm["learning_rate"]) == ("vanilla", 0.1)
    cuts = [(run["mode_cut"], run["optimum"]) for run in arm["runs"]]
    rates = [100 * np.mean([cut == best for cut, best in zip(*both, strict=True)]) for both in cuts]
    assert samples["small_graphs.linear_adam.lr_0_1.vanilla.successes"] == rates
    assert "small_graphs.controls.greedy.successes" in samples


def test_the_optimum_is_that_of_exhaustive_search(two_runs):
    best = [run["optimum"] for run in two_runs[0]["sweeps"]["linear_adam"][0]["runs"]]
    everything_SN = np.array(list(itertools.product((-1, 1), repeat=6)))
    for seed, optima in zip((1, 2), best, strict=True):
        assert optima == [graph.cut(everything_SN).max() for graph in random_graphs(4, 6, 0.5, seed)]
    for found in two_runs[0]["controls"]:
        for cuts in (found["greedy"], found["one_exchange"], found["linear_adam.samples"]):
            assert (np.array(cuts) <= np.array(found["optimum"])).all()


def test_figures_are_drawn_and_always_the_same(two_runs, tmp_path):
    for name, found in zip(("first", "second"), two_runs, strict=True):
        figures.draw(found, tmp_path / name)
    drawn = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert drawn == [f"small_graphs_{what}.svg" for what in ("ablation", "curves", "gaps", "rates", "trajectories")]
    for name in drawn:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
        assert (tmp_path / "first" / name).stat().st_size < 300_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keep_every": 7}, "keep_every: not a divisor"),
        ({"sweeps": {}}, "sweeps"),
        ({"sweeps": {"a": values()["sweeps"]["net_adam"] | {"initial_deviation": 0.1}}}, "null for the net"),
        (
            {"sweeps": {"a": values()["sweeps"]["linear_adam"] | {"reference_rate": 0.2}}},
            "not among the learning rates",
        ),
        ({"method": method().model_dump() | {"hidden": (9, 5)}}, "multiple of 5"),
    ],
)
def test_faults_of_the_settings_are_named(change, message):
    with pytest.raises(ConfigError, match=message):
        validate(SmallGraphs, values(**change), "params.yaml")


def test_learning_rates_have_names():
    assert [rate_name(rate) for rate in (0.003, 0.1, 1.0, 1e-5)] == ["lr_0_003", "lr_0_1", "lr_1", "lr_1em05"]


def test_a_triangle_is_solved_by_every_arm():
    triangle = Graph.of("triangle", 3, np.array([[0, 0, 1], [1, 2, 2]]))
    costs_BAC = Halves(3).costs([triangle])
    for objective in ARMS.values():
        model = linear_samplers(3, costs_BAC, deviation=0.01)
        descend(model, objective, method(iterations=100, halve_every=10), "gd", 0.1, keep_every=10)
        assert outcome(model, costs_BAC).mode_B.item() == -2
