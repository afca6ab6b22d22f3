"""One contract for all problems: a problem added to `PROBLEMS` is tested by that; then each one's own oracle."""

import math

import networkx
import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from papers.solution_samplers.graphs import Graph
from papers.solution_samplers.objective import linear_gradient, loss, objectives
from papers.solution_samplers.problems import PROBLEMS, EnumerationLimit, MaxCut, ProblemError, make

SIZE = 6
COUNTS = {"max_cut": 2**5, "min_cut": 2**4, "csp": 2**6, "matching": math.factorial(6), "tsp": math.factorial(5)}


@pytest.fixture(params=PROBLEMS)
def problem(request):
    return make(request.param, count=3, size=SIZE, seed=1)


def random_weights(problem, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return problem.project(torch.randn(problem.instances, problem.features, generator=generator).double())


def test_the_enumeration_holds_every_solution_once(problem):
    solutions_SN = problem.solutions()
    assert solutions_SN.shape == (COUNTS[problem.name], SIZE)
    assert len(problem.psi(solutions_SN).unique(dim=0)) == len(solutions_SN) == problem.solution_count


def test_the_feature_map_gives_the_oracles_cost(problem):
    solutions_SN = problem.solutions()
    from_features_BS = problem.costs_BF @ problem.psi(solutions_SN).double().T + problem.offset_B[:, None]
    assert torch.allclose(problem.cost(solutions_SN[None]), from_features_BS, rtol=0, atol=1e-12)


def test_the_oracle_takes_each_instances_own_solutions(problem):
    solutions_SN = problem.solutions()
    own_BC = torch.randint(len(solutions_SN), (3, 5), generator=torch.Generator().manual_seed(0))
    expected_BC = problem.cost(solutions_SN[None]).gather(1, own_BC)
    assert torch.equal(problem.cost(solutions_SN[own_BC]), expected_BC)


def test_the_variance_formula_agrees_with_the_enumeration(problem):
    values_BS = random_weights(problem) @ problem.psi(problem.solutions()).double().T
    assert torch.allclose(problem.variance(random_weights(problem)), values_BS.var(dim=1, correction=0), rtol=1e-12)


def test_the_projection_is_orthogonal_and_keeps_all_that_varies(problem):
    free_BF = torch.randn(3, problem.features, generator=torch.Generator().manual_seed(2)).double()
    kept_BF = problem.project(free_BF)
    assert torch.allclose(problem.project(kept_BF), kept_BF, atol=1e-12)
    assert torch.allclose(((free_BF - kept_BF) * kept_BF).sum(dim=1), torch.zeros(3).double(), atol=1e-12)
    lost_BS = (free_BF - kept_BF) @ problem.psi(problem.solutions()).double().T
    assert torch.allclose(lost_BS, lost_BS[:, :1].expand_as(lost_BS), atol=1e-12)
    assert torch.allclose(problem.project(problem.costs_BF), problem.costs_BF, atol=1e-12)


def test_neighbours_are_other_solutions_and_lead_everywhere(problem):
    solutions_SN = problem.solutions()
    known = {tuple(row): index for index, row in enumerate(problem.psi(solutions_SN).tolist())}
    links = networkx.Graph()
    for index, around_KN in enumerate(problem.neighbours(solutions_SN)):
        reached = [known[tuple(row)] for row in problem.psi(around_KN).tolist()]
        assert index not in reached
        links.add_edges_from((index, other) for other in reached)
    assert networkx.is_connected(links)
    assert len(links) == len(solutions_SN)


@pytest.mark.parametrize("objective", objectives(0.2, 0.3).items(), ids=lambda item: item[0])
def test_the_exact_gradient_agrees_with_autograd(problem, objective):
    features_SF = problem.psi(problem.solutions()).double()
    weights_BF = random_weights(problem).requires_grad_()
    scores_BS, costs_BS = weights_BF @ features_SF.T, problem.costs_BF @ features_SF.T
    value = loss(scores_BS, 0.3 * scores_BS, costs_BS, 0.7, objective[1]).sum()
    (expected_BF,) = torch.autograd.grad(value, weights_BF)
    gradient_BF = linear_gradient(features_SF, weights_BF.detach(), problem.costs_BF, 0.7, objective[1])
    assert expected_BF.abs().max() > 1e-3
    assert torch.allclose(gradient_BF, expected_BF, rtol=0, atol=1e-10)


def test_equal_seeds_give_equal_instances_and_others_do_not(problem):
    same, other = (make(problem.name, count=3, size=SIZE, seed=seed) for seed in (1, 2))
    assert torch.equal(same.costs_BF, problem.costs_BF)
    assert not torch.equal(other.costs_BF, problem.costs_BF)


def test_a_space_too_large_names_the_limit_and_the_sampler(problem):
    with pytest.raises(EnumerationLimit, match=rf"size 30 has .* at most 524,288 .* sampler '{problem.sampler}'"):
        make(problem.name, count=1, size=30, seed=0).solutions()


def test_an_unknown_problem_names_the_nearest():
    with pytest.raises(ProblemError, match="no problem 'maxcut'; did you mean 'max_cut'"):
        make("maxcut", count=1, size=5, seed=0)


def test_a_size_too_small_is_refused():
    with pytest.raises(ProblemError, match="tsp: needs a size of at least 3"):
        make("tsp", count=1, size=2, seed=0)


def test_graphs_of_different_sizes_are_no_batch():
    graphs = [Graph.of(f"path {n}", n, np.stack([np.arange(n - 1), np.arange(1, n)])) for n in (3, 4)]
    with pytest.raises(ProblemError, match=r"same number of vertices \(got \[3, 4\]\)"):
        MaxCut.of(graphs)


def test_max_cut_counts_cut_edges():
    problem = make("max_cut", count=1, size=7, seed=3)
    graph = networkx.from_numpy_array(problem.weights_BNN[0].numpy())
    solutions_SN = problem.solutions()
    counted = [networkx.cut_size(graph, np.flatnonzero(spins_N > 0).tolist()) for spins_N in solutions_SN.numpy()]
    assert problem.cost(solutions_SN[None])[0].tolist() == [-cut for cut in counted]


def test_min_cut_has_the_optimum_of_the_flow_and_rarely_a_trivial_one():
    problem = make("min_cut", count=40, size=12, seed=4)
    costs_BS = problem.cost(problem.solutions()[None])
    for weights_NN, costs_S in zip(problem.weights_BNN, costs_BS, strict=True):
        graph = networkx.from_numpy_array(weights_NN.numpy())
        flow = networkx.maximum_flow_value(graph, 0, 11, capacity="weight")
        assert costs_S.min() == pytest.approx(flow, abs=1e-9)
    ends = [0, problem.solution_count - 1]  # one of the two fixed vertices against all others
    assert (costs_BS.min(dim=1).values < costs_BS[:, ends].min(dim=1).values - 1e-9).double().mean() > 0.75


def test_csp_reads_its_truth_tables():
    problem = make("csp", count=2, size=5, seed=5)
    solutions_SN = problem.solutions()
    for instance in range(2):
        for row in (0, 13, 31):
            satisfied = 0
            for scope, table in zip(problem.scopes_BMK[instance], problem.tables_BMS[instance], strict=True):
                bits = "".join("1" if solutions_SN[row, variable] < 0 else "0" for variable in scope)
                satisfied += int(table[int(bits, 2)])
            assert problem.cost(solutions_SN[None])[instance, row] == -satisfied


def test_matching_has_the_hungarian_optimum():
    problem = make("matching", count=4, size=6, seed=6)
    optimum_B = problem.cost(problem.solutions()[None]).min(dim=1).values
    for weights_NN, optimum in zip(problem.weights_BNN.numpy(), optimum_B, strict=True):
        assert optimum == pytest.approx(weights_NN[linear_sum_assignment(weights_NN)].sum(), abs=1e-12)


def test_a_tour_costs_its_length():
    problem = make("tsp", count=1, size=5, seed=7)
    distances_NN = problem.weights_BNN[0]
    tour = [0, 3, 1, 4, 2]
    length = sum(distances_NN[here, there] for here, there in zip(tour, [*tour[1:], 0], strict=True))
    assert problem.cost(torch.tensor([[tour]])) == pytest.approx(length.item(), abs=1e-12)
