"""Gradients through a solver whose solution is piecewise constant, interchangeable by name.

Each estimator does two things. `solve` gives the solutions at which the objective is evaluated. `gradient` takes the
slopes df/dx there and estimates d/dc of the mean of f over them. All are for minimisation: x = argmin c . x.

Shape suffixes: K draws of noise (1 without noise), B runs, N variables.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from papers.surco.choices import Differentiation
from papers.surco.errors import SurcoError
from papers.surco.polytope import Regularised


class Solve(Protocol):
    """A solver as estimators see it."""

    def __call__(self, costs: Tensor) -> Tensor:
        """Costs [..., B, N] to solutions of the same shape."""

    def regularised(self, costs_BN: Tensor, gamma: float) -> Regularised:
        """Solve the linear relaxation with gamma / 2 |x|^2 added; only for `Quadratic`."""


@dataclass(frozen=True)
class Forward:
    """Solutions x_KBN of an estimator, and what its gradient needs of the way there."""

    x_KBN: Tensor
    kept: Any = None


class Estimator(Protocol):
    """What every estimator offers.

    Attributes:
        vertices: whether its solutions are solutions of the problem itself, not averages of them.
    """

    vertices: bool

    def solve(self, costs_BN: Tensor, solve: Solve) -> Forward:
        """Solutions at these costs."""

    def gradient(self, costs_BN: Tensor, forward: Forward, slopes_KBN: Tensor, solve: Solve) -> Tensor:
        """Estimate d/dc of mean_k f(x_k) from slopes_KBN[k] = df/dx at x_k: [B, N]."""


class Blackbox:
    """Interpolation (Pogancic et al. 2020): (x(c + lambda df/dx) - x(c)) / lambda, two solves a step.

    It is the exact derivative of (min_x (c + lambda d) . x - min_x c . x) / lambda, a piecewise linear interpolation
    of the linearised objective.
    """

    vertices = True

    def __init__(self, strength: float, scaled: bool) -> None:
        self.strength, self.scaled = strength, scaled

    def solve(self, costs_BN: Tensor, solve: Solve) -> Forward:
        """One solution, x(c)."""
        return Forward(solve(costs_BN[None]))

    def gradient(self, costs_BN: Tensor, forward: Forward, slopes_KBN: Tensor, solve: Solve) -> Tensor:
        """See the class."""
        strength = _strength(self.strength, self.scaled, slopes_KBN)
        perturbed_KBN = solve(costs_BN + strength * slopes_KBN)
        return ((perturbed_KBN - forward.x_KBN) / strength).mean(0)


class Imle(Blackbox):
    """Implicit maximum likelihood (Niepert et al. 2021): blackbox differences under shared noise, averaged.

    The noise is a sum of Gamma variables, which sum to a Gumbel over the `ones` entries of a solution.
    """

    terms = 10
    """Gamma variables per sum; ten, as in the authors' examples."""

    def __init__(self, strength: float, scaled: bool, samples: int, noise: float, generator: torch.Generator) -> None:
        super().__init__(strength, scaled)
        self.samples, self.noise, self.generator = samples, noise, generator

    def solve(self, costs_BN: Tensor, solve: Solve) -> Forward:
        """One solution for each draw of the noise."""
        noise_KBN = self.noise * sum_of_gamma((self.samples, *costs_BN.shape), self.terms, self.generator)
        # The noise is added to scores to be maximised, which are minus the costs.
        noise_KBN = noise_KBN.to(costs_BN.dtype)
        return Forward(solve(costs_BN - noise_KBN), noise_KBN)

    def gradient(self, costs_BN: Tensor, forward: Forward, slopes_KBN: Tensor, solve: Solve) -> Tensor:
        """See the class."""
        return super().gradient(costs_BN - forward.kept, forward, slopes_KBN, solve)


class Perturbed:
    """Perturbed optimizer (Berthet et al. 2020): x = E[x(c + sigma Z)], dx/dc = E[x(c + sigma Z) Z^T] / sigma.

    The mean solution is a baseline in the estimate of the derivative, which leaves it unbiased and less noisy.
    """

    vertices = False

    def __init__(self, strength: float, samples: int, generator: torch.Generator) -> None:
        if samples < 2:
            raise SurcoError(f"perturbed: needs at least 2 samples for its baseline (got {samples})")
        self.strength, self.samples, self.generator = strength, samples, generator

    def solve(self, costs_BN: Tensor, solve: Solve) -> Forward:
        """The mean solution over the draws of the noise: [1, B, N]."""
        noise_KBN = torch.randn(self.samples, *costs_BN.shape, generator=self.generator, dtype=costs_BN.dtype)
        x_KBN = solve(costs_BN + self.strength * noise_KBN)
        return Forward(x_KBN.mean(0, keepdim=True), (noise_KBN, x_KBN))

    def gradient(self, costs_BN: Tensor, forward: Forward, slopes_KBN: Tensor, solve: Solve) -> Tensor:
        """See the class."""
        noise_KBN, x_KBN = forward.kept
        gains_KB = ((x_KBN - forward.x_KBN) * slopes_KBN).sum(-1)
        return (gains_KB[..., None] * noise_KBN).sum(0) / ((self.samples - 1) * self.strength)


class Identity:
    """Minus the identity for the solver's derivative (Sahoo et al. 2023): -df/dx, one solve a step."""

    vertices = True

    def solve(self, costs_BN: Tensor, solve: Solve) -> Forward:
        """One solution, x(c)."""
        return Forward(solve(costs_BN[None]))

    def gradient(self, costs_BN: Tensor, forward: Forward, slopes_KBN: Tensor, solve: Solve) -> Tensor:
        """See the class."""
        return -slopes_KBN.mean(0)


class Quadratic:
    """The linear relaxation with gamma / 2 |x|^2 added, differentiated by its KKT conditions."""

    vertices = False

    def __init__(self, gamma: float) -> None:
        self.gamma = gamma

    def solve(self, costs_BN: Tensor, solve: Solve) -> Forward:
        """Its minimiser, in general fractional: [1, B, N]."""
        solved = solve.regularised(costs_BN, self.gamma)
        return Forward(solved.x_BN[None], solved)

    def gradient(self, costs_BN: Tensor, forward: Forward, slopes_KBN: Tensor, solve: Solve) -> Tensor:
        """See `papers.surco.polytope.Regularised.gradient`."""
        return forward.kept.gradient(slopes_KBN[0])


def make(settings: Differentiation, seed: int) -> Estimator:
    """Build the estimator that the settings name; `seed` starts its noise."""
    generator = torch.Generator().manual_seed(seed)
    match settings.estimator:
        case "blackbox":
            return Blackbox(settings.strength, settings.scaled)
        case "imle":
            return Imle(settings.strength, settings.scaled, settings.samples, settings.noise, generator)
        case "perturbed":
            return Perturbed(settings.strength, settings.samples, generator)
        case "identity":
            return Identity()
        case "quadratic":
            return Quadratic(settings.strength)


def sum_of_gamma(shape: tuple[int, ...], terms: int, generator: torch.Generator, ones: int = 10) -> Tensor:
    """Draw sum-of-Gamma noise with parameter `ones` (Niepert et al. 2021, equation 11): float64 of the given shape.

    (sum_{i=1..terms} Gamma(1 / ones, rate i / ones) - log(terms)) / ones. A sum over `ones` such variables tends to a
    Gumbel variable.
    """
    concentration = torch.full((terms, *shape), 1.0 / ones, dtype=torch.float64)
    draws = torch._standard_gamma(concentration, generator=generator)
    order = torch.arange(1, terms + 1, dtype=torch.float64).reshape(-1, *[1] * len(shape))
    return ((draws * ones / order).sum(0) - torch.log(torch.tensor(float(terms)))) / ones


def _strength(strength: float, scaled: bool, slopes_KBN: Tensor) -> float | Tensor:
    """Lambda; where scaled, such that lambda df/dx has root mean square `strength` in every run."""
    if not scaled:
        return strength
    size = slopes_KBN.square().mean(-1, keepdim=True).sqrt()
    return strength / size.clamp(min=1e-30)  # where df/dx is zero, any finite lambda does
