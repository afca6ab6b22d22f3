"""What a problem is: a batch of instances over one space of solutions, with features, oracle and enumeration.

Shape suffixes: B instances, C solutions of each instance, S enumerated solutions, N entries of a solution, F features.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, Self

from torch import Tensor

from common.errors import RepriseError

MOST_SOLUTIONS = 2**19
"""Largest solution space that is enumerated; the features of all its solutions still fit into a laptop's memory."""


class ProblemError(RepriseError):
    """A problem or an instance that does not exist; names the value and what is possible."""


class EnumerationLimit(RepriseError):
    """A solution space too large to enumerate; names the limit and the sampler to use instead."""


class Problem(ABC):
    """B instances over one solution space: the paper's Assumption 1, with the instance already bound.

    For instance I, `cost(s; I) = costs_BF . psi(s) + offset_B`, where `costs_BF` is the paper's `c = M^T psi_I(I)`,
    reduced to directions in which the features vary. Costs are minimised.

    Args:
        size: N, the entries of a solution.
        costs_BF: float64, the cost features c of each instance.
        offset_B: float64, the part of the cost that no solution changes.

    Attributes:
        name: key in `PROBLEMS`.
        sampler: key in `SAMPLERS` of the sampler to use where the solutions cannot be enumerated.
    """

    name: ClassVar[str]
    sampler: ClassVar[str]

    def __init__(self, size: int, costs_BF: Tensor, offset_B: Tensor) -> None:
        self.size = size
        self.costs_BF = costs_BF
        self.offset_B = offset_B

    @classmethod
    @abstractmethod
    def random(cls, count: int, size: int, seed: int) -> Self:
        """Draw `count` instances with solutions of `size` entries; equal arguments give equal instances."""

    @property
    def instances(self) -> int:
        """B, the number of instances."""
        return len(self.costs_BF)

    @property
    def features(self) -> int:
        """F, the number of features."""
        return self.costs_BF.shape[1]

    @property
    @abstractmethod
    def solution_count(self) -> int:
        """|S|, the number of solutions; equal features count once."""

    @abstractmethod
    def psi(self, solutions: Tensor) -> Tensor:
        """Features of solutions [..., N], as float [..., F]; small whole numbers, exact in float32."""

    @abstractmethod
    def cost(self, solutions: Tensor) -> Tensor:
        """Cost by the problem's own definition, not through psi, in float64.

        Args:
            solutions: [B, C, N], or [1, C, N] for the same solutions of every instance.

        Returns:
            [B, C].
        """

    @abstractmethod
    def variance(self, weights: Tensor) -> Tensor:
        """Variance of `weights . psi(s)` for s uniform over the solutions, in closed form: [..., F] to [...]."""

    @abstractmethod
    def neighbours(self, solutions: Tensor) -> Tensor:
        """Solutions one move away, [..., N] to [..., K, N]: a free spin flipped, two tasks swapped, or 2-opt."""

    def project(self, weights: Tensor) -> Tensor:
        """Project [..., F] orthogonally onto the directions in which `weights . psi(s)` varies (Remark 9)."""
        return weights

    def solutions(self) -> Tensor:
        """All solutions, [S, N], in a fixed order.

        Raises:
            EnumerationLimit: there are more than `MOST_SOLUTIONS`.
        """
        if self.solution_count > MOST_SOLUTIONS:
            raise EnumerationLimit(
                f"{self.name} of size {self.size} has {self.solution_count:,} solutions; at most {MOST_SOLUTIONS:,} "
                f"are enumerated; draw them with the sampler {self.sampler!r}"
            )
        return self._enumerate()

    @abstractmethod
    def _enumerate(self) -> Tensor:
        """Return what `solutions` promises, unchecked."""
