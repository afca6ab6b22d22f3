"""One contract for all samplers: the right distribution, states that persist, seeds that decide, faults in one line."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from papers.solution_samplers.problems import PROBLEMS, make
from papers.solution_samplers.problems.spins import spin_states
from papers.solution_samplers.samplers import (
    SAMPLERS,
    Enumeration,
    IsingGibbs,
    Mala,
    Matchings,
    NetGibbs,
    PermutationSwaps,
    ProductGibbs,
    SamplerError,
    SwendsenWang,
    Tempering,
    Tours,
    find_sampler,
)
from papers.solution_samplers.scores import HomogeneousNet
from tests.papers.solution_samplers.chi_square import p_value

CHAINS = 4096
"""Each gives one draw at the end, so that draws are independent and nothing has to be thinned."""
CALLS = 40
"""Short runs from one draw to the next: only chains that persist from call to call reach their density."""
SURE, UNSURE = 1e-9, 1e-3
"""A p-value below the first is a wrong distribution, above the second it passes."""


class Draws(NamedTuple):
    """What a case gives: draws of one instance, all solutions, and their log density up to a constant."""

    draws_CN: Tensor
    solutions_SN: Tensor
    scores_S: Tensor


class Spread(NamedTuple):
    """An instance of a problem with weights that neither freeze nor ignore it."""

    solutions_SN: Tensor
    weights_F: Tensor
    scores_S: Tensor


def spread(name: str, size: int) -> Spread:
    problem = make(name, 1, size, seed=3)
    solutions_SN = problem.solutions()
    weights_F = -2 * problem.costs_BF[0]
    return Spread(solutions_SN, weights_F, problem.psi(solutions_SN).double() @ weights_F)


def run(sampler, *arguments, steps: int = 1) -> Tensor:
    for _ in range(CALLS):
        draws = sampler.run(*arguments, steps)
    return draws


def enumeration(generator):
    solutions_SN, _, scores_S = spread("tsp", 5)
    draws = Enumeration(solutions_SN, generator).sample(torch.stack([-scores_S, scores_S]), CHAINS)[1]
    return Draws(draws, solutions_SN, scores_S)


def matchings(generator):
    solutions_SN, weights_F, scores_S = spread("matching", 4)
    weights_NN = 2 * weights_F.view(4, 4)
    draws = Matchings(generator).sample(torch.stack([-weights_NN, weights_NN]), CHAINS)[1]
    return Draws(draws, solutions_SN, 2 * scores_S)


def permutation_swaps(generator):
    solutions_SN, weights_F, scores_S = spread("matching", 4)
    draws = run(PermutationSwaps(4, CHAINS, generator), 2 * weights_F.view(4, 4))
    return Draws(draws, solutions_SN, 2 * scores_S)


def tours(generator):
    solutions_SN, weights_F, _ = spread("tsp", 5)
    one_way = torch.linspace(0, 2, 25, dtype=torch.float64)  # so that a tour and its reverse differ
    scores_S = make("tsp", 1, 5, seed=3).psi(solutions_SN).double() @ (weights_F + one_way)
    return Draws(run(Tours(5, CHAINS, generator), (weights_F + one_way).view(5, 5)), solutions_SN, scores_S)


def ising(make_sampler: Callable):
    """A cut problem, whose enumeration has +1 first: a draw with -1 first is the same cut seen from the other side."""
    solutions_SN, weights_F, scores_S = spread("max_cut", 6)
    draws_CN = run(make_sampler(torch.combinations(torch.arange(6)).T), weights_F)
    return Draws(draws_CN * draws_CN[:, :1], solutions_SN, scores_S)


def gibbs(generator):
    return ising(lambda edges_2E: IsingGibbs(edges_2E, 6, CHAINS, generator))


def tempering(generator):
    return ising(lambda edges_2E: Tempering(edges_2E, 6, CHAINS // 4, (0.3, 0.6, 1.0), generator))


def in_fields(make_sampler: Callable):
    """A cut between two fixed vertices, as fields of both signs and couplings >= 0."""
    solutions_SN, weights_F, scores_S = spread("min_cut", 7)
    fields_N = torch.nn.functional.pad(weights_F[:5], (1, 1))
    free_CN = run(make_sampler(1 + torch.combinations(torch.arange(5)).T, fields_N), weights_F[5:])[:, 1:-1]
    one_C1 = torch.ones(len(free_CN), 1)
    return Draws(torch.cat([one_C1, free_CN, -one_C1], 1), solutions_SN, scores_S)


def swendsen_wang(generator):
    return in_fields(lambda edges_2E, fields_N: SwendsenWang(edges_2E, 7, CHAINS, generator, fields_N))


def gibbs_in_fields(generator):
    return in_fields(lambda edges_2E, fields_N: IsingGibbs(edges_2E, 7, CHAINS, generator, fields_N))


def tempering_in_fields(generator):
    return in_fields(
        lambda edges_2E, fields_N: Tempering(edges_2E, 7, CHAINS // 4, (0.3, 0.6, 1.0), generator, fields_N)
    )


def product_gibbs(generator):
    solutions_SN, weights_F, scores_S = spread("csp", 5)
    draws = run(ProductGibbs(make("csp", 1, 5, seed=3).subsets, 5, CHAINS, generator), weights_F / 4)
    return Draws(draws, solutions_SN, scores_S / 4)


def net_gibbs(generator):
    net = HomogeneousNet(2, (5, 7, 6, 1), torch.Generator().manual_seed(1))
    for layer in net.layers:
        layer.data *= 3
    solutions_SN, sampler = spin_states(5), NetGibbs(2, 5, CHAINS, generator)
    for _ in range(CALLS):
        draws_BCN = sampler.run(net, 1, 0.5)
    return Draws(draws_BCN[1], solutions_SN, net(solutions_SN)[1].detach() / 2)


def mala(generator):
    """A double well, cut into bins: the nearest of 24 grid points is the "solution"."""

    def log_density(x_CN):
        return torch.logaddexp(0.5 - 2 * (x_CN - 1) ** 2, -2 * (x_CN + 1) ** 2).sum(1)

    fine = torch.linspace(-3, 3, 24 * 1000 + 1, dtype=torch.float64)
    scores_S = log_density(fine[:-1, None]).view(24, 1000).logsumexp(1)
    draws_C1 = run(Mala(1, CHAINS, 0.2, generator), log_density, steps=5)
    grid_S1 = torch.linspace(-3, 3, 25)[:-1, None] + 0.125
    nearest_C = (draws_C1 - grid_S1.T).abs().argmin(1)
    return Draws(grid_S1[nearest_C], grid_S1, scores_S)


CASES = {
    "enumeration": enumeration,
    "matchings": matchings,
    "gibbs": gibbs,
    "gibbs, with fields": gibbs_in_fields,
    "tempering": tempering,
    "tempering, with fields": tempering_in_fields,
    "swendsen_wang": swendsen_wang,
    "product_gibbs": product_gibbs,
    "net_gibbs": net_gibbs,
    "mala": mala,
    "permutation_swaps": permutation_swaps,
    "tours": tours,
}


@pytest.mark.parametrize("name", CASES)
def test_draws_follow_the_density(name):
    draws = CASES[name](torch.Generator().manual_seed(0))
    assert p_value(*draws) > UNSURE
    assert p_value(*draws._replace(scores_S=draws.scores_S / 2)) < SURE, "the test would not notice a wrong density"


@pytest.mark.parametrize("name", CASES)
def test_the_seed_decides_the_draws(name, monkeypatch):
    monkeypatch.setitem(globals(), "CALLS", 2)
    monkeypatch.setitem(globals(), "CHAINS", 64)
    first, again, other = (CASES[name](torch.Generator().manual_seed(seed)).draws_CN for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert first.shape != other.shape or not torch.equal(first, other)


def test_every_problem_names_a_sampler_of_its_linear_scores():
    for name, problem in PROBLEMS.items():
        assert name in find_sampler(problem.sampler).problems
    assert {problem for info in SAMPLERS.values() for problem in info.problems} == set(PROBLEMS)


EDGES = torch.tensor([[0, 0, 1], [1, 2, 2]])
NET = HomogeneousNet(1, (3, 2, 2, 1), torch.Generator().manual_seed(0))


def chains(seed: int = 0) -> dict[str, tuple[object, tuple]]:
    """A chain of each kind on three vertices, with the arguments of its runs."""
    generator = torch.Generator().manual_seed(seed)
    couplings_E, scores_NN = torch.ones(3), torch.ones(3, 3)
    return {
        "gibbs": (IsingGibbs(EDGES, 3, 2, generator), (couplings_E,)),
        "tempering": (Tempering(EDGES, 3, 2, (0.5, 1), generator), (couplings_E,)),
        "swendsen_wang": (SwendsenWang(EDGES, 3, 2, generator), (couplings_E,)),
        "product_gibbs": (ProductGibbs([EDGES.T], 3, 2, generator), (couplings_E,)),
        "net_gibbs": (NetGibbs(1, 3, 2, generator), (NET,)),
        "mala": (Mala(3, 2, 0.1, generator), (lambda x_CN: -x_CN.square().sum(1),)),
        "permutation_swaps": (PermutationSwaps(3, 2, generator), (scores_NN,)),
        "tours": (Tours(3, 2, generator), (scores_NN,)),
    }


@pytest.mark.parametrize("name", chains())
def test_states_persist(name):
    sampler, arguments = chains()[name]
    sampler.run(*arguments, 5)
    before = sampler.states.clone()
    assert torch.equal(sampler.run(*arguments, 0), before)
    assert torch.equal(sampler.states, before)
    for _ in range(20):
        returned = sampler.run(*arguments, 1)
    assert torch.equal(sampler.states, returned)
    assert not torch.equal(returned, before)


def test_no_sampler_is_left_out():
    assert set(SAMPLERS) <= set(CASES)
    assert set(chains()) == {name for name, info in SAMPLERS.items() if not info.exact}


NAN = torch.tensor([1.0, float("nan"), 1.0])
BAD_MATRIX = torch.ones(3, 3).fill_diagonal_(float("inf"))
WIDE_NET = HomogeneousNet(1, (4, 2, 2, 1), torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [
        ("gibbs", NAN, r"couplings\[1\] is not finite \(got nan\)"),
        ("tempering", NAN, r"couplings\[1\] is not finite"),
        ("gibbs", torch.ones(2), r"couplings must have shape \[3\] \(got \[2\]\)"),
        (
            "swendsen_wang",
            torch.tensor([1.0, -0.5, 1.0]),
            r"edge 1 \[0, 2\] has the negative coupling -0.5.*IsingGibbs",
        ),
        ("product_gibbs", NAN, r"weights\[1\] is not finite"),
        ("net_gibbs", WIDE_NET, r"weights of layer 0 must have shape \[1, 2, 3\] \(got \[1, 2, 4\]\)"),
        ("mala", lambda x_CN: x_CN, r"log density must have shape \[2\] \(got \[2, 3\]\)"),
        ("mala", lambda x_CN: x_CN.sum(1) / 0, r"log density\[0\] is not finite"),
        ("permutation_swaps", BAD_MATRIX, r"scores\[0, 0\] is not finite \(got inf\)"),
        ("tours", torch.ones(3, 2), r"scores must have shape \[3, 3\] \(got \[3, 2\]\)"),
    ],
)
def test_a_run_refuses_what_is_no_density(name, bad, message):
    sampler, _ = chains()[name]
    with pytest.raises(SamplerError, match=message):
        sampler.run(bad, 1)


GENERATOR = torch.Generator()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: IsingGibbs(torch.tensor([[0], [3]]), 3, 1, GENERATOR), r"edge 0 \[0, 3\] joins no two of 3 vertices"),
        (lambda: IsingGibbs(torch.tensor([[0, 1], [1, 1]]), 3, 1, GENERATOR), r"edge 1 \[1, 1\] joins no two"),
        (lambda: IsingGibbs(torch.ones(2, 1), 3, 1, GENERATOR), r"integers of shape \[2, E\] \(got torch.float32"),
        (lambda: IsingGibbs(EDGES, 3, 0, GENERATOR), r"chains must be at least 1 \(got 0\)"),
        (lambda: IsingGibbs(EDGES, 3, 1, GENERATOR, NAN), r"fields\[1\] is not finite"),
        (lambda: Tempering(EDGES, 3, 1, (1.0, 0.5), GENERATOR), r"rising inverse temperatures.*\[1.0, 0.5\]"),
        (lambda: ProductGibbs([EDGES.T + 1], 3, 1, GENERATOR), r"element outside 0..2"),
        (lambda: NetGibbs(1, 0, 1, GENERATOR), r"vertices must be at least 1"),
        (lambda: Mala(3, 1, -0.1, GENERATOR), r"step must be positive and finite \(got -0.1\)"),
        (lambda: PermutationSwaps(1, 1, GENERATOR), r"at least 2 rows \(got 1\)"),
        (lambda: Tours(2, 1, GENERATOR), r"at least 3 cities \(got 2\)"),
        (lambda: Matchings(GENERATOR).sample(torch.zeros(1, 17, 17), 1), r"17 rows are too many.*PermutationSwaps"),
        (lambda: Matchings(GENERATOR).sample(torch.zeros(3, 3), 1), r"shape \[B, N, N\] \(got \[3, 3\]\)"),
        (lambda: Enumeration(spin_states(2), GENERATOR).sample(torch.zeros(1, 3), 1), r"shape \[1, 4\]"),
        (lambda: find_sampler("gibs"), r"no sampler 'gibs'; did you mean 'gibbs'\? \(known: enumeration, "),
    ],
)
def test_what_cannot_be_sampled_is_refused_in_one_line(build, message):
    with pytest.raises(SamplerError, match=message) as caught:
        build()
    assert "\n" not in str(caught.value)
