"""Exact sampling where all solutions can be enumerated.

Shape suffixes: B instances, C draws, S solutions, N entries of a solution.
"""

import torch
from torch import Tensor

from papers.solution_samplers.samplers.errors import SamplerError, check_finite, check_positive


class Enumeration:
    """Independent exact draws from `softmax(scores)` over all solutions.

    Args:
        solutions_SN: all of them.
        generator: of every draw; its device is that of the solutions.
    """

    def __init__(self, solutions_SN: Tensor, generator: torch.Generator) -> None:
        self._solutions_SN = solutions_SN
        self._generator = generator

    def sample(self, scores_BS: Tensor, count: int) -> Tensor:
        """Draw `count` solutions of each instance.

        Args:
            scores_BS: finite log densities up to a constant.
            count: C.

        Returns:
            [B, C, N].

        Raises:
            SamplerError: the scores are not finite or not one per solution.
        """
        check_positive("Enumeration", count=count)
        if scores_BS.ndim != 2:
            raise SamplerError(f"Enumeration: scores must have shape [B, S] (got {list(scores_BS.shape)})")
        check_finite("Enumeration", "scores", scores_BS, (len(scores_BS), len(self._solutions_SN)))
        upper_BS = scores_BS.detach().double().softmax(1).cumsum(1)
        uniform_BC = torch.rand(
            len(scores_BS), count, generator=self._generator, device=upper_BS.device, dtype=torch.float64
        )
        # the last bound is 1 up to rounding: drawing relative to it leaves no gap
        chosen_BC = torch.searchsorted(upper_BS, uniform_BC * upper_BS[:, -1:], right=True)
        return self._solutions_SN[chosen_BC]
