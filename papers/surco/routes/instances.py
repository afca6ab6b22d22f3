"""Random grids with deadlines, as the released script draws them and as the paper's text says.

Shape suffixes: B instances, E edges.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from papers.surco.errors import RowsFailed
from papers.surco.polytope import Polytope
from papers.surco.problem import Problem
from papers.surco.routes.shortest import Graph, shortest_paths


@dataclass(frozen=True)
class Routes:
    """B instances on one graph: edge e takes a time of mean means_BE[b, e] and variance variances_BE[b, e].

    Attributes:
        graph: which the instances share.
        means_BE: expected travel times.
        variances_BE: their variances.
        deadlines_B: times T by which to arrive.
        names: what messages call the instances.
    """

    graph: Graph
    means_BE: Tensor
    variances_BE: Tensor
    deadlines_B: Tensor
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, rows_B: Tensor) -> "Routes":
        names = tuple(self.names[row] for row in rows_B.tolist())
        return Routes(self.graph, self.means_BE[rows_B], self.variances_BE[rows_B], self.deadlines_B[rows_B], names)


def grid(side: int) -> Graph:
    """Return the side x side grid, its corners (0, 0) and (side - 1, side - 1) being source and target.

    Edges come in the order in which networkx lists those of `grid_2d_graph`: vertex by vertex in rows, first to the
    vertex below, then to the one on the right. The random draws depend on it.
    """
    edges = []
    for row in range(side):
        for column in range(side):
            vertex = row * side + column
            if row + 1 < side:
                edges.append((vertex, vertex + side))
            if column + 1 < side:
                edges.append((vertex, vertex + 1))
    return Graph(side * side, np.array(edges), 0, side * side - 1)


def draw(side: int, seeds: Sequence[int], low: float, high: float, tightness: Sequence[float]) -> Routes:
    """Draw grids, and put every deadline on every grid (Sec. 5.3; order of the draws as in the released script).

    mean ~ U(low, high) and variance ~ U(0.1, 0.3) (1 - mean), drawn in turn edge by edge. A deadline is a multiple of
    the least expected time.

    Args:
        side: vertices per side.
        seeds: one grid for each.
        low: least expected time of an edge.
        high: greatest.
        tightness: deadlines as multiples of the least expected time: 1.1 is loose, 1.0 normal, 0.9 tight.

    Returns:
        len(seeds) * len(tightness) instances; the deadlines of one grid follow each other.
    """
    graph = grid(side)
    means, variances = np.empty((2, len(seeds), len(graph.edges_E2)))
    for i, seed in enumerate(seeds):
        rng = np.random.default_rng(seed)
        for edge in range(len(graph.edges_E2)):
            means[i, edge] = rng.uniform(low, high)
            variances[i, edge] = rng.uniform(0.1, 0.3) * (1 - means[i, edge])
    used, _ = shortest_paths(graph, means)
    deadlines = (used * means).sum(1)[:, None] * np.asarray(tightness)
    repeated = [torch.from_numpy(np.repeat(values, len(tightness), axis=0)) for values in (means, variances)]
    names = tuple(f"{side}x{side} seed {seed} deadline {factor}" for seed in seeds for factor in tightness)
    return Routes(graph, *repeated, torch.from_numpy(deadlines.ravel()), names)


def released_seeds(dataset_seed: int, count: int) -> list[int]:
    """Return the seeds of the grids as the released script draws them from its dataset seed; they may repeat."""
    return np.random.default_rng(dataset_seed).integers(0, 1000, count).tolist()


def solve(costs_BE: Tensor, routes: Routes) -> Tensor:
    """Shortest paths; see `shortest_paths`.

    Raises:
        RowsFailed: no path leads to the target.
    """
    used_BE, found_B = shortest_paths(routes.graph, costs_BE.detach().numpy())
    x_BE = torch.from_numpy(used_BE).to(costs_BE.dtype)
    if not found_B.all():
        where = f"no path from {routes.graph.source} to {routes.graph.target}"
        raise RowsFailed(dict.fromkeys(np.flatnonzero(~found_B).tolist(), where), x_BE)
    return x_BE


def z_scores(x_BE: Tensor, routes: Routes) -> Tensor:
    """(T - sum of means) / root of the sum of variances, [B]; the chance to arrive on time is its normal cdf."""
    slack_B = routes.deadlines_B - (routes.means_BE * x_BE).sum(-1)
    return slack_B / (routes.variances_BE * x_BE).sum(-1).sqrt()


def probabilities(x_BE: Tensor, routes: Routes) -> Tensor:
    """The chance to arrive on time, Phi(z), [B]."""
    return torch.special.ndtr(z_scores(x_BE, routes))


def relaxation(routes: Routes) -> Polytope:
    """Unit flows on the directed copy of the graph; an edge's variable is the sum of its two arcs."""
    flow = torch.from_numpy(routes.graph.incidence())
    balance = torch.from_numpy(routes.graph.balance())
    edges = len(routes.graph.edges_E2)
    # The variables are the E edges, then the 2 E arcs that they are made of.
    uses = torch.cat([torch.eye(edges), -torch.eye(edges), -torch.eye(edges)], 1).double()
    matrix = torch.cat([torch.cat([torch.zeros(len(flow), edges), flow], 1), uses])
    bound = torch.cat([balance, torch.zeros(edges)])
    return Polytope(matrix[1:].expand(len(routes), -1, -1), bound[1:].expand(len(routes), -1), extra=2 * edges)


ROUTES = Problem(solve=solve, objective=lambda x_BE, routes: -z_scores(x_BE, routes), relaxation=relaxation)
