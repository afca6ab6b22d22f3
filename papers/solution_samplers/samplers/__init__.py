"""Samplers of solutions: exact ones, and Markov chains that persist from one call to the next."""

from dataclasses import dataclass
from typing import Literal

from common.claims import did_you_mean
from papers.solution_samplers.samplers.enumeration import Enumeration
from papers.solution_samplers.samplers.errors import SamplerError
from papers.solution_samplers.samplers.gibbs import IsingGibbs
from papers.solution_samplers.samplers.mala import Mala
from papers.solution_samplers.samplers.net_gibbs import NetGibbs
from papers.solution_samplers.samplers.permanent import Matchings
from papers.solution_samplers.samplers.permutations import PermutationSwaps
from papers.solution_samplers.samplers.product_gibbs import ProductGibbs
from papers.solution_samplers.samplers.swendsen_wang import SwendsenWang
from papers.solution_samplers.samplers.tempering import Tempering
from papers.solution_samplers.samplers.tours import Tours


@dataclass(frozen=True)
class SamplerInfo:
    """What a sampler is for.

    Attributes:
        sampler: the class.
        solutions: what it draws.
        problems: keys of `PROBLEMS` whose linear scores it samples.
        exact: True for independent draws from the very density, False for a chain that tends to it.
    """

    sampler: type
    solutions: Literal["any", "spins", "positions", "permutations", "tours"]
    problems: tuple[str, ...]
    exact: bool


SAMPLERS: dict[str, SamplerInfo] = {
    "enumeration": SamplerInfo(Enumeration, "any", ("max_cut", "min_cut", "csp", "matching", "tsp"), exact=True),
    "matchings": SamplerInfo(Matchings, "permutations", ("matching",), exact=True),
    "gibbs": SamplerInfo(IsingGibbs, "spins", ("max_cut", "min_cut"), exact=False),
    "tempering": SamplerInfo(Tempering, "spins", ("max_cut", "min_cut"), exact=False),
    "swendsen_wang": SamplerInfo(SwendsenWang, "spins", ("min_cut",), exact=False),
    "product_gibbs": SamplerInfo(ProductGibbs, "spins", ("max_cut", "min_cut", "csp"), exact=False),
    "net_gibbs": SamplerInfo(NetGibbs, "spins", (), exact=False),
    "mala": SamplerInfo(Mala, "positions", (), exact=False),
    "permutation_swaps": SamplerInfo(PermutationSwaps, "permutations", ("matching",), exact=False),
    "tours": SamplerInfo(Tours, "tours", ("tsp",), exact=False),
}
"""Every sampler; one that is added here is tested by the tests' contract."""


def find_sampler(name: str) -> SamplerInfo:
    """Look a sampler up by name.

    Raises:
        SamplerError: there is none; names the nearest and all of them.
    """
    if name not in SAMPLERS:
        raise SamplerError(f"no sampler {name!r}{did_you_mean(name, SAMPLERS)} (known: {', '.join(SAMPLERS)})")
    return SAMPLERS[name]
