"""Workers: what one row does wrong costs no other row its result."""

import numpy as np
import pytest
import torch

from papers.surco.errors import InstancesFailed, RowsFailed
from papers.surco.estimators import make
from papers.surco.method import surco_zero
from papers.surco.pool import Pool
from papers.surco.problem import Problem
from tests.papers.surco.toys import differentiation, search, smallest_of_one, squares_of_one


@pytest.fixture(scope="module")
def pool():
    with Pool(workers=2, timeout=5.0, preload=["tests.papers.surco.toys"]) as pool:
        yield pool


def test_a_batch_is_solved_row_by_row_in_order(pool):
    costs = torch.tensor([[3.0, 1.0, 2.0], [0.0, 5.0, 5.0]])
    assert pool.solver(smallest_of_one)(costs, ["fine", "fine"]).tolist() == [[0, 1, 0], [1, 0, 0]]


def test_value_and_slope_are_passed_on_to_autograd(pool):
    x = torch.tensor([[1.0, 0.0], [0.0, 0.0]], dtype=torch.float64, requires_grad=True)
    values = pool.objective(squares_of_one)(x, ["fine", "fine"])
    assert values.tolist() == [0.5, 0.5]
    (values * torch.tensor([1.0, 3.0])).sum().backward()
    np.testing.assert_allclose(x.grad, [[1.0, -1.0], [-3.0, -3.0]])


@pytest.mark.parametrize(
    ("fault", "told"),
    [("raises", "ValueError: no solution here"), ("dies", "its worker was killed"), ("hangs", "took more than 1 s")],
)
def test_a_row_that_fails_is_named_and_the_others_are_kept(fault, told):
    costs = torch.rand(4, 3)
    with Pool(workers=2, timeout=1.0) as pool, pytest.raises(RowsFailed) as caught:
        pool.solver(smallest_of_one)(costs, ["fine", fault, "fine", "fine"])
    assert list(caught.value.failures) == [1]
    assert told in caught.value.failures[1]
    kept = caught.value.results[[0, 2, 3]]
    assert torch.equal(kept.argmax(1), costs[[0, 2, 3]].argmin(1))
    assert kept.sum() == 3


def test_surco_goes_on_with_the_instances_that_can_be_solved(pool):
    problem = Problem(solve=pool.solver(smallest_of_one), objective=pool.objective(squares_of_one))
    starts = torch.rand(1, 3, 4, dtype=torch.float64)
    with pytest.raises(InstancesFailed, match=r"instance south: ValueError: no solution here \(results of the other"):
        surco_zero(
            problem, ["fine", "raises", "fine"], starts, make(differentiation("blackbox"), 0), search(steps=2),
            names=["north", "south", "west"],
        )  # fmt: skip
    with pytest.raises(InstancesFailed, match="instance 2: objective is nan") as caught:
        surco_zero(
            problem, ["fine", "fine", "nan"], starts, make(differentiation("blackbox"), 0), search(steps=2)
        )
    assert caught.value.outcome.values_B.tolist() == [1.0, 1.0, float("inf")]
