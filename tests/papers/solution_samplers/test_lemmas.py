"""The paper's lemmas against enumeration; where one is wrong as printed, both that and the corrected statement.

Shape suffixes: B draws, S enumerated solutions, F features, G instances (the paper's z), Z instance features.
"""

import math

import pytest
import torch

from papers.solution_samplers.objective import linear_gradient, loss, objectives
from papers.solution_samplers.problems import PROBLEMS, make

OBJECTIVES = objectives(0.2, 0.1)
SIZES = {"max_cut": 7, "min_cut": 8, "csp": 7, "matching": 5, "tsp": 6}


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).double()


def covariance(features_SF, p_S):
    centred_SF = features_SF - p_S @ features_SF
    return (centred_SF * p_S[:, None]).T @ centred_SF


@pytest.fixture(params=PROBLEMS)
def enumerated(request):
    """A problem with one instance, its features [S, F] and the costs [S] without their constant part."""
    problem = make(request.param, count=1, size=SIZES[request.param], seed=3)
    features_SF = problem.psi(problem.solutions()).double()
    return problem, features_SF, features_SF @ problem.costs_BF[0]


@pytest.fixture
def tours():
    """All 120 cyclic permutation matrices of 6 cities, [S, 6, 6]."""
    problem = make("tsp", count=1, size=6, seed=0)
    return problem.psi(problem.solutions()).double().unflatten(1, (6, 6))


# --- variance of the features (Assumption 1.3) ----------------------------------------------------------------------


def test_max_cuts_full_features_lack_the_stated_variance():
    spins_SN = make("max_cut", count=1, size=5, seed=0).solutions().double()
    full_SNN = spins_SN[:, :, None] * spins_SN[:, None, :]
    v_NN = normal(5, 5)
    variance = (full_SNN * v_NN).sum(dim=(1, 2)).var(correction=0)
    assert variance == pytest.approx((v_NN + v_NN.T).triu(1).square().sum().item(), rel=1e-12)
    assert variance.item() != pytest.approx(v_NN.square().sum().item(), rel=0.1)  # as printed in section 2
    antisymmetric_NN = v_NN - v_NN.T
    assert (full_SNN * antisymmetric_NN).sum(dim=(1, 2)).abs().max() < 1e-12


def test_lemma_10_holds_without_row_and_column_sums():
    problem = make("matching", count=1, size=5, seed=0)
    w_F = problem.project(normal(25))
    values_S = problem.psi(problem.solutions()).double() @ w_F
    assert values_S.var(correction=0).item() == pytest.approx((w_F.square().sum() / 4).item(), rel=1e-12)


def test_lemma_12_fails_on_a_matrix_that_no_tour_can_tell(tours):
    w_NN = torch.eye(6).double() - 1 / 6
    assert w_NN.sum(dim=0).abs().max() < 1e-12
    stated_bound = w_NN.square().sum() / (5 * 4)
    assert stated_bound == pytest.approx(0.25)
    assert (tours * w_NN).sum(dim=(1, 2)).var(correction=0) < 1e-24


def test_lemma_13_third_term(tours):
    together_NNNN = torch.einsum("sij,sab->ijab", tours, tours) / len(tours)
    assert together_NNNN[0, 1, 2, 3] == pytest.approx(1 / (5 * 4))  # four different cities
    assert together_NNNN[0, 1, 2, 3].item() != pytest.approx(1 / (5 * 3))  # as printed
    assert together_NNNN[0, 1, 1, 0] == 0  # there and back is no tour


@pytest.mark.parametrize("symmetric", [True, False])
def test_the_corrected_variance_of_tours(tours, symmetric):
    problem = make("tsp", count=1, size=6, seed=0)
    w_NN = normal(6, 6)
    w_NN = problem.project((w_NN + w_NN.T if symmetric else w_NN).flatten()).unflatten(0, (6, 6))
    norm, transposed = w_NN.square().sum(), (w_NN * w_NN.T).sum()
    corrected = norm / 5 if symmetric else norm / 5 + (norm - transposed) / (5 * 4)
    measured = (tours * w_NN).sum(dim=(1, 2)).var(correction=0)
    assert measured.item() == pytest.approx(corrected.item(), rel=1e-12)
    assert measured >= norm / 5 - 1e-12  # so alpha = 1 / (n - 1), better than the stated 1 / ((n - 1)(n - 2))


# --- correlation with the direction of the minimiser ----------------------------------------------------------------


def test_lemma_4_for_one_instance(enumerated):
    problem, features_SF, _ = enumerated
    entropy_weight = 0.7
    w_F, c_F = normal(problem.features) / 3, problem.costs_BF[0]
    gradient_F = linear_gradient(features_SF, w_F[None], c_F[None], entropy_weight, OBJECTIVES["both"])[0]
    direction_F = c_F + entropy_weight * w_F
    scores_S = features_SF @ w_F
    expected = sum(
        weight * (direction_F @ covariance(features_SF, (rho * scores_S).softmax(dim=0)) @ direction_F)
        for weight, rho in ((0.8, 1.0), (0.2 * 0.1, 0.1))
    )
    assert (gradient_F @ direction_F).item() == pytest.approx(expected.item(), rel=1e-10)


def test_equation_4_misses_a_factor_and_averages_the_variance_over_instances():
    problem = make("max_cut", count=3, size=5, seed=1)
    features_SF = problem.psi(problem.solutions()).double()
    z_GZ = 2 * problem.costs_BF  # edge indicators, so that M = I / 2
    m_ZF, w_ZF, entropy_weight = torch.eye(10).double() / 2, normal(10, 10) / 3, 0.3
    per_instance_GF = linear_gradient(features_SF, z_GZ @ w_ZF, problem.costs_BF, entropy_weight, OBJECTIVES["entropy"])
    gradient_ZF = z_GZ.T @ per_instance_GF / 3
    direction_ZF = w_ZF + m_ZF / entropy_weight
    correlation = (gradient_ZF * direction_ZF).sum()
    p_GS = (z_GZ @ w_ZF @ features_SF.T).softmax(dim=1)
    values_GS = z_GZ @ direction_ZF @ features_SF.T
    means_G = (p_GS * values_GS).sum(dim=1)
    within = ((p_GS * values_GS.square()).sum(dim=1) - means_G.square()).mean()
    joint = within + means_G.var(correction=0)
    assert correlation.item() == pytest.approx((entropy_weight * within).item(), rel=1e-10)
    assert correlation.item() != pytest.approx(within.item(), rel=0.1)  # the factor lambda is missing in print
    assert joint > 1.1 * within  # and Var over (z, x) jointly, as printed, is another number


def test_the_gradient_vanishes_at_the_minimiser(enumerated):
    problem, features_SF, _ = enumerated
    gradient_BF = linear_gradient(features_SF, -problem.costs_BF / 0.5, problem.costs_BF, 0.5, OBJECTIVES["both"])
    assert gradient_BF.abs().max() < 1e-12


# --- constants ------------------------------------------------------------------------------------------------------


def test_proposition_8_constant_keeps_half_the_variance(enumerated):
    problem, features_SF, _ = enumerated
    p_uniform_S = torch.full((len(features_SF),), 1 / len(features_SF)).double()
    uniform_FF = covariance(features_SF, p_uniform_S)
    eigenvalues = torch.linalg.eigvalsh(uniform_FF)
    alpha = eigenvalues[eigenvalues > 1e-9].min()
    radius, diameter = 50.0, features_SF.norm(dim=1).max()
    rho = alpha / (12 * radius * diameter**3)
    for seed in range(5):
        w_F, c_F = (problem.project(normal(problem.features, seed=s)) for s in (seed, seed + 100))
        slow_FF = covariance(features_SF, (rho * radius * (features_SF @ w_F) / w_F.norm()).softmax(dim=0))
        assert c_F @ slow_FF @ c_F >= (c_F @ uniform_FF @ c_F) / 2


@pytest.mark.parametrize("gap", [2.0, 0.5, 0.05])
def test_completeness_of_the_optimal_parameters(enumerated, gap):
    _, features_SF, costs_S = enumerated
    entropy_weight = gap / math.log(len(features_SF) / 0.1)
    expected = (-costs_S / entropy_weight).softmax(dim=0) @ costs_S
    assert 0 <= expected - costs_S.min() <= gap
    weaker = gap / math.log(len(features_SF))  # no delta: E[l] + lambda H <= opt, and -H <= log |S|
    assert (-costs_S / weaker).softmax(dim=0) @ costs_S - costs_S.min() <= gap


# --- what the mixture and the unconstrained Min-Cut do --------------------------------------------------------------


def test_the_mixtures_own_cost_keeps_the_share_of_the_uniform_one(enumerated):
    _, _, costs_S = enumerated
    scores_S = -1000 * costs_S  # the fast part is at the optimum
    assert (scores_S.softmax(dim=0) @ costs_S).item() == pytest.approx(costs_S.min().item(), abs=1e-6)
    mixture = objectives(0.2, 1e-9)["mixture"]
    mixed = loss(scores_S[None], 1e-9 * scores_S[None], costs_S[None], 0.0, mixture)[0]
    expected = 0.8 * costs_S.min() + 0.2 * costs_S.mean()  # Appendix C calls the second part negligible
    assert mixed.item() == pytest.approx(expected.item(), abs=1e-4)
    assert mixed - costs_S.min() > 0.05 * (costs_S.max() - costs_S.min())


def test_min_cut_without_two_fixed_vertices_costs_nothing():
    problem = make("min_cut", count=4, size=6, seed=0)
    assert problem.cost(torch.ones(1, 1, 6)).abs().max() < 1e-12
    assert problem.cost(problem.solutions()[None]).min() > 0.1
