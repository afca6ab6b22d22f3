"""Graphs and tours: what is refused, what is read, and that the files hold what they are said to hold."""

import networkx
import numpy as np
import pytest
import torch

from common import datasets
from papers.solution_samplers import graphs, tsplib
from papers.solution_samplers.graphs import Graph, GraphError
from papers.solution_samplers.tsplib import TspError

SHIPPED_GRAPHS = {"G1": (800, 19176), "G14": (800, 4694), "G43": (1000, 9990)}
SHIPPED_TOURS = (
    *("ulysses16", "ulysses22", "gr24", "fri26", "bayg29", "bays29", "att48", "gr48", "eil51", "berlin52"),
    *("st70", "eil76", "pr76", "kroA100", "rd100", "eil101", "lin105"),
)
WITHOUT_TOUR = ("burma14", "gr17", "gr21", "swiss42", "rat99")


@pytest.fixture
def fresh_clone(monkeypatch, tmp_path):
    """A machine with the repository only."""
    monkeypatch.delenv("REPRISE_DATA", raising=False)
    monkeypatch.setenv("REPRISE_CACHE", str(tmp_path))


@pytest.mark.parametrize(
    ("edges", "weights", "message"),
    [
        ([[0, 1, 2], [1, 1, 0]], None, r"graph toy: edge 1 \(1, 1\) is a self-loop"),
        ([[0, 1], [1, 2]], [1, np.nan], r"edge 1 \(1, 2\) has a weight that is not finite \(weight nan\)"),
        ([[0, 1], [1, 2]], [np.inf, 1], r"edge 0 \(0, 1\) has a weight that is not finite"),
        ([[0, 1], [1, 3]], None, r"edge 1 \(1, 3\) has an end outside 0..2"),
        ([[0, -1], [1, 2]], None, r"edge 1 \(-1, 2\) has an end outside 0..2"),
        ([[0, 1, 1], [1, 2, 0]], None, r"edge 2 \(0, 1\) is given twice"),
        ([[0, 1], [1, 2]], [1], r"2 edges but weights of shape \(1,\)"),
    ],
)
def test_a_broken_graph_is_refused_by_its_name_and_edge(edges, weights, message):
    with pytest.raises(GraphError, match=message):
        Graph.of("toy", 3, np.array(edges), weights)


def test_the_cut_is_networkxs_for_numpy_and_torch():
    rng = np.random.default_rng(0)
    plain = graphs.random_graphs(1, 9, 0.6, 0)[0]
    graph = Graph.of("weighted", 9, plain.edges_2E[::-1], rng.standard_normal(plain.edges_2E.shape[1]))
    peer = networkx.Graph()
    peer.add_weighted_edges_from(zip(*graph.edges_2E.tolist(), graph.weights_E.tolist(), strict=True))
    assert np.allclose(graph.adjacency().toarray(), networkx.to_numpy_array(peer, range(9)))
    spins = rng.choice([-1, 1], (2, 3, 9)).astype(np.int8)
    expected = [[networkx.cut_size(peer, np.flatnonzero(one == 1), weight="weight") for one in two] for two in spins]
    assert np.allclose(graph.cut(spins), expected)
    for dtype in (torch.int8, torch.float32, torch.float64):
        value = graph.cut(torch.tensor(spins, dtype=dtype))
        assert value.dtype == torch.float64 and np.allclose(value.numpy(), expected)


def test_random_graphs_follow_their_seed_and_probability():
    one, two = graphs.random_graphs(2, 200, 0.3, 5)
    assert np.array_equal(one.edges_2E, graphs.random_graphs(1, 200, 0.3, 5)[0].edges_2E)
    assert not np.array_equal(one.edges_2E, two.edges_2E)
    pairs = 200 * 199 / 2
    assert abs(two.edges_2E.shape[1] - 0.3 * pairs) < 4 * np.sqrt(pairs * 0.3 * 0.7)


def test_regular_graphs_are_regular_and_repeatable():
    graph = graphs.regular_graphs(2, 60, 7, 3)[1]
    assert set(np.bincount(graph.edges_2E.ravel(), minlength=60)) == {7}
    assert np.array_equal(graph.edges_2E, graphs.regular_graphs(2, 60, 7, 3)[1].edges_2E)
    with pytest.raises(GraphError, match="graph 3-regular 5 0"):
        graphs.regular_graphs(1, 5, 3, 0)


def test_a_union_keeps_every_graphs_cut():
    parts = graphs.random_graphs(3, 7, 0.5, 1) + graphs.regular_graphs(1, 4, 3, 1)
    whole, offsets = graphs.union(parts)
    spins = np.random.default_rng(2).choice([-1, 1], whole.vertices)
    assert offsets.tolist() == [0, 7, 14, 21, 25]
    pieces = [part.cut(spins[a:b]) for part, a, b in zip(parts, offsets, offsets[1:], strict=False)]
    assert whole.cut(spins) == sum(pieces)
    Graph.of("checked", whole.vertices, whole.edges_2E, whole.weights_E)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "toy.txt: line 1: expected 'vertices edges', got an empty file"),
        ("3 2 1\n1 2 1\n", "line 1: expected 'vertices edges', got '3 2 1'"),
        ("3 2\n1 2 1\n2 3 x\n", "line 3: expected 'i j weight', got '2 3 x'"),
        ("3 2\n\n1 2\n", "line 3: expected 'i j weight', got '1 2'"),
        ("3 2\n1 2 1\n", "line 2: the file ends after 1 of 2 edges"),
        ("3 2\n1 2 1\n2 4 1\n", r"graph toy.txt: edge 1 \(1, 3\) has an end outside 0..2"),
    ],
)
def test_a_broken_gset_file_is_refused_by_its_line(text, message):
    with pytest.raises(GraphError, match=message):
        graphs.parse_gset(text, "toy.txt")


@pytest.mark.parametrize("name", SHIPPED_GRAPHS)
def test_shipped_gset_graphs_need_neither_mirror_nor_web(fresh_clone, name):
    graph = graphs.read_gset(name)
    assert (graph.vertices, graph.edges_2E.shape[1]) == SHIPPED_GRAPHS[name]
    assert graph.weights_E.min() == graph.weights_E.max() == 1


def test_published_cuts_never_beat_the_best_known():
    for name in datasets.texts.info("gset").files:
        cuts = graphs.published_cuts(name)
        assert max(cuts.values()) == cuts["best"], name
    assert graphs.published_cuts("G14")["mcpg"] == 3064


@pytest.mark.parametrize("name", SHIPPED_TOURS)
def test_shipped_optimal_tours_have_the_optimal_length(fresh_clone, name):
    tsp, tour = tsplib.read_tsplib(name), tsplib.read_tour(name)
    assert sorted(tour) == list(range(tsp.cities))
    assert tsp.length(tour) == tsp.optimum


@pytest.mark.parametrize("name", WITHOUT_TOUR)
def test_the_other_shipped_instances_are_symmetric(fresh_clone, name):
    tsp = tsplib.read_tsplib(name)
    assert np.array_equal(tsp.distances_NN, tsp.distances_NN.T) and not tsp.distances_NN.diagonal().any()
    assert tsp.optimum > tsp.distances_NN[tsp.distances_NN > 0].min() * tsp.cities


@pytest.mark.skipif(datasets.texts.overview()[0].state == "samples", reason="only the samples are here")
def test_all_optimal_tours_at_hand_have_the_optimal_length():
    for name in datasets.texts.info("tsplib_tours").files:
        tsp = tsplib.read_tsplib(name)
        assert tsp.length(tsplib.read_tour(name)) == tsp.optimum, name
    ceil = tsplib.read_tsplib("dsj1000")
    apart = ceil.coordinates_N2[0] - ceil.coordinates_N2[1]
    assert ceil.distances_NN[0, 1] == np.ceil(np.hypot(*apart))


def explicit(form, numbers):
    return (
        f"NAME: toy\nTYPE: TSP\nDIMENSION: 3\nEDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: {form}\n"
        f"EDGE_WEIGHT_SECTION\n{numbers}\nEOF\n"
    )


@pytest.mark.parametrize(
    ("form", "numbers"),
    [
        ("FULL_MATRIX", "0 1 2\n1 0 3\n2 3 0"),
        ("UPPER_ROW", "1 2 3"),
        ("UPPER_DIAG_ROW", "0 1\n2 0 3 0"),
        ("LOWER_DIAG_ROW", "0 1 0 2 3 0"),
    ],
)
def test_every_form_of_a_matrix_is_the_same_matrix(form, numbers):
    tsp = tsplib.parse_tsplib(explicit(form, numbers), "toy")
    assert tsp.distances_NN.tolist() == [[0, 1, 2], [1, 0, 3], [2, 3, 0]]
    assert tsp.length(np.array([[0, 1, 2], [2, 1, 0]])).tolist() == [6, 6]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (explicit("UPPER_ROW", "1 2"), "toy: EDGE_WEIGHT_SECTION: 2 numbers, expected 3 for UPPER_ROW"),
        (explicit("UPPER_COL", "1 2 3"), "toy: EDGE_WEIGHT_FORMAT UPPER_COL is not read here"),
        (explicit("UPPER_ROW", "1 two 3"), "toy: line 7: expected numbers, got '1 two 3'"),
        (explicit("UPPER_ROW", "1 2 3").replace("EXPLICIT", "XRAY1"), "EDGE_WEIGHT_TYPE XRAY1 is not read here"),
        (explicit("UPPER_ROW", "").replace("EDGE_WEIGHT_SECTION", ""), "toy: no EDGE_WEIGHT_SECTION"),
        (explicit("UPPER_ROW", "1 2 3").replace("DIMENSION", "SIZE"), "toy: header: DIMENSION or EDGE_WEIGHT_TYPE"),
        ("hello\n", "toy: line 1: expected 'KEY: value' or a section, got 'hello'"),
        (
            "DIMENSION: 2\nEDGE_WEIGHT_TYPE: EUC_2D\nNODE_COORD_SECTION\n1 0 0\n2 3\nEOF",
            "toy: NODE_COORD_SECTION: 5 numbers, expected 3 for each of 2 cities",
        ),
        ("DIMENSION: 2\nEDGE_WEIGHT_TYPE: ATT\nFIXED_EDGES_SECTION\n-1\nEOF", "toy: FIXED_EDGES_SECTION"),
    ],
)
def test_a_broken_tsplib_file_is_refused(text, message):
    with pytest.raises(TspError, match=message):
        tsplib.parse_tsplib(text, "toy")
