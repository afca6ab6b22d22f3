"""Metropolis sampling of permutations by swaps of two entries: matchings too large for exact permanents.

Shape suffixes: C chains, N rows and columns, T steps.
"""

import numba
import torch
from torch import Tensor

from papers.solution_samplers.samplers.errors import SamplerError, check_cpu, check_finite, check_positive
from papers.solution_samplers.samplers.proposals import pairs_and_log_uniforms


class PermutationSwaps:
    """Chains over permutations with density `exp(sum_i W[i, pi_i])`; a move swaps the columns of two rows.

    Faults in what is given end in a `SamplerError`.

    Args:
        rows: N >= 2.
        chains: C.
        generator: of the uniform starts and of every draw, on the CPU.

    Attributes:
        states: pi, int64 [C, N]; the next `run` changes them in place.
    """

    def __init__(self, rows: int, chains: int, generator: torch.Generator) -> None:
        check_positive("PermutationSwaps", chains=chains)
        check_cpu("PermutationSwaps", generator)
        if rows < 2:
            raise SamplerError(f"PermutationSwaps: need at least 2 rows (got {rows})")
        self.states = torch.rand(chains, rows, generator=generator, dtype=torch.float64).argsort(1)
        self._generator = generator

    def run(self, scores_NN: Tensor, steps: int) -> Tensor:
        """Propose `steps` swaps to every chain.

        Args:
            scores_NN: W, finite: the score of giving a row a column.
            steps: proposals per chain.

        Returns:
            `states`.
        """
        chains, rows = self.states.shape
        check_finite("PermutationSwaps", "scores", scores_NN, (rows, rows))
        scores = scores_NN.detach().double().cpu().contiguous().numpy()
        for pairs_CT2, log_uniform_CT in pairs_and_log_uniforms(rows, chains, steps, self._generator):
            _swap(self.states.numpy(), scores, pairs_CT2, log_uniform_CT)
        return self.states


@numba.njit(cache=True)
def _swap(permutations_CN, scores_NN, pairs_CT2, log_uniform_CT):
    for chain in range(permutations_CN.shape[0]):
        permutation_N = permutations_CN[chain]
        for step in range(pairs_CT2.shape[1]):
            i, j = pairs_CT2[chain, step, 0], pairs_CT2[chain, step, 1]
            to_i, to_j = permutation_N[i], permutation_N[j]
            gain = scores_NN[i, to_j] + scores_NN[j, to_i] - scores_NN[i, to_i] - scores_NN[j, to_j]
            if log_uniform_CT[chain, step] < gain:
                permutation_N[i], permutation_N[j] = to_j, to_i
