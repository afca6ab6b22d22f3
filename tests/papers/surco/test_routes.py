"""Routes: instances as released, shortest paths and optima against other programs, baselines against enumeration."""

import time

import networkx as nx
import numpy as np
import pytest
import torch

from papers.surco.errors import InstancesFailed, RowsFailed, SurcoError
from papers.surco.estimators import make
from papers.surco.method import surco_zero
from papers.surco.routes.cpsat import cpsat_path
from papers.surco.routes.exact import best_paths, corner_paths
from papers.surco.routes.genetic import genetic_costs, genetic_edges, path_faults
from papers.surco.routes.instances import (
    ROUTES,
    Routes,
    draw,
    grid,
    probabilities,
    relaxation,
    released_seeds,
    solve,
    z_scores,
)
from papers.surco.routes.minlp import scip_path
from papers.surco.routes.parametric import parametric
from papers.surco.routes.shortest import shortest_paths
from tests.papers.surco.toys import differentiation, search

TIGHTNESS = (1.1, 1.0, 0.9)


@pytest.fixture(scope="module")
def small():
    return draw(4, released_seeds(10, 6), 0.1, 0.2, TIGHTNESS)


def chance(routes, x_BE):
    return probabilities(x_BE, routes).reshape(-1, 3).mean(0).numpy()


def test_the_instances_are_those_of_the_released_script():
    """The mean chances of its heuristic, as its own run gave them."""
    routes = draw(10, released_seeds(10, 25), 0.1, 0.2, TIGHTNESS)
    x_BE = solve(routes.means_BE + 0.5 * routes.variances_BE.sqrt(), routes)
    assert chance(routes, x_BE).round(4).tolist() == [0.5246, 0.4678, 0.4116]


def test_edges_come_in_the_order_of_networkx():
    side = 5
    expected = [(side * a + b, side * c + d) for (a, b), (c, d) in nx.grid_2d_graph(side, side).edges]
    assert grid(side).edges_E2.tolist() == [list(edge) for edge in expected]


@pytest.mark.parametrize("side", [2, 5, 12])
def test_paths_are_as_short_as_those_of_networkx(side):
    graph = grid(side)
    costs_RE = np.random.default_rng(0).uniform(0, 1, (20, len(graph.edges_E2)))
    used_RE, found_R = shortest_paths(graph, costs_RE)
    assert found_R.all()
    assert not path_faults(graph, used_RE).any()
    network = nx.Graph(graph.edges_E2.tolist())
    for costs_E, used_E in zip(costs_RE, used_RE, strict=True):
        named = {tuple(edge): cost for edge, cost in zip(graph.edges_E2.tolist(), costs_E, strict=True)}
        nx.set_edge_attributes(network, named, "c")
        expected = nx.shortest_path_length(network, graph.source, graph.target, "c", method="bellman-ford")
        assert costs_E @ used_E == pytest.approx(expected, rel=1e-12)


def test_of_equally_short_paths_one_with_the_fewest_edges_is_taken():
    used_RE, _ = shortest_paths(grid(6), np.zeros((1, 60)))
    assert used_RE.sum() == 10
    negative_RE, _ = shortest_paths(grid(6), np.full((1, 60), -1.0))
    assert np.array_equal(used_RE, negative_RE)


def test_an_instance_without_a_path_is_named_and_the_others_are_solved(small):
    closed_BE = small.means_BE.clone()
    closed_BE[4, :2] = torch.inf  # both edges at the source
    with pytest.raises(RowsFailed) as caught:
        solve(closed_BE, small)
    assert caught.value.failures == {4: "no path from 0 to 15"}
    assert caught.value.results[[3, 5]].sum() > 0
    walled = Routes(small.graph, closed_BE, small.variances_BE, small.deadlines_B, small.names)
    starts = torch.where(closed_BE.isinf(), 0.0, closed_BE)[None]

    def open_edges(costs_BE, routes):
        return solve(torch.where(routes.means_BE.isinf(), torch.inf, costs_BE), routes)

    problem = ROUTES.__class__(open_edges, lambda x, routes: -z_scores(x, Routes(
        routes.graph, routes.means_BE.nan_to_num(posinf=9.0), routes.variances_BE, routes.deadlines_B, routes.names
    )))  # fmt: skip
    with pytest.raises(InstancesFailed, match=r"instance 4x4 seed 956 deadline 1\.0: no path") as failed:
        surco_zero(problem, walled, starts, make(differentiation("blackbox"), 0), search(steps=3), walled.names)
    assert failed.value.outcome.values_B.isfinite().sum() == len(small) - 1


def test_the_corner_paths_are_8512_and_each_is_one():
    paths_PE = corner_paths(5)
    assert paths_PE.shape == (8512, 40)
    assert len(paths_PE.unique(dim=0)) == 8512
    assert not path_faults(grid(5), paths_PE.numpy().astype(float)).any()
    with pytest.raises(SurcoError, match="a 8 x 8 grid has too many paths to enumerate"):
        corner_paths(8)


def test_faults_are_counted():
    graph = grid(3)
    used = corner_paths(3)[:1].numpy().astype(float)
    extra = used.copy()
    extra[0, np.flatnonzero(used[0] == 0)[0]] = 1.0
    assert path_faults(graph, np.concatenate([used, extra, 0 * used])).astype(bool).tolist() == [False, True, True]


@pytest.mark.parametrize("high", [0.2, 1.0])
def test_the_parametric_search_is_exact_where_the_deadline_can_be_met(high):
    routes = draw(5, range(20), 0.1, high, (1.3, 1.1, 1.0))
    x_BE, calls_B = parametric(routes, negative=0)
    assert not path_faults(routes.graph, x_BE.numpy()).any()
    torch.testing.assert_close(z_scores(x_BE, routes), z_scores(best_paths(routes, 5), routes))
    assert calls_B.max() < 60


def test_no_path_beats_the_shortest_mean_at_a_deadline_that_it_just_meets():
    routes = draw(5, range(20), 0.1, 1.0, (1.0,))
    torch.testing.assert_close(best_paths(routes, 5), solve(routes.means_BE, routes))
    torch.testing.assert_close(probabilities(best_paths(routes, 5), routes), torch.full((20,), 0.5).double())


def test_scip_and_cpsat_find_the_optimum_of_small_grids():
    tiny = draw(3, [776], 0.1, 0.2, TIGHTNESS)
    best_B = z_scores(best_paths(tiny, 3), tiny)
    for instance in range(3):
        one = tiny[torch.tensor([instance])]
        for x_E, proven in (scip_path(tiny, instance, 200.0, False), cpsat_path(tiny, instance, 200, 20.0)):
            assert proven
            assert z_scores(torch.from_numpy(x_E)[None], one).item() == pytest.approx(best_B[instance].item(), abs=2e-3)


def test_the_released_bound_makes_tight_deadlines_infeasible_for_scip():
    tiny = draw(3, [776], 0.1, 0.2, TIGHTNESS)
    assert scip_path(tiny, 2, 200.0, nonnegative=True) == (None, True)
    assert scip_path(tiny, 2, 200.0, nonnegative=False)[0] is not None


def test_genetic_algorithms_return_paths_or_say_that_they_have_none(small):
    x_E = genetic_costs(small, 0, 10, 5, seed=0)
    assert not path_faults(small.graph, x_E[None]).any()
    assert np.array_equal(x_E, genetic_costs(small, 0, 10, 5, seed=0))
    assert genetic_edges(draw(5, [1], 0.1, 0.2, (1.0,)), 0, 10, 3, seed=0) is None
    tiny = draw(2, [1], 0.1, 0.2, (1.0,))
    found = genetic_edges(tiny, 0, 20, 10, seed=0)
    torch.testing.assert_close(z_scores(torch.from_numpy(found)[None], tiny), z_scores(best_paths(tiny, 2), tiny))


def test_the_relaxation_holds_every_path_and_its_linear_optimum_is_a_shortest_path():
    from scipy.optimize import linprog

    routes = draw(3, [1], 0.1, 0.2, (1.0,))
    polytope = relaxation(routes)
    costs_E = np.random.default_rng(1).uniform(0, 1, 12)
    program = linprog(
        np.concatenate([costs_E, np.zeros(24)]), A_eq=polytope.matrix_BMV[0].numpy(), b_eq=polytope.bound_BM[0].numpy(),
        bounds=(0, 1),
    )
    used_RE, _ = shortest_paths(routes.graph, costs_E[None])
    np.testing.assert_allclose(program.x[:12], used_RE[0], atol=1e-9)


def test_the_objective_is_differentiable(small):
    x_BE = solve(small.means_BE, small)[:2].requires_grad_()
    assert torch.autograd.gradcheck(lambda x: ROUTES.objective(x, small[torch.arange(2)]), x_BE)


def test_surco_zero_wins_in_the_released_setting_and_loses_in_that_of_the_text():
    released = differentiation("blackbox", strength=1e3)
    ratios = {}
    for side, high in ((10, 0.2), (5, 1.0)):
        routes = draw(side, released_seeds(10, 25), 0.1, high, TIGHTNESS)
        starts = torch.randn(1, 75, len(routes.graph.edges_E2), generator=torch.Generator().manual_seed(0)).double()
        outcome = surco_zero(
            ROUTES, routes, starts, make(released, 0), search(link="sigmoid", patience=6), routes.names
        )  # fmt: skip
        heuristic = solve(routes.means_BE + 0.5 * routes.variances_BE.sqrt(), routes)
        ratios[side] = chance(routes, outcome.x_BN) / chance(routes, heuristic)
    assert (ratios[10] > 1.02).all()
    assert (ratios[5] < 0.98).all()


def test_the_whole_table_takes_a_small_part_of_ten_seconds():
    routes = draw(10, released_seeds(10, 25), 0.1, 0.2, TIGHTNESS)
    starts = torch.randn(1, 75, 180, generator=torch.Generator().manual_seed(0)).double()
    how = search(link="sigmoid", patience=6)
    started = time.perf_counter()
    surco_zero(ROUTES, routes, starts, make(differentiation("blackbox", strength=1e3), 0), how, routes.names)
    assert time.perf_counter() - started < 5
