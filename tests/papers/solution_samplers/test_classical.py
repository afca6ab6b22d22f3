"""Classical methods against enumeration, networkx, closed forms and the known values of G-set and TSPLIB."""

import itertools

import networkx
import numpy as np
import pytest

from papers.solution_samplers import classical, graphs, tsplib
from papers.solution_samplers.classical import flips
from papers.solution_samplers.classical.burer_monteiro import dual_bound
from papers.solution_samplers.graphs import Graph

SMALL = graphs.random_graphs(5, 12, 0.5, 3)
COOLING = np.geomspace(3.0, 0.2, 20)
METHODS = {
    "greedy": lambda graph, rng: classical.greedy(graph, rng, starts=200),
    "one_exchange": lambda graph, rng: classical.one_exchange(graph, 200, rng),
    "tabu": lambda graph, rng: classical.tabu(graph, 2000, 5, rng),
    "burer_monteiro": lambda graph, rng: classical.burer_monteiro(graph, 200, rng).climbed,
    "annealing": lambda graph, rng: classical.annealing(graph, 5, COOLING, 20, rng),
    "mean_field": lambda graph, rng: classical.mean_field(graph, 20, 20, 1.0, 10, rng),
}


def optimum(graph):
    """The heaviest cut by enumeration."""
    numbers = np.arange(2 ** (graph.vertices - 1))[:, None]
    spins = (2 * (numbers >> np.arange(graph.vertices) & 1) - 1).astype(np.float32)
    agreement = ((spins @ graph.adjacency().toarray().astype(np.float32)) * spins).sum(1)
    return float(graph.cut(spins[np.argmin(agreement)]))


def signed(seed):
    """A graph with weights of both signs."""
    plain = graphs.random_graphs(1, 12, 0.6, seed)[0]
    weights = np.random.default_rng(seed).standard_normal(plain.edges_2E.shape[1])
    return Graph.of("signed", 12, plain.edges_2E, weights)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("graph", [*SMALL[:2], signed(1)], ids=["0", "1", "signed"])
def test_every_method_finds_the_optimum_of_a_small_graph_twice_alike(name, graph):
    cut, again = (METHODS[name](graph, np.random.default_rng(0)) for _ in range(2))
    assert set(np.unique(cut.spins_N)) <= {-1, 1} and cut.spins_N.dtype == np.int8
    assert cut.value == pytest.approx(graph.cut(cut.spins_N)) == pytest.approx(optimum(graph))
    assert np.array_equal(cut.spins_N, again.spins_N)


def test_gains_stay_right_over_many_flips():
    graph, rng = signed(2), np.random.default_rng(0)
    near, spins = flips.neighbours(graph), flips.random_spins(1, 12, rng)[0]
    gains = flips.gains(near, spins)
    for vertex in rng.integers(0, 12, 200):
        before = graph.cut(spins)
        expected = gains[vertex]
        flips.flip(near, spins, gains, vertex)
        assert graph.cut(spins) - before == pytest.approx(expected)
    assert np.allclose(gains, flips.gains(near, spins))


def test_greedy_cuts_half_of_the_weight_in_any_order():
    graph = graphs.regular_graphs(1, 100, 9, 0)[0]
    for seed in range(20):
        assert classical.greedy(graph, np.random.default_rng(seed)).value >= graph.weights_E.sum() / 2


def test_one_exchange_is_as_good_as_networkxs():
    graph = graphs.regular_graphs(1, 60, 6, 0)[0]
    peer = networkx.Graph(zip(*graph.edges_2E.tolist(), strict=True))
    theirs = [networkx.approximation.one_exchange(peer, seed=seed)[0] for seed in range(10)]
    rng = np.random.default_rng(0)
    ours = [classical.one_exchange(graph, 1, rng).value for _ in range(200)]
    assert abs(np.mean(ours) - np.mean(theirs)) < 4 * np.std(theirs) / np.sqrt(10)


def test_one_exchange_ends_where_no_vertex_gains():
    graph = graphs.regular_graphs(1, 100, 6, 0)[0]
    spins = classical.one_exchange(graph, 3, np.random.default_rng(0)).spins_N
    assert flips.gains(flips.neighbours(graph), spins).max() <= 0


@pytest.mark.parametrize("graph", [*SMALL[2:], signed(3)], ids=["2", "3", "4", "signed"])
def test_the_relaxation_bounds_the_optimum(graph):
    relaxed = classical.burer_monteiro(graph, 100, np.random.default_rng(0))
    best = optimum(graph)
    assert best - 1e-6 <= relaxed.bound <= relaxed.value + 1e-2
    assert relaxed.value >= best - 1e-2
    assert relaxed.rounded.value <= relaxed.climbed.value <= best + 1e-9


def test_hyperplanes_keep_goemans_and_williamsons_promise():
    for graph in SMALL:
        relaxed = classical.burer_monteiro(graph, 2000, np.random.default_rng(0))
        assert 0.878 * relaxed.value <= relaxed.mean_rounded <= relaxed.rounded.value


def test_the_relaxation_of_an_odd_cycle_has_its_closed_form():
    n = 7
    cycle = Graph.of("cycle", n, np.array([np.arange(n), (np.arange(n) + 1) % n]))
    relaxed = classical.burer_monteiro(cycle, 10, np.random.default_rng(0))
    assert relaxed.value == pytest.approx(n * (1 + np.cos(np.pi / n)) / 2, rel=1e-4)
    assert relaxed.rounded.value == n - 1


def test_the_bound_holds_for_any_multipliers():
    graph, rng = SMALL[0], np.random.default_rng(0)
    for scale in (0.0, 1.0, 3.0):
        assert dual_bound(graph, -scale * rng.random(graph.vertices)) >= optimum(graph)


def test_tabu_solves_every_graph_of_20_vertices():
    for graph in graphs.random_graphs(3, 20, 0.4, 7):
        assert classical.tabu(graph, 2000, 3, np.random.default_rng(0)).value == optimum(graph)


def test_g1_is_within_reach():
    graph, rng = graphs.read_gset("G1"), np.random.default_rng(0)
    relaxed = classical.burer_monteiro(graph, 100, rng)
    assert 12083.0 < relaxed.value < 12083.2 <= relaxed.bound < 12084.5, "the semidefinite optimum is 12083.2"
    assert 11624 >= classical.tabu(graph, 100_000, 1, rng).value >= 11600
    assert 11624 >= classical.annealing(graph, 4, np.geomspace(4, 0.3, 40), 10, rng).value >= 11600
    assert classical.mean_field(graph, 30, 32, 2.0, 30, rng).value >= 11400


def shortest(tsp):
    """The shortest tour by enumeration."""
    rest = np.array(list(itertools.permutations(range(1, tsp.cities))))
    return tsp.length(np.insert(rest, 0, 0, axis=1)).min()


def test_tour_methods_solve_small_instances():
    rng = np.random.default_rng(0)
    for _ in range(3):
        points = rng.random((8, 2))
        apart = np.rint(1000 * np.linalg.norm(points[:, None] - points, axis=-1)).astype(np.int64)
        tsp = tsplib.Tsp("random", apart, None, points)
        best = shortest(tsp)
        assert classical.two_opt(tsp, 8, rng).length == classical.routing(tsp, 50).length == best
        assert classical.nearest_neighbour(tsp, 0).length >= best


@pytest.mark.parametrize(
    ("method", "share"),
    [
        (lambda tsp: classical.nearest_neighbour(tsp, 5), 0.30),
        (lambda tsp: classical.two_opt(tsp, 20, np.random.default_rng(0)), 0.06),
        (lambda tsp: classical.routing(tsp, 100), 0.06),
    ],
    ids=["nearest neighbour", "2-opt", "routing"],
)
def test_berlin52_is_within_the_usual_distance_and_repeatable(method, share):
    tsp = tsplib.read_tsplib("berlin52")
    tour, again = method(tsp), method(tsp)
    assert sorted(tour.cities_N) == list(range(52)) and tour.cities_N[0] == 0
    assert tour.length == tsp.length(tour.cities_N)
    assert 0 <= tour.length / tsp.optimum - 1 <= share
    assert np.array_equal(tour.cities_N, again.cities_N)


def test_two_opt_leaves_no_crossing_that_pays():
    tsp = tsplib.read_tsplib("st70")
    tour = classical.two_opt(tsp, 1, np.random.default_rng(0)).cities_N
    length = tsp.length(tour)
    for i, j in itertools.combinations(range(1, 71), 2):
        assert tsp.length(np.concatenate([tour[:i], tour[i:j][::-1], tour[j:]])) >= length
