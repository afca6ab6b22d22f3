"""The graph network respects what a graph is: numbering, direction and disjoint parts do not matter."""

import pytest
import torch

from papers.solution_samplers.graph_net import CouplingNet


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def net():
    net = CouplingNet(width=6, rounds=2, generator=seeded(0))
    torch.nn.init.normal_(net.head[-1].weight, generator=seeded(1))
    return net


@pytest.fixture
def graph():
    edges_2E = torch.tensor([[0, 0, 1, 2, 3], [1, 2, 2, 3, 4]])
    return edges_2E, torch.tensor([1.0, -2.0, 0.5, 1.0, 3.0]), 5


def test_starts_as_the_uniform_sampler(graph):
    assert torch.equal(CouplingNet(6, 2, seeded(0))(*graph), torch.zeros(5))


def test_equal_seeds_give_equal_weights():
    first, second, other = (CouplingNet(6, 2, seeded(seed)).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["encode.weight"], other["encode.weight"])


def test_numbering_of_the_vertices_does_not_matter(net, graph):
    edges_2E, weights_E, vertices = graph
    renumbered_2E = torch.tensor([3, 0, 4, 1, 2])[edges_2E]
    assert torch.allclose(net(renumbered_2E, weights_E, vertices), net(*graph), atol=1e-6)


def test_direction_of_an_edge_does_not_matter(net, graph):
    edges_2E, weights_E, vertices = graph
    turned_2E = edges_2E.clone()
    turned_2E[:, 1] = turned_2E[:, 1].flip(0)
    assert torch.allclose(net(turned_2E, weights_E, vertices), net(*graph), atol=1e-6)


def test_a_disjoint_union_is_each_part_by_itself(net, graph):
    edges_2E, weights_E, vertices = graph
    union = torch.cat([edges_2E, edges_2E[:, :3] + vertices], 1), torch.cat([weights_E, weights_E[:3]]), vertices + 3
    alone = net(edges_2E[:, :3], weights_E[:3], 3)
    assert torch.allclose(net(*union), torch.cat([net(*graph), alone]), atol=1e-6)


def test_edges_that_no_symmetry_joins_have_different_couplings(net, graph):
    couplings_E = net(*graph)
    assert couplings_E.std() > 1e-3
    ring = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])
    assert net(ring, torch.ones(4), 4).std() < 1e-6  # one number for the edges of a ring: -c / lambda is in reach


def test_the_gradient_reaches_every_weight(net, graph):
    net(*graph).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in net.parameters())


def test_huge_weights_leave_the_couplings_finite(net, graph):
    edges_2E, weights_E, vertices = graph
    assert torch.isfinite(net(edges_2E, 1e6 * weights_E, vertices)).all()
