"""The toy after Theorem 4.4 against brute force."""

import numpy as np
import pytest

from common.choices import Compute
from papers.surco.lipschitz.run import run
from papers.surco.lipschitz.settings import Lipschitz
from papers.surco.lipschitz.toy import (
    SEGMENT,
    TRIANGLE,
    linear_solutions,
    nearest_error,
    solutions,
    steepest,
    surrogate_costs,
)

Y = np.linspace(0, np.pi / 2, 500)


@pytest.mark.parametrize("vertices", [SEGMENT, TRIANGLE])
def test_no_point_of_the_hull_is_better_than_the_vertex(vertices):
    weights = np.random.default_rng(0).dirichlet(np.ones(len(vertices)), 2000)
    inside = (surrogate_costs(Y) @ (weights @ vertices).T) ** 2
    best = (surrogate_costs(Y) * solutions(Y, vertices)).sum(1) ** 2
    assert (best <= inside.min(1) + 1e-12).all()


def test_the_solution_jumps_at_a_quarter_of_pi_and_the_surrogate_gives_the_same():
    assert np.array_equal(solutions(Y, SEGMENT)[:, 0], np.greater(Y, np.pi / 4).astype(float))
    assert np.array_equal(linear_solutions(Y, SEGMENT), solutions(Y, SEGMENT))


def test_with_the_origin_nothing_jumps():
    assert not solutions(Y, TRIANGLE).any()


def test_the_surrogate_has_slope_one_and_the_solution_no_bound():
    fine = np.linspace(0, np.pi / 2, 50_001)
    assert steepest(Y, surrogate_costs(Y)) == pytest.approx(1, abs=1e-5)
    ratio = steepest(fine, solutions(fine, SEGMENT)) / steepest(Y, solutions(Y, SEGMENT))
    assert ratio == pytest.approx(50_000 / 499)


def test_the_nearest_neighbour_errs_by_a_whole_edge_however_many_samples():
    samples, query = 0.999 * Y, np.linspace(0, np.pi / 2, 5001)  # no sample's border lies at the jump
    error = nearest_error(samples, solutions(samples, SEGMENT), query, solutions(query, SEGMENT))
    assert error == pytest.approx(np.sqrt(2))
    assert nearest_error(samples, surrogate_costs(samples), query, surrogate_costs(query)) < 0.004


def test_two_runs_agree():
    settings = Lipschitz(samples=(10, 100), queries=50)
    first, second = (run(settings, (0, 1), Compute(workers=1, threads=1)) for _ in range(2))
    assert first == second
    assert [len(row) for row in first["rows"]] == [2, 2]
