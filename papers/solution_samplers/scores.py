"""Score functions: the log density of a sampler up to a constant. A batch of B models is one module.

Shape suffixes: B models (one per instance), C solutions or chains, N spins, F features.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


class LinearScore(nn.Module):
    """The paper's exponential family: `f(s) = w . x(s)` over features x.

    Args:
        models: B.
        features: F.
        deviation: standard deviation of the normal initial weights.
        generator: of the initial weights.
    """

    def __init__(self, models: int, features: int, deviation: float, generator: torch.Generator) -> None:
        super().__init__()
        self.weights_BF = nn.Parameter(deviation * torch.randn(models, features, generator=generator))

    def forward(self, features_BCF: Tensor) -> Tensor:
        """Return the scores [B, C] of features [B, C, F], or of features [C, F] that all models share."""
        return (features_BCF @ self.weights_BF.unsqueeze(-1)).squeeze(-1)


class HomogeneousNet(nn.Module):
    """The paper's bias-free ReLU net (appendix I), which turns spins into one score.

    Without biases, and with ReLU between the layers, scaling every layer's weights by `t > 0` scales the score by
    `t^layers`. The paper's slow part multiplies every layer by rho; hence `f_slow = rho^3 f` exactly for its three
    layers, which `slow_factor` gives.

    Args:
        models: B.
        sizes: spins, hidden units, ..., 1: the paper has (15, 30, 10, 1).
        generator: of the initial weights, uniform within `1 / sqrt(fan_in)` (`kaiming_uniform_` with a = sqrt 5).
    """

    def __init__(self, models: int, sizes: Sequence[int], generator: torch.Generator) -> None:
        super().__init__()
        self.layers = nn.ParameterList(
            (2 * torch.rand(models, outputs, inputs, generator=generator) - 1) / math.sqrt(inputs)
            for inputs, outputs in pairwise(sizes)
        )

    def forward(self, spins_BCN: Tensor, layer_scale: float = 1.0) -> Tensor:
        """Score solutions.

        Args:
            spins_BCN: spins of +-1, or [C, N] that all models share.
            layer_scale: multiplies the weights of every layer, as the paper's slow part does.

        Returns:
            The scores, shape [B, C].
        """
        *hidden, last = self.layers
        units_BCN = spins_BCN
        for layer_BON in hidden:
            units_BCN = torch.relu(units_BCN @ (layer_scale * layer_BON).mT)
        return (units_BCN @ (layer_scale * last).mT).squeeze(-1)

    def slow_factor(self, inverse_temperature: float) -> float:
        """Return rho^layers: what the score is multiplied by where every layer is multiplied by rho."""
        return inverse_temperature ** len(self.layers)
