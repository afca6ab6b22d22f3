"""The classical control: shortest paths with costs mean + kappa variance, for every kappa that can matter.

The best path for T above its mean lies on the lower hull of (mean, variance), since the chance to arrive on time falls
in both there (Nikolova et al. 2006). All corners of the hull are shortest paths for some kappa, found by bisecting
between known corners (Eisner and Severance 1976): exact where the best chance exceeds one half. For deadlines that even
the mean misses, variance helps: kappa is negative, costs below zero must be cut off, and the search is a heuristic.

Shape suffixes: B instances, E edges, Q open intervals of kappa.
"""

import torch
from torch import Tensor

from papers.surco.routes.instances import Routes, solve, z_scores

LARGEST = 1e6
"""Kappa at which only the variance counts."""
NEAR = 1e-9
"""Corners whose costs differ by less, relatively, are the same."""


def parametric(routes: Routes, negative: int) -> tuple[Tensor, Tensor]:
    """Search the mean-variance frontier.

    Args:
        routes: B instances.
        negative: number of negative kappas to try, evenly down to the one at which half the edges are cut off.

    Returns:
        The best path seen of each instance, x [B, E]; and shortest paths solved for each, [B].
    """
    frontier = _Frontier(routes)
    everyone_B = torch.arange(len(routes))
    low_BE = frontier.solve(everyone_B, torch.zeros(len(routes)))
    high_BE = frontier.solve(everyone_B, torch.full((len(routes),), LARGEST))
    rows_Q, low_QE, high_QE = everyone_B, low_BE, high_BE
    while len(rows_Q):
        kappa_Q, open_Q = frontier.crossing(rows_Q, low_QE, high_QE)
        rows_Q, low_QE, high_QE, kappa_Q = rows_Q[open_Q], low_QE[open_Q], high_QE[open_Q], kappa_Q[open_Q]
        if not len(rows_Q):
            break
        middle_QE = frontier.solve(rows_Q, kappa_Q)
        new_Q = frontier.below(rows_Q, kappa_Q, middle_QE, low_QE)
        rows_Q = rows_Q[new_Q].repeat(2)
        low_QE, high_QE = (
            torch.cat([low_QE[new_Q], middle_QE[new_Q]]),
            torch.cat([middle_QE[new_Q], high_QE[new_Q]]),
        )
    steepest_B = (routes.means_BE / routes.variances_BE).median(1).values
    for share in torch.arange(1, negative + 1) / negative:
        frontier.solve(everyone_B, -share * steepest_B)
    return frontier.best_BE, frontier.calls_B


class _Frontier:
    """Solves for given kappas and keeps the best path of every instance."""

    def __init__(self, routes: Routes) -> None:
        self.routes = routes
        self.best_BE = torch.zeros_like(routes.means_BE)
        self.best_B = torch.full((len(routes),), -torch.inf, dtype=routes.means_BE.dtype)
        self.calls_B = torch.zeros(len(routes), dtype=torch.long)

    def solve(self, rows_Q: Tensor, kappa_Q: Tensor) -> Tensor:
        """Shortest paths [Q, E] of instances `rows_Q`; an instance may come more than once."""
        chosen = self.routes[rows_Q]
        x_QE = solve(chosen.means_BE + kappa_Q[:, None] * chosen.variances_BE, chosen)
        for row, z, x_E in zip(rows_Q.tolist(), z_scores(x_QE, chosen), x_QE, strict=True):
            self.calls_B[row] += 1
            if z > self.best_B[row]:
                self.best_B[row], self.best_BE[row] = z, x_E
        return x_QE

    def crossing(self, rows_Q: Tensor, low_QE: Tensor, high_QE: Tensor) -> tuple[Tensor, Tensor]:
        """The kappa at which two corners cost the same, and whether there is anything between them."""
        mean_low, variance_low = self._sums(rows_Q, low_QE)
        mean_high, variance_high = self._sums(rows_Q, high_QE)
        saved_Q = variance_low - variance_high
        return (mean_high - mean_low) / saved_Q, saved_Q > NEAR * variance_low

    def below(self, rows_Q: Tensor, kappa_Q: Tensor, middle_QE: Tensor, corner_QE: Tensor) -> Tensor:
        """Whether the new path costs less at kappa than the corners between which it was sought."""
        mean, variance = self._sums(rows_Q, middle_QE)
        mean_corner, variance_corner = self._sums(rows_Q, corner_QE)
        return mean + kappa_Q * variance < (mean_corner + kappa_Q * variance_corner) * (1 - NEAR)

    def _sums(self, rows_Q: Tensor, x_QE: Tensor) -> tuple[Tensor, Tensor]:
        return (self.routes.means_BE[rows_Q] * x_QE).sum(1), (self.routes.variances_BE[rows_Q] * x_QE).sum(1)
