"""Exact sampling of permutations with density `exp(sum_i W[i, pi_i])`: the paper's sampler for matchings (Theorem 5).

The normaliser is the permanent of `exp(W)`. The paper approximates it (Jerrum, Sinclair and Vigoda 2004) and uses
self-reducibility: each row picks its column by the permanents of the minors that are left. Here all those permanents
come from one recursion over the sets of used columns. It costs N 2^N as Ryser's formula does, but adds positive
numbers only, so that it stays accurate in log space where Ryser's alternating sum cancels.

Shape suffixes: B instances, C draws, N rows and columns, S sets of columns, J = N - k columns left for row k.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.samplers.errors import SamplerError, check_finite, check_positive

MOST_ROWS = 16
"""Largest N: 2^16 sets of columns; each row more doubles time and memory."""


class Matchings:
    """Independent exact draws of permutations.

    Args:
        generator: of every draw; its device is that of the weights.
    """

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator

    def sample(self, weights_BNN: Tensor, count: int) -> Tensor:
        """Draw permutations with density `exp(sum_i W[i, pi_i])`.

        Args:
            weights_BNN: W, finite, N at most `MOST_ROWS`.
            count: C, the draws of each instance.

        Returns:
            pi, int64 [B, C, N].
        """
        check_positive("Matchings", count=count)
        weights_BNN = _checked(weights_BNN.detach())
        instances, rows, _ = weights_BNN.shape
        columns, completions = _levels(rows, weights_BNN.device), _completions(weights_BNN)
        uniform_NBC1 = torch.rand(
            rows, instances, count, 1, generator=self._generator, device=weights_BNN.device, dtype=torch.float64
        )
        instance_B11 = torch.arange(instances, device=weights_BNN.device)[:, None, None]
        used_BC = torch.zeros(instances, count, dtype=torch.int64, device=weights_BNN.device)
        chosen = []
        for row, (free_SJ, next_SJ) in enumerate(columns):
            free_BCJ, next_BCJ = free_SJ[used_BC], next_SJ[used_BC]
            chance_BCJ = weights_BNN[instance_B11, row, free_BCJ] + completions[row + 1][instance_B11, next_BCJ]
            upper_BCJ = chance_BCJ.softmax(-1).cumsum(-1)[..., :-1]
            pick_BC1 = (uniform_NBC1[row] >= upper_BCJ).sum(-1, keepdim=True)
            chosen.append(free_BCJ.gather(-1, pick_BC1))
            used_BC = next_BCJ.gather(-1, pick_BC1).squeeze(-1)
        return torch.cat(chosen, -1)


def log_permanent(weights_BNN: Tensor) -> Tensor:
    """Return `log permanent(exp(W))`, float64 [B]; its gradient is the chance of each entry.

    Args:
        weights_BNN: W, finite, N at most `MOST_ROWS`.
    """
    return _completions(_checked(weights_BNN))[0].squeeze(1)


def _completions(weights_BNN: Tensor) -> list[Tensor]:
    """For each k, the log permanent [B, S] of the rows k, k + 1, ... over the columns outside each set of k columns."""
    instances, rows, _ = weights_BNN.shape
    completions = [weights_BNN.new_zeros(instances, 1)]
    for row, (free_SJ, next_SJ) in reversed(list(enumerate(_levels(rows, weights_BNN.device)))):
        completions.append((weights_BNN[:, row, free_SJ] + completions[-1][:, next_SJ]).logsumexp(-1))
    return completions[::-1]


@lru_cache(maxsize=8)
def _levels(rows: int, device: torch.device) -> list[tuple[Tensor, Tensor]]:
    """For each k and each set of k columns: the columns outside it, and the sets that adding each of them makes.

    Sets of k columns are numbered in the order of their bit masks.
    """
    masks = np.arange(2**rows)
    members_SN = masks[:, None] >> np.arange(rows) & 1
    size_S = members_SN.sum(1)
    number_S = np.empty_like(masks)
    for size in range(rows + 1):
        number_S[size_S == size] = np.arange((size_S == size).sum())
    levels = []
    for size in range(rows):
        sets = masks[size_S == size]
        free_SJ = np.nonzero(members_SN[sets] == 0)[1].reshape(len(sets), rows - size)
        next_SJ = number_S[sets[:, None] | 1 << free_SJ]
        levels.append((torch.from_numpy(free_SJ).to(device), torch.from_numpy(next_SJ).to(device)))
    return levels


def _checked(weights_BNN: Tensor) -> Tensor:
    if weights_BNN.ndim != 3:
        raise SamplerError(f"Matchings: weights must have shape [B, N, N] (got {list(weights_BNN.shape)})")
    instances, rows, _ = weights_BNN.shape
    check_finite("Matchings", "weights", weights_BNN, (instances, rows, rows))
    if rows > MOST_ROWS:
        raise SamplerError(
            f"Matchings: {rows} rows are too many for exact permanents (at most {MOST_ROWS}); use PermutationSwaps"
        )
    return weights_BNN.double()
