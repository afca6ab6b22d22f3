"""What the Metropolis samplers of permutations and tours draw before their kernels run."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

BLOCK = 2**18
"""Proposals drawn at once: few enough to stay in the cache between drawing and use."""


def pairs_and_log_uniforms(
    positions: int, chains: int, steps: int, generator: torch.Generator
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float32]]]:
    """Draw `steps` Metropolis proposals for each of C chains, in blocks of T steps.

    Args:
        positions: N.
        chains: C.
        steps: sum of all T.
        generator: of the draws, on the CPU.

    Yields:
        Pairs of positions [C, T, 2], independent and uniform on 0, ..., N - 1, and the logarithms [C, T] of numbers
        uniform on [0, 1), to be compared with the gain of log density.
    """
    block = max(1, BLOCK // chains)
    for start in range(0, steps, block):
        shape = (chains, min(block, steps - start))
        pairs = torch.randint(positions, (*shape, 2), generator=generator, dtype=torch.int32)
        yield pairs.numpy(), torch.rand(shape, generator=generator).log_().numpy()
