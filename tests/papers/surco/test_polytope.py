"""The regularised linear program against closed forms, finite differences and cvxpylayers."""

import numpy as np
import pytest
import torch

from papers.surco.errors import RowsFailed, SurcoError
from papers.surco.estimators import Quadratic
from papers.surco.method import surco_zero
from papers.surco.polytope import Polytope, solve_regularised
from papers.surco.problem import Oracle
from papers.surco.routes.instances import ROUTES, draw
from tests.papers.surco.toys import made_instances, nearest, search, subsets


def simplex(count, variables):
    return Polytope(torch.ones(count, 1, variables).double(), torch.ones(count, 1).double())


def projection(points_BN):
    """Euclidean projection on the simplex, by sorting (Held, Wolfe and Crowder 1974)."""
    ordered = points_BN.sort(1, descending=True).values
    steps = torch.arange(1, points_BN.shape[1] + 1)
    level = (ordered.cumsum(1) - 1) / steps
    last = (ordered > level).sum(1, keepdim=True) - 1
    return (points_BN - level.gather(1, last)).clamp(min=0)


@pytest.mark.parametrize("gamma", [0.3, 1.0, 5.0])
def test_on_a_simplex_it_is_the_euclidean_projection(gamma):
    costs = torch.randn(50, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    solved = solve_regularised(costs, simplex(50, 7), gamma)
    torch.testing.assert_close(solved.x_BN, projection(-costs / gamma), atol=1e-5, rtol=0)


def test_the_derivative_is_that_of_finite_differences():
    routes = draw(4, [1, 2], 0.1, 0.2, (1.0,))
    generator = torch.Generator().manual_seed(2)
    costs, slopes = torch.rand(2, 2, 24, generator=generator, dtype=torch.float64)
    polytope, gamma = ROUTES.relaxation(routes), 1.0
    ours = solve_regularised(costs, polytope, gamma).gradient(slopes)
    step = 1e-3
    for column in range(24):
        move = torch.zeros_like(costs)
        move[:, column] = step
        ahead, behind = (solve_regularised(costs + sign * move, polytope, gamma).x_BN for sign in (1, -1))
        expected = ((ahead - behind) * slopes).sum(1) / (2 * step)
        torch.testing.assert_close(ours[:, column], expected, atol=5e-3, rtol=0)


def test_inequalities_are_equations_with_slack():
    """Choose at most one of three, with positive and negative costs: the slack takes the rest."""
    matrix = torch.ones(1, 1, 4, dtype=torch.float64)
    costs = torch.tensor([[-0.2, 0.5, 0.3]], dtype=torch.float64)
    solved = solve_regularised(costs, Polytope(matrix, torch.ones(1, 1).double(), extra=1), 1.0)
    torch.testing.assert_close(solved.x_BN, torch.tensor([[0.2, 0.0, 0.0]]).double(), atol=1e-5, rtol=0)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # cvxpylayers 1.2 with numpy 2
def test_cvxpylayers_gives_the_same_solution_and_gradient():
    layers = pytest.importorskip("cvxpylayers.torch")
    import cvxpy

    routes = draw(3, [5], 0.1, 0.2, (1.0,))
    polytope = ROUTES.relaxation(routes)
    matrix, bound = polytope.matrix_BMV[0].numpy(), polytope.bound_BM[0].numpy()
    costs_parameter = cvxpy.Parameter(12)
    x, arcs = cvxpy.Variable(12), cvxpy.Variable(24)
    inside = [matrix @ cvxpy.hstack([x, arcs]) == bound, x >= 0, x <= 1, arcs >= 0, arcs <= 1]
    program = cvxpy.Problem(cvxpy.Minimize(costs_parameter @ x + 0.5 * cvxpy.sum_squares(x)), inside)
    layer = layers.CvxpyLayer(program, parameters=[costs_parameter], variables=[x])
    generator = torch.Generator().manual_seed(1)
    costs, slopes = torch.rand(2, 12, generator=generator, dtype=torch.float64)
    costs.requires_grad_()
    (theirs,) = layer(costs, solver_args={"eps": 1e-10, "max_iters": 100_000})
    (theirs * slopes).sum().backward()
    solved = solve_regularised(costs.detach()[None], polytope, 1.0)
    np.testing.assert_allclose(solved.x_BN[0], theirs.detach(), atol=1e-4)
    np.testing.assert_allclose(solved.gradient(slopes[None])[0], costs.grad, atol=1e-3)


def test_an_empty_polytope_is_a_failed_row():
    polytope = Polytope(torch.ones(2, 1, 3).double(), torch.tensor([[1.0], [4.0]]).double())
    with pytest.raises(RowsFailed) as caught:
        solve_regularised(torch.rand(2, 3).double(), polytope, 1.0)
    assert caught.value.failures == {1: "the linear relaxation has no solution"}
    torch.testing.assert_close(caught.value.results.x_BN[0].sum(), torch.tensor(1.0).double())


def test_costs_that_do_not_fit_are_told_with_both_shapes():
    with pytest.raises(SurcoError, match=r"costs have shape \[2, 4\], the polytopes want \[2, 3\]"):
        solve_regularised(torch.rand(2, 4), simplex(2, 3), 1.0)


def test_a_problem_without_relaxation_says_so():
    instances = made_instances(2, 4)
    oracle = Oracle(nearest(subsets(4, 2)), instances)
    with pytest.raises(SurcoError, match="has no linear relaxation"):
        oracle.regularised(torch.rand(2, 4), torch.arange(2), 1.0)
    with pytest.raises(SurcoError, match="has no linear relaxation"):
        surco_zero(nearest(subsets(4, 2)), instances, torch.rand(1, 2, 4), Quadratic(1.0), search())
