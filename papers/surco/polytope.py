"""Linear programs with a quadratic term, in batches: an interior-point method, and its derivative by KKT conditions.

A linear program's solution is piecewise constant in the costs, so its derivative is zero wherever it exists. With
gamma / 2 |x|^2 added the solution moves continuously, and the KKT conditions give its derivative (Amos and Kolter 2017,
"OptNet"; Wilder et al. 2019).

Shape suffixes: B programs, M equations, N variables with costs, V all variables.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from papers.surco.errors import RowsFailed, SurcoError

ITERATIONS = 60
TO_BOUNDARY = 0.99
"""Share of the way to the nearest bound that a step may go."""
RESIDUAL = 1e-6
"""Greatest violation of an equation that counts as none."""
GAP = 1e-11
"""Mean complementarity product below which a point counts as the solution."""

TRACE = 1e-6
"""Quadratic weight of the extra variables, relative to gamma: enough that they are determined."""


@dataclass(frozen=True)
class Polytope:
    """{x in [0, 1]^N : there is s in [0, 1]^extra with A (x, s) = b}, one for each instance.

    An inequality becomes an equation with a slack variable among the extra ones, scaled to lie in [0, 1].

    Attributes:
        matrix_BMV: A, float64.
        bound_BM: b.
        extra: number of variables that come after the N ones with costs, and have no cost themselves.
    """

    matrix_BMV: Tensor
    bound_BM: Tensor
    extra: int = 0


@dataclass(frozen=True)
class Regularised:
    """The minimisers of costs . x + gamma / 2 |x|^2, and what their derivative needs.

    Attributes:
        x_BN: minimisers.
        inverse_hessian_BV: of the quadratic term and the barrier, both diagonal.
        factor_BMM: Cholesky factor of A H^-1 A^T.
        matrix_BMV: A.
    """

    x_BN: Tensor
    inverse_hessian_BV: Tensor
    factor_BMM: Tensor
    matrix_BMV: Tensor

    def gradient(self, slopes_BN: Tensor) -> Tensor:
        """Return (dx/dcosts)^T slopes, [B, N]; dx/dcosts = -(H^-1 - H^-1 A^T (A H^-1 A^T)^-1 A H^-1) is symmetric."""
        scaled_BV = _padded(slopes_BN.double(), self.inverse_hessian_BV.shape[1]) * self.inverse_hessian_BV
        multipliers_BM = torch.cholesky_solve(self.matrix_BMV @ scaled_BV[..., None], self.factor_BMM)
        back_BV = (self.matrix_BMV.mT @ multipliers_BM)[..., 0] * self.inverse_hessian_BV
        return (back_BV - scaled_BV)[:, : slopes_BN.shape[1]].to(slopes_BN.dtype)


def solve_regularised(costs_BN: Tensor, polytope: Polytope, gamma: float) -> Regularised:
    """Minimise costs . x + gamma / 2 |x|^2 by Mehrotra's predictor-corrector method.

    Args:
        costs_BN: one row for each polytope.
        polytope: where x lies.
        gamma: weight of the quadratic term, positive.

    Returns:
        The minimisers and the factors of their derivative.

    Raises:
        SurcoError: costs that do not fit the polytope.
        RowsFailed: no solution was found, most often since there is none.
    """
    matrix, bound = polytope.matrix_BMV, polytope.bound_BM
    variables = matrix.shape[-1]
    if costs_BN.shape != (len(matrix), variables - polytope.extra):
        expected = [len(matrix), variables - polytope.extra]
        raise SurcoError(f"quadratic: costs have shape {list(costs_BN.shape)}, the polytopes want {expected}")
    costs_BV = _padded(costs_BN.detach().double(), variables)
    curvature_V = torch.full((variables,), gamma * TRACE, dtype=torch.float64)
    curvature_V[: costs_BN.shape[1]] = gamma
    x, y = torch.full_like(costs_BV, 0.5), torch.zeros_like(bound)
    low, high = torch.ones_like(x), torch.ones_like(x)  # multipliers of x >= 0 and of x <= 1
    for _ in range(ITERATIONS):
        hessian = curvature_V + low / x + high / (1 - x)
        factor = _schur(matrix, hessian)
        primal = (matrix @ x[..., None])[..., 0] - bound
        dual = curvature_V * x + costs_BV + (matrix.mT @ y[..., None])[..., 0] - low + high
        gap = ((x * low).mean(1) + ((1 - x) * high).mean(1)) / 2
        residual_B = torch.maximum(primal.abs().amax(1), dual.abs().amax(1))
        open_B = ~((gap < GAP) & (residual_B < RESIDUAL))  # where there is no solution, NaN is open too
        if not open_B.any():
            break
        zeros = torch.zeros_like(x)
        predictor = _step(matrix, factor, hessian, (x, low, high), (primal, dual), (zeros, zeros))
        length = _length((x, low, high), predictor)
        ahead_x, ahead_low, ahead_high = (
            value + length * move for value, move in zip((x, low, high), predictor, strict=False)
        )
        ahead = ((ahead_x * ahead_low).mean(1) + ((1 - ahead_x) * ahead_high).mean(1)) / 2
        centre = (gap * (ahead / gap.clamp(min=1e-300)).clamp(0, 1) ** 3)[:, None]
        dx, dlow, dhigh, _ = predictor
        corrected = (centre - dx * dlow, centre + dx * dhigh)
        step = _step(matrix, factor, hessian, (x, low, high), (primal, dual), corrected)
        length = TO_BOUNDARY * _length((x, low, high), step) * open_B[:, None]
        x, low, high = (value + length * move for value, move in zip((x, low, high), step, strict=False))
        y = y + length * step[3]
    inner = x[:, : costs_BN.shape[1]].to(costs_BN.dtype)
    solved = Regularised(inner, 1 / hessian, factor, matrix)
    if open_B.any():
        rows = open_B.nonzero().flatten().tolist()
        raise RowsFailed(dict.fromkeys(rows, "the linear relaxation has no solution"), solved)
    return solved


def _padded(values_BN: Tensor, variables: int) -> Tensor:
    return torch.nn.functional.pad(values_BN, (0, variables - values_BN.shape[1]))


def _schur(matrix: Tensor, hessian: Tensor) -> Tensor:
    """Cholesky factor of A H^-1 A^T, with a trace of the identity where equations repeat each other."""
    schur = (matrix / hessian[:, None]) @ matrix.mT
    ridge = 1e-13 * schur.diagonal(dim1=1, dim2=2).amax(1)
    schur.diagonal(dim1=1, dim2=2).add_(ridge[:, None])
    return torch.linalg.cholesky_ex(schur).L


def _step(matrix, factor, hessian, point, residuals, targets):
    """Newton's step (dx, dlow, dhigh, dy) for x low = targets[0], (1 - x) high = targets[1] and both residuals zero."""
    x, low, high = point
    primal, dual = residuals
    right = -dual - low + targets[0] / x + high - targets[1] / (1 - x)
    gathered = (matrix @ (right / hessian)[..., None])[..., 0] + primal
    dy = torch.cholesky_solve(gathered[..., None], factor)[..., 0]
    dx = (right - (matrix.mT @ dy[..., None])[..., 0]) / hessian
    return dx, (targets[0] - low * dx) / x - low, (targets[1] + high * dx) / (1 - x) - high, dy


def _length(point, step) -> Tensor:
    """The longest step, up to 1, that leaves x in its box and the multipliers positive: [B, 1]."""
    x, low, high = point
    dx, dlow, dhigh, _ = step
    values = torch.cat([x, 1 - x, low, high], 1)
    moves = torch.cat([dx, -dx, dlow, dhigh], 1)
    ratios = torch.where(moves < 0, -values / moves, torch.inf)
    return ratios.amin(1, keepdim=True).clamp(max=1.0)
