"""Every estimator against what it estimates: closed forms, finite differences, enumeration, and PyEPO."""

import itertools

import numpy as np
import pytest
import torch
from scipy.stats import norm

from papers.surco.errors import SurcoError
from papers.surco.estimators import Blackbox, Identity, Imle, Perturbed, make, sum_of_gamma
from tests.papers.surco.toys import differentiation, over, subsets

NAMES = ("blackbox", "imle", "perturbed", "identity")


def on(vertices_VN):
    """A solver for costs [..., B, N] as estimators call it."""
    solve = over(vertices_VN)
    return lambda costs: solve(costs.flatten(0, -2), None).reshape(costs.shape)


def central_differences(function, point_BN, step):
    """d function / d point, row by row, of a function from [B, N] to [B]."""
    columns = []
    for move in torch.eye(point_BN.shape[1], dtype=point_BN.dtype) * step:
        columns.append((function(point_BN + move) - function(point_BN - move)) / (2 * step))
    return torch.stack(columns, 1)


def gradient(estimator, costs_BN, slopes_BN, solve):
    forward = estimator.solve(costs_BN, solve)
    return estimator.gradient(costs_BN, forward, slopes_BN.expand(len(forward.x_KBN), -1, -1), solve)


@pytest.fixture
def drawn():
    generator = torch.Generator().manual_seed(3)
    costs, slopes = torch.randn(2, 40, 5, generator=generator, dtype=torch.float64)
    return costs, slopes, subsets(5, 2)


@pytest.mark.parametrize("strength", [0.3, 3.0])
def test_blackbox_is_the_derivative_of_pogancics_interpolation(drawn, strength):
    costs, slopes, vertices = drawn

    def interpolation(c):  # (min_x (c + lambda d) . x - min_x c . x) / lambda, by enumeration
        return (((c + strength * slopes) @ vertices.T).amin(1) - (c @ vertices.T).amin(1)) / strength

    expected = central_differences(interpolation, costs, 1e-6)
    ours = gradient(Blackbox(strength, scaled=False), costs, slopes, on(vertices))
    torch.testing.assert_close(ours, expected, atol=1e-7, rtol=0)
    assert ours.any()


def test_imle_is_the_same_derivative_under_its_noise(drawn):
    costs, slopes, vertices = drawn
    estimator = Imle(1.5, False, samples=6, noise=0.7, generator=torch.Generator().manual_seed(1))
    forward = estimator.solve(costs, on(vertices))
    noise = forward.kept

    def interpolation(c):
        noisy = c - noise
        ahead, here = ((costs @ vertices.T).amin(-1) for costs in (noisy + 1.5 * slopes, noisy))
        return ((ahead - here) / 1.5).mean(0)

    ours = estimator.gradient(costs, forward, slopes.expand_as(noise), on(vertices))
    torch.testing.assert_close(ours, central_differences(interpolation, costs, 1e-6), atol=1e-7, rtol=0)


def test_perturbed_estimates_the_derivative_of_the_smoothed_solver():
    """Of two entries the cheaper is taken: E x_0 = Phi((c_1 - c_0) / (sigma sqrt 2)), whose derivative is known."""
    sigma, costs = 0.8, torch.tensor([[0.2, 0.5]], dtype=torch.float64)
    slopes = torch.tensor([[1.0, -2.0]], dtype=torch.float64)
    estimator = Perturbed(sigma, samples=200_000, generator=torch.Generator().manual_seed(0))
    forward = estimator.solve(costs, on(subsets(2, 1)))
    scale = sigma * np.sqrt(2)
    assert forward.x_KBN[0, 0, 0].item() == pytest.approx(norm.cdf(0.3 / scale), abs=5e-3)
    density = norm.pdf(0.3 / scale) / scale
    ours = estimator.gradient(costs, forward, slopes[None], on(subsets(2, 1)))
    np.testing.assert_allclose(ours, [[-density * 3, density * 3]], atol=2e-2)


def test_perturbed_is_unbiased_for_finite_differences_of_the_smoothed_solver(drawn):
    costs, slopes, vertices = drawn
    costs, slopes = costs[:3], slopes[:3]
    fixed = torch.randn(100_000, 1, 5, generator=torch.Generator().manual_seed(4), dtype=torch.float64)

    def smoothed(c):
        return (on(vertices)(c + fixed).mean(0) * slopes).sum(1)

    expected = central_differences(smoothed, costs, 0.1)
    estimator = Perturbed(1.0, samples=100_000, generator=torch.Generator().manual_seed(5))
    torch.testing.assert_close(gradient(estimator, costs, slopes, on(vertices)), expected, atol=0.03, rtol=0)


def test_scaled_strength_has_the_size_of_the_costs_whatever_the_units_of_the_objective(drawn):
    costs, slopes, vertices = drawn
    seen = []

    def solve(c):
        seen.append(c)
        return on(vertices)(c)

    estimator = Blackbox(0.25, scaled=True)
    gradient(estimator, costs, 1e6 * slopes, solve)
    moved = (seen[1] - costs)[0]
    torch.testing.assert_close(moved.square().mean(1).sqrt(), torch.full((40,), 0.25, dtype=torch.float64))
    assert torch.isfinite(gradient(estimator, costs, torch.zeros_like(slopes), solve)).all()


def test_a_gradient_step_lowers_a_linear_objective(drawn):
    """All estimators must point uphill on average: the contract that SurCo rests on."""
    costs, slopes, vertices = drawn
    before = (on(vertices)(costs) * slopes).sum(1).mean()
    for name in NAMES:
        estimator = make(differentiation(name, strength=2.0, samples=50), seed=0)
        moved = costs.clone()
        for _ in range(20):
            moved -= 0.3 * gradient(estimator, moved, slopes, on(vertices))
        after = (on(vertices)(moved) * slopes).sum(1).mean()
        assert after < before - 0.5, name


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_bytes(drawn, name):
    costs, slopes, vertices = drawn
    first, second = (gradient(make(differentiation(name), 7), costs, slopes, on(vertices)) for _ in range(2))
    assert torch.equal(first, second)


def test_noise_sums_to_a_gumbel_variable():
    noise = sum_of_gamma((20_000, 3), 30, torch.Generator().manual_seed(0), ones=3).sum(1)
    assert noise.mean().item() == pytest.approx(np.euler_gamma, abs=0.05)
    assert noise.var().item() == pytest.approx(np.pi**2 / 6, abs=0.1)


def test_one_sample_cannot_have_a_baseline():
    with pytest.raises(SurcoError, match="needs at least 2 samples"):
        make(differentiation("perturbed", samples=1), 0)


class TestAgainstPyepo:
    """The same numbers as PyEPO's modules, for a linear loss, on a shortest-path-like selection problem."""

    @pytest.fixture
    def pyepo_model(self, drawn):
        pytest.importorskip("pyepo")
        from pyepo.model.opt import optModel

        vertices = drawn[2]

        class Selection(optModel):
            def _getModel(self):
                return None, list(range(5))

            def setObj(self, c):
                self.costs = torch.as_tensor(np.asarray(c), dtype=torch.float64)

            def solve(self):
                best = vertices[(vertices @ self.costs).argmin()]
                return best.numpy(), float(best @ self.costs)

        return Selection()

    def theirs(self, module, costs, slopes):
        costs = costs.clone().requires_grad_()
        (module(costs) * slopes).sum().backward()
        return costs.grad

    def test_blackbox(self, drawn, pyepo_model):
        from pyepo.func import blackboxOpt

        costs, slopes, vertices = drawn
        ours = gradient(Blackbox(2.0, scaled=False), costs, slopes, on(vertices))
        theirs = self.theirs(blackboxOpt(pyepo_model, lambd=2.0), costs, slopes)
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)

    def test_identity(self, drawn, pyepo_model):
        from pyepo.func import negativeIdentity

        costs, slopes, vertices = drawn
        ours = gradient(Identity(), costs, slopes, on(vertices))
        torch.testing.assert_close(ours, self.theirs(negativeIdentity(pyepo_model), costs, slopes))

    def test_perturbed(self, drawn, pyepo_model):
        from pyepo.func import perturbedOpt

        costs, slopes, vertices = (values[:2] if len(values) == 40 else values for values in drawn)
        ours = gradient(Perturbed(0.7, 4000, torch.Generator().manual_seed(0)), costs, slopes, on(vertices))
        theirs = self.theirs(perturbedOpt(pyepo_model, n_samples=4000, sigma=0.7), costs, slopes)
        torch.testing.assert_close(ours, theirs.to(ours.dtype), atol=0.15, rtol=0)


def test_all_names_build():
    for name, scaled in itertools.product((*NAMES, "quadratic"), (True, False)):
        assert make(differentiation(name, scaled=scaled), 0)
