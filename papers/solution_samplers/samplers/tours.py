"""2-opt Metropolis sampling of tours.

Shape suffixes: C chains, N cities, T steps.
"""

import numba
import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.samplers.errors import SamplerError, check_cpu, check_finite, check_positive
from papers.solution_samplers.samplers.proposals import pairs_and_log_uniforms


class Tours:
    """Chains over tours with density `exp(sum_k W[t_k, t_k+1])`, the last edge leading back to t_0 = 0.

    A move reverses the cities from one position to another. W need not be symmetric: the edges inside the reversed
    part count in their new direction. Faults in what is given end in a `SamplerError`.

    Args:
        cities: N >= 3.
        chains: C.
        generator: of the uniform starts and of every draw, on the CPU.

    Attributes:
        states: int64 [C, N], city 0 first; the next `run` changes them in place.
    """

    def __init__(self, cities: int, chains: int, generator: torch.Generator) -> None:
        check_positive("Tours", chains=chains)
        check_cpu("Tours", generator)
        if cities < 3:
            raise SamplerError(f"Tours: need at least 3 cities (got {cities})")
        order_CN = torch.rand(chains, cities - 1, generator=generator, dtype=torch.float64).argsort(1) + 1
        self.states = torch.cat([order_CN.new_zeros(chains, 1), order_CN], 1)
        self._generator = generator

    def run(self, scores_NN: Tensor, steps: int) -> Tensor:
        """Propose `steps` reversals to every chain.

        Args:
            scores_NN: W, finite: the score of going from one city to another. `-beta * distances` prefers short tours.
            steps: proposals per chain.

        Returns:
            `states`.
        """
        chains, cities = self.states.shape
        check_finite("Tours", "scores", scores_NN, (cities, cities))
        scores = scores_NN.detach().double().cpu().contiguous().numpy()
        symmetric = np.array_equal(scores, scores.T)
        for ends_CT2, log_uniform_CT in pairs_and_log_uniforms(cities - 1, chains, steps, self._generator):
            _reverse(self.states.numpy(), scores, symmetric, ends_CT2, log_uniform_CT)
        return self.states


@numba.njit(cache=True)
def _reverse(tours_CN, scores_NN, symmetric, ends_CT2, log_uniform_CT):
    chains, cities = tours_CN.shape
    turned_N = np.zeros(cities)  # what turning the edges before each position would gain
    for chain in range(chains):
        tour_N = tours_CN[chain]
        if not symmetric:
            _gains_of_turning(tour_N, scores_NN, 1, turned_N)
        for step in range(ends_CT2.shape[1]):
            one, other = ends_CT2[chain, step, 0] + 1, ends_CT2[chain, step, 1] + 1
            i, j = min(one, other), max(one, other)
            before, first, last = tour_N[i - 1], tour_N[i], tour_N[j]
            after = tour_N[j + 1] if j + 1 < cities else tour_N[0]
            gain = scores_NN[before, last] + scores_NN[first, after]
            gain += turned_N[j] - turned_N[i] - scores_NN[before, first] - scores_NN[last, after]
            if log_uniform_CT[chain, step] < gain:
                for k in range((j - i + 1) // 2):
                    tour_N[i + k], tour_N[j - k] = tour_N[j - k], tour_N[i + k]
                if not symmetric:
                    _gains_of_turning(tour_N, scores_NN, i, turned_N)


@numba.njit(cache=True)
def _gains_of_turning(tour_N, scores_NN, start, turned_N):
    """Sum up, from position `start` on, what each edge of the tour would gain by being gone the other way."""
    for k in range(start, tour_N.size):
        a, b = tour_N[k - 1], tour_N[k]
        turned_N[k] = turned_N[k - 1] + scores_NN[b, a] - scores_NN[a, b]
