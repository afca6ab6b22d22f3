"""What the samplers are made of, against dense linear algebra, brute force and closed forms."""

import math
from itertools import permutations

import networkx
import numpy as np
import pytest
import torch
from scipy.stats import kstest

from papers.solution_samplers.problems.spins import spin_states
from papers.solution_samplers.samplers import IsingGibbs, Mala, NetGibbs, SwendsenWang, Tempering, Tours, kernels
from papers.solution_samplers.samplers.gibbs import sweep_colours
from papers.solution_samplers.samplers.ising import Ising, random_spins
from papers.solution_samplers.samplers.net_gibbs import sweep_sites
from papers.solution_samplers.samplers.permanent import log_permanent
from papers.solution_samplers.scores import HomogeneousNet
from tests.papers.solution_samplers import chi_square


def seeded(seed=0, device="cpu"):
    return torch.Generator(device).manual_seed(seed)


def p_value(spins_CN, scores_S):
    return chi_square.p_value(spins_CN.cpu(), spin_states(spins_CN.shape[1]), scores_S)


def random_ising(vertices=5):
    edges_2E = torch.combinations(torch.arange(vertices)).T[:, ::2]  # every other pair
    couplings_E, fields_N = torch.randn(edges_2E.shape[1], generator=seeded(1)), torch.randn(5, generator=seeded(2))
    spins_SN = spin_states(vertices)
    scores_S = (spins_SN[:, edges_2E[0]] * spins_SN[:, edges_2E[1]]) @ couplings_E + spins_SN @ fields_N
    return edges_2E, couplings_E, fields_N, scores_S


def test_local_fields_and_log_density_are_those_of_the_dense_matrix():
    edges_2E, couplings_E, fields_N, scores_S = random_ising()
    dense_NN = torch.zeros(5, 5)
    dense_NN[edges_2E[0], edges_2E[1]] = couplings_E
    dense_NN += dense_NN.T.clone()
    model, spins_NS = Ising(edges_2E, 5, fields_N, torch.device("cpu")), spin_states(5).T.contiguous()
    expected_NS = dense_NN @ spins_NS + fields_N[:, None]
    assert torch.allclose(model.local_fields(spins_NS, couplings_E, model.everything), expected_NS, atol=1e-6)
    for colour in model.colours:
        fields_KS = model.local_fields(spins_NS, couplings_E, colour)
        assert torch.allclose(fields_KS, expected_NS[colour.vertices], atol=1e-6)
    assert torch.allclose(model.log_density(spins_NS, couplings_E), scores_S[None], atol=1e-5)


def test_the_log_density_of_a_batch_of_graphs_is_one_for_each():
    edges_2E, couplings_E, fields_N, scores_S = random_ising()
    twice_2E, pair_N = torch.cat([edges_2E, edges_2E + 5], 1), torch.cat([fields_N, -fields_N])
    model, spins_NS = Ising(twice_2E, 10, pair_N, torch.device("cpu")), spin_states(5).T.repeat(2, 1)
    both_PS = torch.stack([scores_S, scores_S.flip(0)])  # the last state is minus the first
    assert torch.allclose(model.log_density(spins_NS, couplings_E.repeat(2)), both_PS, atol=1e-5)


def test_no_edge_joins_two_vertices_of_one_colour():
    graph = networkx.gnp_random_graph(60, 0.2, seed=1)
    model = Ising(torch.tensor(list(graph.edges)).T, 60, None, torch.device("cpu"))
    colour_N = torch.full((60,), -1)
    for index, colour in enumerate(model.colours):
        colour_N[colour.vertices] = index
    assert (colour_N >= 0).all()
    assert (colour_N[model.edges_2E[0]] != colour_N[model.edges_2E[1]]).all()
    assert len(model.colours) <= 1 + max(degree for _, degree in graph.degree)


def test_a_graph_without_edges_has_independent_spins():
    fields_N = torch.tensor([0.3, -1.0])
    spins_CN = IsingGibbs(torch.zeros(2, 0).long(), 2, 4096, seeded(), fields_N).run(torch.zeros(0), 1)
    assert p_value(spins_CN, spin_states(2) @ fields_N) > 1e-3


def test_the_gpu_way_of_gibbs_sampling_follows_the_density_too():
    edges_2E, couplings_E, fields_N, scores_S = random_ising()
    model, spins_NC = Ising(edges_2E, 5, fields_N, torch.device("cpu")), random_spins(5, 4096, generator=seeded())
    sweep_colours(model, spins_NC, couplings_E, torch.full((1, 4096), 0.5), 40, seeded(1))
    assert p_value(spins_NC.T, scores_S / 2) > 1e-3
    assert p_value(spins_NC.T, scores_S) < 1e-9


def test_the_gpu_way_of_sampling_nets_follows_the_density_too():
    net = HomogeneousNet(2, (5, 7, 6, 1), seeded(1))
    layers = [4 * layer.detach() for layer in net.layers]
    spins_BNC = random_spins(2, 5, 4096, generator=seeded())
    sweep_sites(spins_BNC, layers, 40, 0.5, seeded(1))
    scores_BS = 4**3 * net(spin_states(5)).detach()
    assert p_value(spins_BNC[0].T, scores_BS[0] / 2) > 1e-3
    assert p_value(spins_BNC[1].T, scores_BS[1] / 2) > 1e-3
    assert p_value(spins_BNC[1].T, scores_BS[1]) < 1e-9


def test_the_kernels_exponential():
    x = np.linspace(-80, 80, 2001, dtype=np.float32)
    values = np.array([kernels.exponential(value) for value in x])
    error = np.abs(values / np.exp(x.astype(np.float64)) - 1)
    assert (error < 2e-7 * (1 + np.abs(x))).all()
    assert kernels.exponential(np.float32(1e30)) == 2.0**126
    assert kernels.exponential(np.float32(-1e30)) == 2.0**-126


def test_the_kernels_random_numbers_are_uniform_and_independent():
    lanes_4C = kernels.seed_lanes(8, seeded())
    numbers_TC = np.empty((4000, 8), np.float32)
    for row in numbers_TC:
        kernels.uniform(lanes_4C, row)
    assert numbers_TC.min() >= 0
    assert numbers_TC.max() < 1
    assert kstest(numbers_TC.ravel(), "uniform").pvalue > 1e-3
    within = np.corrcoef(numbers_TC[:-1].ravel(), numbers_TC[1:].ravel())[0, 1]
    between = np.corrcoef(numbers_TC.T)[np.triu_indices(8, 1)]
    assert abs(within) < 4 / math.sqrt(numbers_TC.size)
    assert np.abs(between).max() < 4 / math.sqrt(4000)


def test_backward_through_spins_that_have_moved_on_is_refused():
    sampler, weights_N = IsingGibbs(torch.tensor([[0], [1]]), 2, 3, seeded()), torch.ones(2, requires_grad=True)
    score = (sampler.run(torch.ones(1), 1) @ weights_N).sum()
    sampler.run(torch.ones(1), 1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        score.backward()


@pytest.mark.parametrize("scale", [0.0, 1.0, 50.0])
def test_the_permanent_and_the_chances_of_its_entries(scale):
    weights_BNN = (scale * torch.randn(2, 5, 5, generator=seeded(), dtype=torch.float64)).requires_grad_()
    orders_SN = torch.tensor(list(permutations(range(5))))
    scores_BS = weights_BNN[:, torch.arange(5), orders_SN].sum(-1)
    assert torch.allclose(log_permanent(weights_BNN), scores_BS.logsumexp(1), rtol=1e-13)
    (chances_BNN,) = torch.autograd.grad(log_permanent(weights_BNN).sum(), weights_BNN)
    entries_SNN = torch.nn.functional.one_hot(orders_SN, 5).double()
    expected_BNN = torch.einsum("bs,snm->bnm", scores_BS.softmax(1), entries_SNN)
    assert torch.allclose(chances_BNN, expected_BNN, atol=1e-12)


def test_swendsen_wang_crosses_between_the_wells_where_gibbs_is_stuck():
    ring_2E = torch.stack([torch.arange(30), (torch.arange(30) + 1) % 30])
    couplings_E = torch.full((30,), 3.0)
    for sampler, crosses in ((SwendsenWang, True), (IsingGibbs, False)):
        chains = sampler(ring_2E, 30, 64, seeded())
        chains.states[:] = 1.0
        moved = (chains.run(couplings_E, 20).mean(1) < 0).float().mean()
        assert (0.3 < moved < 0.7) if crosses else moved == 0


def test_tempering_crosses_between_the_wells_where_gibbs_is_stuck():
    pairs_2E = torch.combinations(torch.arange(10)).T
    couplings_E = torch.full((45,), 0.5)  # one vertex against all others costs exp(-9)
    chains = Tempering(pairs_2E, 10, 64, (0.05, 0.1, 0.2, 0.3, 0.45, 0.7, 1.0), seeded())
    start_C = chains.run(couplings_E, 50).mean(1).sign()
    end_C = chains.run(couplings_E, 400).mean(1).sign()
    assert 0.25 < (start_C != end_C).float().mean() < 0.75
    assert ((chains.swap_rate > 0.1) & (chains.swap_rate < 1)).all()
    plain = IsingGibbs(pairs_2E, 10, 64, seeded())
    start_C = plain.run(couplings_E, 50).mean(1).sign()
    assert torch.equal(start_C, plain.run(couplings_E, 400).mean(1).sign())


def test_tempering_of_a_batch_swaps_each_graph_on_its_own():
    edges_2E, couplings_E, fields_N, scores_S = random_ising()
    batch_2E = torch.cat([edges_2E + 5 * graph for graph in range(20)], 1)
    chains = Tempering(batch_2E, 100, 256, (0.05, 0.5, 1.0), seeded(), fields_N.repeat(20))
    spins_CN = chains.run(couplings_E.repeat(20), 40)
    assert p_value(spins_CN.reshape(-1, 5), scores_S) > 1e-3
    alone = Tempering(edges_2E, 5, 256, (0.05, 0.5, 1.0), seeded(), fields_N)
    alone.run(couplings_E, 40)
    assert torch.allclose(chains.swap_rate, alone.swap_rate, atol=0.03)


def test_short_tours_win_when_scores_are_steep():
    angle_N = 2 * math.pi * torch.randperm(12, generator=seeded()) / 12
    cities_N2 = torch.stack([angle_N.cos(), angle_N.sin()], 1)
    tours_CN = Tours(12, 8, seeded()).run(-40 * torch.cdist(cities_N2, cities_N2), 20_000)
    length_C = (cities_N2[tours_CN] - cities_N2[tours_CN.roll(-1, 1)]).norm(dim=-1).sum(1)
    assert torch.allclose(length_C, torch.full((8,), 24 * math.sin(math.pi / 12)), rtol=1e-5)
    assert (tours_CN[:, 0] == 0).all()


def gaussian_case(device):
    """MALA on a correlated Gaussian at a coarse step, where only the correction makes the moments right."""
    covariance_NN = torch.tensor([[1.0, 0.6], [0.6, 2.0]], device=device)
    precision_NN, mean_N = covariance_NN.inverse(), torch.tensor([1.0, -2.0], device=device)
    sampler = Mala(2, 4096, 0.8, seeded(device=device))
    x_CN = sampler.run(lambda x_CN: -(((x_CN - mean_N) @ precision_NN) * (x_CN - mean_N)).sum(1) / 2, 60)
    assert torch.allclose(x_CN.mean(0), mean_N, atol=4 * math.sqrt(2 / 4096))
    assert torch.allclose(x_CN.T.cov(), covariance_NN, atol=4 * 2 * math.sqrt(2 / 4096))
    assert 0.3 < sampler.acceptance < 0.9


def test_mala_has_the_moments_of_a_gaussian():
    gaussian_case("cpu")


def test_mala_rejects_steps_to_where_there_is_no_density():
    sampler = Mala(1, 256, 0.5, seeded())
    sampler.states.abs_()
    x_C1 = sampler.run(lambda x_C1: torch.where(x_C1[:, 0] > 0, -x_C1[:, 0], -math.inf), 50)
    assert (x_C1 > 0).all()


@pytest.mark.gpu
def test_mala_on_a_gpu():
    gaussian_case("cuda")


@pytest.mark.gpu
def test_gibbs_on_a_gpu():
    edges_2E, couplings_E, fields_N, scores_S = random_ising()
    for sampler in (
        IsingGibbs(edges_2E, 5, 4096, seeded(device="cuda"), fields_N),
        Tempering(edges_2E, 5, 1024, (0.3, 1.0), seeded(device="cuda"), fields_N),
    ):
        spins_CN = sampler.run(couplings_E.cuda(), 40)
        assert spins_CN.is_cuda
        assert p_value(spins_CN, scores_S) > 1e-3


@pytest.mark.gpu
def test_nets_on_a_gpu():
    net = HomogeneousNet(1, (5, 7, 6, 1), seeded(1)).cuda()
    for layer in net.layers:
        layer.data *= 3
    spins_BCN = NetGibbs(1, 5, 4096, seeded(device="cuda")).run(net, 40)
    assert p_value(spins_BCN[0], net(spin_states(5).cuda())[0].detach().cpu()) > 1e-3
