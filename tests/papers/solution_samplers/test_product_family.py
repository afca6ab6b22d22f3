"""Remark 1 on graphs small enough to look at every one."""

import networkx
import numpy as np
import pytest
import torch

from papers.solution_samplers.objective import linear_gradient, objectives
from papers.solution_samplers.problems.max_cut import MaxCut
from papers.solution_samplers.problems.product_family import (
    DOUBLE_STAR,
    expected_cost,
    gradient,
    projected_descent,
    strict_local_optima,
)

STUCK = torch.tensor([1.0, -1, -1, 1, -1, -1])
"""Both centres of the double star on one side, all leaves on the other."""


@pytest.fixture
def star():
    return MaxCut.of([DOUBLE_STAR])


def test_the_expected_cost_is_that_of_the_enumerated_product_distribution():
    problem = MaxCut.random(count=1, size=6, seed=0)
    mean_N = torch.rand(6, generator=torch.Generator().manual_seed(0)).double() * 2 - 1
    spins_SN = torch.cat([problem.solutions(), -problem.solutions()]).double()
    probability_S = ((1 + spins_SN * mean_N) / 2).prod(dim=1)
    expected = probability_S @ problem.cost(spins_SN[None])[0]
    assert expected_cost(problem.weights_BNN[0], mean_N[None]).item() == pytest.approx(expected.item(), abs=1e-12)


def test_the_gradient_agrees_with_autograd():
    problem = MaxCut.random(count=1, size=6, seed=0)
    means_BN = torch.rand(4, 6, generator=torch.Generator().manual_seed(0)).double().requires_grad_()
    (expected_BN,) = torch.autograd.grad(expected_cost(problem.weights_BNN[0], means_BN).sum(), means_BN)
    assert torch.allclose(gradient(problem.weights_BNN[0], means_BN.detach()), expected_BN, rtol=0, atol=1e-12)


def test_the_double_star_holds_projected_gradient_at_four_of_five(star):
    weights_NN = star.weights_BNN[0]
    assert star.cost(STUCK[None, None]).item() == -4
    assert star.cost(star.solutions()[None]).min() == -5
    around_BN = 0.7 * STUCK + 0.2 * (torch.rand(50, 6, generator=torch.Generator().manual_seed(0)) * 2 - 1)
    path_TBN = projected_descent(weights_NN, around_BN.double(), learning_rate=0.1, steps=200)
    assert torch.equal(path_TBN[-1], STUCK.double().expand(50, 6))


def test_a_margin_keeps_the_stationary_point(star):
    path_TBN = projected_descent(star.weights_BNN[0], 0.5 * STUCK.double()[None], 0.1, steps=300, margin=0.1)
    assert torch.allclose(path_TBN[-1, 0], 0.9 * STUCK.double())
    assert expected_cost(star.weights_BNN[0], path_TBN[-1]).item() > -4


def test_the_exponential_family_leaves_the_same_cut_with_the_papers_objective(star):
    features_SF = star.psi(star.solutions()).double()
    costs_S = star.cost(star.solutions()[None])[0]
    weights_BF = 2 * star.psi(STUCK)[None].double()  # puts nearly all mass on the cut of value 4
    assert costs_S[(features_SF @ weights_BF[0]).argmax()] == -4
    entropy_weight = 0.2
    for _ in range(20_000):
        weights_BF -= linear_gradient(
            features_SF, weights_BF, star.costs_BF, entropy_weight, objectives(0.2, 0.1)["both"]
        )
    assert costs_S[(features_SF @ weights_BF[0]).argmax()] == -5
    assert torch.allclose(weights_BF, -star.costs_BF / entropy_weight, atol=1e-3)


def test_the_first_bad_local_optima_are_three_graphs_with_six_vertices():
    bad = dict.fromkeys(range(3, 7), 0)
    for graph in networkx.graph_atlas_g():
        n = graph.number_of_nodes()
        if n not in bad or not networkx.is_connected(graph):
            continue
        problem = MaxCut(torch.from_numpy(networkx.to_numpy_array(graph, nodelist=range(n)))[None])
        costs_S = problem.cost(problem.solutions()[None])[0]
        bad[n] += bool((strict_local_optima(problem) & (costs_S > costs_S.min())).any())
    assert bad == {3: 0, 4: 0, 5: 0, 6: 3}


def test_the_double_star_is_one_of_them(star):
    assert networkx.is_connected(networkx.from_numpy_array(star.weights_BNN[0].numpy()))
    optima = star.solutions()[strict_local_optima(star)]
    assert sorted(star.cost(optima[None])[0].tolist()) == [-5, -4]
    assert any(np.array_equal(cut, STUCK) for cut in optima.numpy())
