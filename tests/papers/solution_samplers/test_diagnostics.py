import math
import warnings

import numpy as np
import pytest
import torch

from papers.solution_samplers.samplers import SamplerError
from papers.solution_samplers.samplers.diagnostics import MixingWarning, check_mixing, effective_sample_size, r_hat


def ar1(correlation: float, chains: int, draws: int, seed: int = 0) -> np.ndarray:
    """Stationary chains `x' = correlation x + noise` with variance 1."""
    noise = np.random.default_rng(seed).standard_normal((chains, draws))
    x = noise.copy()
    for t in range(1, draws):
        x[:, t] = correlation * x[:, t - 1] + math.sqrt(1 - correlation**2) * noise[:, t]
    return x


@pytest.mark.parametrize("correlation", [-0.3, 0.0, 0.5, 0.9])
def test_the_effective_sample_size_of_autoregressive_chains(correlation):
    many = [ar1(correlation, 8, 2000, seed) for seed in range(10)]
    expected = many[0].size * (1 - correlation) / (1 + correlation)
    assert np.mean([effective_sample_size(draws_CT) for draws_CT in many]) == pytest.approx(expected, rel=0.1)
    assert [r_hat(draws_CT) for draws_CT in many] == pytest.approx([1] * 10, abs=0.05)


def test_the_variance_of_a_mean_is_that_of_as_many_independent_draws():
    means = [ar1(0.8, 4, 500, seed).mean() for seed in range(200)]
    sizes = [effective_sample_size(ar1(0.8, 4, 500, seed)) for seed in range(20)]
    assert np.var(means) == pytest.approx(1 / np.mean(sizes), rel=0.3)


def test_r_hat_by_hand():
    draws_CT = np.array([[0.0, 2.0, 1.0, 3.0], [4.0, 6.0, 5.0, 7.0]])
    within, between = 2.0, np.var([1, 2, 5, 6], ddof=1)  # of the four halves; each has two draws
    assert r_hat(draws_CT) == pytest.approx(math.sqrt((within / 2 + between) / within))


def test_r_hat_sees_chains_apart_and_chains_that_drift():
    draws_CT = ar1(0.0, 4, 200)
    apart = draws_CT + np.array([[0.0], [0.0], [0.0], [3.0]])
    drifting = draws_CT + np.linspace(0, 5, 200)
    for bad in (apart, drifting):
        assert r_hat(bad) > 1.3
        assert effective_sample_size(bad) < 40


def test_constant_draws_are_finished_and_chains_stuck_apart_are_not():
    assert r_hat(np.ones((3, 8))) == 1
    assert effective_sample_size(np.ones((3, 8))) == 24
    stuck = np.repeat([[1.0], [2.0], [3.0]], 8, axis=1)
    assert r_hat(stuck) == math.inf
    assert effective_sample_size(stuck) == 3


def test_only_chains_that_do_not_mix_are_warned_about():
    good = torch.from_numpy(ar1(0.2, 4, 400))
    with warnings.catch_warnings(action="error"):
        mixing = check_mixing(good, "cut")
    assert (mixing.r_hat, mixing.ess) == (r_hat(good), effective_sample_size(good))
    with pytest.warns(
        MixingWarning, match=r"^the cut of G1: the chains have not mixed: R-hat .* of 1600 \(at least 40\)"
    ):
        check_mixing(ar1(0.999, 4, 400), "the cut of G1")


@pytest.mark.parametrize(
    ("draws", "message"),
    [
        (np.ones((2, 3)), r"need draws \[chains, at least 4\] \(got shape \(2, 3\)\)"),
        (np.ones(8), r"got shape \(8,\)"),
        (np.array([[1.0, 2.0, 3.0, np.nan]]), r"draw 3 of chain 0 is not finite"),
    ],
)
def test_draws_that_nothing_can_be_said_about(draws, message):
    with pytest.raises(SamplerError, match=message):
        r_hat(draws)
