import itertools

import pytest
import torch

from papers.solution_samplers.objective import (
    annealed_weight,
    linear_gradient,
    loss,
    objectives,
    quasar_ratio,
    sampled_surrogate,
    score_gradients,
)

BETA, RHO, LAMBDA = 0.2, 0.3, 0.7
ARMS = objectives(BETA, RHO)
EXACT = {"rtol": 0, "atol": 1e-10}


def normal(*shape, seed=0, scale=1.0):
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def linear_loss(features_SF, weights_BF, cost_features_BF, entropy_weight, objective):
    scores_BS = weights_BF @ features_SF.T
    slow_BS = objective.inverse_temperature * scores_BS
    return loss(scores_BS, slow_BS, cost_features_BF @ features_SF.T, entropy_weight, objective)


def covariance(p_BS, x_SF, y_BS):
    """Cov_p[x, y] for each row of p, by the definition."""
    centred_BSF = x_SF - (p_BS @ x_SF)[:, None]
    centred_BS = y_BS - (p_BS * y_BS).sum(1, keepdim=True)
    return torch.einsum("bs,bsf,bs->bf", p_BS, centred_BSF, centred_BS)


@pytest.mark.parametrize("arm", ARMS)
def test_gradients_in_score_space_equal_autograd(arm):
    fast_BS, slow_BS = normal(3, 17, seed=1).requires_grad_(), normal(3, 17, seed=2).requires_grad_()
    costs_BS = normal(3, 17, seed=3, scale=5)
    value = loss(fast_BS, slow_BS, costs_BS, LAMBDA, ARMS[arm]).sum()
    expected = torch.autograd.grad(value, (fast_BS, slow_BS))
    found = score_gradients(fast_BS.detach(), slow_BS.detach(), costs_BS, LAMBDA, ARMS[arm])
    torch.testing.assert_close(found, expected, **EXACT)


@pytest.mark.parametrize("arm", ARMS)
def test_lemma_5_equals_autograd_and_the_covariances(arm):
    features_SF, cost_BF = normal(40, 6), normal(3, 6, seed=1, scale=4)
    weights_BF = normal(3, 6, seed=2).requires_grad_()
    found_BF = linear_gradient(features_SF, weights_BF.detach(), cost_BF, LAMBDA, ARMS[arm])
    value = linear_loss(features_SF, weights_BF, cost_BF, LAMBDA, ARMS[arm]).sum()
    torch.testing.assert_close(found_BF, torch.autograd.grad(value, weights_BF)[0], **EXACT)

    weights_BF = weights_BF.detach()
    beta, entropy = ARMS[arm].mixture_weight, LAMBDA if ARMS[arm].entropy else 0.0
    energy_BS = (cost_BF + entropy * weights_BF) @ features_SF.T
    scores_BS = weights_BF @ features_SF.T
    fast_BF = covariance(scores_BS.softmax(1), features_SF, energy_BS)
    slow_BF = covariance((RHO * scores_BS).softmax(1), features_SF, energy_BS)
    torch.testing.assert_close(found_BF, (1 - beta) * fast_BF + beta * RHO * slow_BF, **EXACT)


def test_lemma_4_the_gradient_correlates_with_the_direction_to_the_minimiser():
    features_SF, cost_BF, weights_BF = normal(40, 6), normal(3, 6, seed=1, scale=4), normal(3, 6, seed=2)
    direction_BF = cost_BF + LAMBDA * weights_BF
    gradient_BF = linear_gradient(features_SF, weights_BF, cost_BF, LAMBDA, ARMS["both"])
    variances = []
    for scale in (1.0, RHO):
        p_BS = (scale * weights_BF @ features_SF.T).softmax(1)
        y_BS = direction_BF @ features_SF.T
        variances.append((p_BS * y_BS**2).sum(1) - (p_BS * y_BS).sum(1) ** 2)
    expected_B = (1 - BETA) * variances[0] + BETA * RHO * variances[1]
    torch.testing.assert_close((gradient_BF * direction_BF).sum(1), expected_B, **EXACT)


@pytest.mark.parametrize("arm", ["entropy", "both"])
def test_minus_cost_over_lambda_is_the_minimiser(arm):
    features_SF, cost_BF = normal(40, 6), normal(3, 6, seed=1)
    minimiser_BF = -cost_BF / LAMBDA
    gradient_BF = linear_gradient(features_SF, minimiser_BF, cost_BF, LAMBDA, ARMS[arm])
    torch.testing.assert_close(gradient_BF, torch.zeros_like(gradient_BF), **EXACT)
    lowest_B = linear_loss(features_SF, minimiser_BF, cost_BF, LAMBDA, ARMS[arm])
    for seed in range(20):
        near_BF = minimiser_BF + normal(3, 6, seed=seed, scale=0.3)
        assert (linear_loss(features_SF, near_BF, cost_BF, LAMBDA, ARMS[arm]) > lowest_B).all()


def test_without_mixture_and_entropy_the_objective_is_the_expected_cost():
    fast_BS, costs_BS = normal(3, 17), normal(3, 17, seed=1)
    expected_B = (fast_BS.softmax(1) * costs_BS).sum(1)
    torch.testing.assert_close(loss(fast_BS, 0 * fast_BS, costs_BS, LAMBDA, ARMS["vanilla"]), expected_B, **EXACT)


@pytest.mark.parametrize("chains", [2, 3])
@pytest.mark.parametrize("part", ["fast", "slow"])
def test_the_sampled_gradient_is_unbiased(chains, part):
    """Exact expectation over all tuples of independent samples from a space of four solutions."""
    features_SF, weights_F, cost_F = normal(4, 3), normal(3, seed=1), normal(3, seed=2, scale=3)
    scale = 1.0 if part == "fast" else RHO
    weight = LAMBDA / scale
    p_S = (scale * features_SF @ weights_F).softmax(0)
    expected_F = torch.zeros(3, dtype=torch.float64)
    for drawn in itertools.product(range(4), repeat=chains):
        w_F = weights_F.clone().requires_grad_()
        x_CF = features_SF[list(drawn)]
        (gradient_F,) = torch.autograd.grad(sampled_surrogate(scale * x_CF @ w_F, x_CF @ cost_F, weight), w_F)
        expected_F += p_S[list(drawn)].prod() * gradient_F
    w_F = weights_F.clone().requires_grad_()
    log_p_S = (scale * features_SF @ w_F).log_softmax(0)
    value = (log_p_S.exp() * (features_SF @ cost_F + weight * log_p_S)).sum()
    torch.testing.assert_close(expected_F, torch.autograd.grad(value, w_F)[0], **EXACT)


def test_the_sampled_gradient_batches_over_instances():
    scores_BC, costs_BC = normal(5, 8), normal(5, 8, seed=1)
    together_B = sampled_surrogate(scores_BC, costs_BC, LAMBDA)
    alone = [sampled_surrogate(scores_BC[b], costs_BC[b], LAMBDA) for b in range(5)]
    torch.testing.assert_close(together_B, torch.stack(alone), **EXACT)


def test_along_a_path_from_far_away_the_quasar_ratio_of_both_stays_positive_and_the_minimum_is_reached():
    features_SF = torch.tensor([[1.0, 0.0], [2.0, 2.0], [0.0, 2.0]], dtype=torch.float64)  # Figure 1
    cost_BF = torch.tensor([[-3.0, -3.0]], dtype=torch.float64)
    both, weights_BF = objectives(0.2, 0.1)["both"], torch.tensor([[-10.0, 5.0]], dtype=torch.float64)
    minimiser_BF = -cost_BF
    minimum_B = linear_loss(features_SF, minimiser_BF, cost_BF, 1.0, both)
    for _ in range(3000):
        gradient_BF = linear_gradient(features_SF, weights_BF, cost_BF, 1.0, both)
        value_B = linear_loss(features_SF, weights_BF, cost_BF, 1.0, both)
        assert quasar_ratio(gradient_BF, weights_BF, minimiser_BF, value_B, minimum_B) > 1e-3
        weights_BF = weights_BF - 0.3 * gradient_BF
        if (weights_BF - minimiser_BF).norm() < 1e-3:
            break
    assert (weights_BF - minimiser_BF).norm() < 1e-3
    vanilla_BF = linear_gradient(features_SF, torch.tensor([[-10.0, 5.0]]).double(), cost_BF, 1.0, ARMS["vanilla"])
    assert vanilla_BF.norm() < 1e-3


def test_the_entropy_weight_is_halved_every_so_many_iterations():
    assert [annealed_weight(10.0, 60, step) for step in (0, 59, 60, 120, 599)] == [10, 10, 5, 2.5, 10 / 512]
