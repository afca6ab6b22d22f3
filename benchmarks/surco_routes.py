"""Shortest paths in batches against networkx, and steps of SurCo-zero against PyEPO's and cvxpylayers' layers.

The released script calls networkx for one instance at a time, with tensors' elements as weights. The first case spares
networkx those; the second does as the script does.
PyEPO and cvxpylayers are compared where they are installed (`pip install -e '.[peers]'`).
"""

from importlib.util import find_spec
from itertools import pairwise

import networkx as nx
import numpy as np
import torch
from torch import Tensor

from benchmarks.case import Case
from papers.surco.choices import Differentiation, Search
from papers.surco.estimators import make
from papers.surco.method import surco_zero
from papers.surco.polytope import solve_regularised
from papers.surco.problem import Problem
from papers.surco.routes.instances import ROUTES, Routes, draw, relaxation, released_seeds, solve

DEADLINES = (1.1, 1.0, 0.9)
RELEASED = Differentiation(estimator="blackbox", strength=1000.0, scaled=False, samples=1, noise=0.0)


def networkx_solve(costs_BE: Tensor, routes: Routes, plain: bool = False) -> Tensor:
    """One Bellman-Ford call after the other, weights set edge by edge: elements of a tensor, or plain numbers."""
    x_BE = torch.zeros_like(costs_BE)
    edges = [tuple(edge) for edge in routes.graph.edges_E2.tolist()]
    index = {edge: i for i, edge in enumerate(edges)}
    network = nx.Graph(edges)
    costs_BE = costs_BE.clamp(min=0)
    for row, costs_E in enumerate(costs_BE.tolist() if plain else costs_BE):
        for (tail, head), cost in zip(edges, costs_E, strict=True):
            network[tail][head]["weight"] = cost
        path = nx.shortest_path(network, routes.graph.source, routes.graph.target, "weight", method="bellman-ford")
        for tail, head in pairwise(path):
            x_BE[row, index[min(tail, head), max(tail, head)]] = 1.0
    return x_BE


def descend(problem: Problem, routes: Routes, steps: int) -> None:
    """So many steps of SurCo-zero as released, on all instances."""
    starts = torch.randn(1, *routes.means_BE.shape, generator=torch.Generator().manual_seed(0)).double()
    search = Search(
        link="sigmoid", learning_rate=0.1, betas=(0.9, 0.999), steps=steps, patience=steps, warn_after=steps + 1
    )
    surco_zero(problem, routes, starts, make(RELEASED, 0), search)


def cases() -> list[Case]:
    """Compare on the 75 instances of the paper's table."""
    routes = draw(10, released_seeds(10, 25), 0.1, 0.2, DEADLINES)
    costs = torch.rand(routes.means_BE.shape, generator=torch.Generator().manual_seed(0)).double()
    as_released = Problem(networkx_solve, ROUTES.objective)
    compared = [
        Case(
            paper="surco",
            name="shortest paths of a batch against networkx one by one",
            ours=lambda: solve(costs, routes),
            peer=lambda: networkx_solve(costs, routes, plain=True),
            target=10.0,
            unit="75 paths on 10x10",
        ),
        Case(
            paper="surco",
            name="SurCo-zero on a table against the same with networkx as in the released script",
            ours=lambda: descend(ROUTES, routes, 2),
            peer=lambda: descend(as_released, routes, 2),
            target=10.0,
            unit="2 steps on 75 instances",
        ),
    ]
    if find_spec("pyepo"):
        compared.append(_pyepo(routes))
    if find_spec("cvxpylayers"):
        compared.append(_cvxpylayers())
    return compared


def _pyepo(routes: Routes) -> Case:
    """Forward and backward of PyEPO's blackbox module, whose solver is our shortest path, one at a time."""
    from pyepo.func import blackboxOpt
    from pyepo.model.opt import optModel

    one = routes[torch.tensor([0])]

    class ShortestPath(optModel):
        """PyEPO's interface to the same solver."""

        def _getModel(self):
            return None, list(range(routes.means_BE.shape[1]))

        def setObj(self, c):
            self.costs = torch.as_tensor(np.asarray(c), dtype=torch.float64)[None]

        def solve(self):
            x_E = solve(self.costs, one)[0]
            return x_E.numpy(), float(self.costs[0] @ x_E)

    layer = blackboxOpt(ShortestPath(), lambd=RELEASED.strength)

    def theirs() -> None:
        u = torch.randn(routes.means_BE.shape, generator=torch.Generator().manual_seed(0)).double().requires_grad_()
        optimizer = torch.optim.Adam([u], 0.1)
        for _ in range(5):
            optimizer.zero_grad()
            ROUTES.objective(layer(torch.sigmoid(u)), routes).sum().backward()
            optimizer.step()

    return Case(
        paper="surco",
        name="SurCo-zero against the same loop around PyEPO's blackbox layer",
        ours=lambda: descend(ROUTES, routes, 5),
        peer=theirs,
        target=None,
        unit="5 steps on 75 instances",
    )


def _cvxpylayers() -> Case:
    """The regularised relaxation: our interior-point method in a batch, cvxpylayers with its default solver."""
    import cvxpy
    from cvxpylayers.torch import CvxpyLayer

    routes = draw(5, released_seeds(10, 5), 0.1, 0.2, DEADLINES)
    polytope = relaxation(routes)
    edges = routes.means_BE.shape[1]
    costs = torch.rand(len(routes), edges, generator=torch.Generator().manual_seed(0)).double()
    parameter, x, arcs = cvxpy.Parameter(edges), cvxpy.Variable(edges), cvxpy.Variable(2 * edges)
    matrix, bound = polytope.matrix_BMV[0].numpy(), polytope.bound_BM[0].numpy()
    inside = [matrix @ cvxpy.hstack([x, arcs]) == bound, x >= 0, x <= 1, arcs >= 0, arcs <= 1]
    program = cvxpy.Problem(cvxpy.Minimize(parameter @ x + 0.5 * cvxpy.sum_squares(x)), inside)
    layer = CvxpyLayer(program, parameters=[parameter], variables=[x])

    def theirs() -> None:
        point = costs.clone().requires_grad_()
        layer(point)[0].sum().backward()

    return Case(
        paper="surco",
        name="regularised relaxation, value and gradient, against cvxpylayers",
        ours=lambda: solve_regularised(costs, polytope, 1.0).gradient(torch.ones_like(costs)),
        peer=theirs,
        target=None,
        unit="15 programs of 5x5",
    )
