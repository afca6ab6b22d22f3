"""The paper's objectives over score functions, their exact gradients (Lemma 5) and the sampled one.

A sampler is `p(s) ~ exp(f(s))` for a score `f`; costs `l(s)` are minimised. With the fast part `p ~ exp(f)`, the slow
part `q ~ exp(f_slow)` (for linear scores `f_slow = rho f`), mixture weight `beta` and entropy weight `lambda`:

    L = (1 - beta) E_p[l] + beta E_q[l] + lambda ((1 - beta) H(p) + beta / rho H(q)),   H(p) = E_p[log p]

(section 4, eq. (5) and the regulariser R). The four arms of the ablation switch `beta` and `lambda` off, one by one.

Shape suffixes: B instances, S enumerated solutions, C sampled chains, F features.
"""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Objective:
    """Which terms an arm of the ablation keeps.

    Attributes:
        mixture_weight: the paper's beta*, the weight of the slow part; 0 leaves it out.
        inverse_temperature: the paper's rho* of the slow part.
        entropy: whether the negative entropy is added, with the weight `lambda` that each call is given.
    """

    mixture_weight: float
    inverse_temperature: float
    entropy: bool


def objectives(mixture_weight: float, inverse_temperature: float) -> dict[str, Objective]:
    """Return the four arms by name: the paper compares "vanilla" with "both" only."""
    return {
        "vanilla": Objective(0.0, inverse_temperature, entropy=False),
        "mixture": Objective(mixture_weight, inverse_temperature, entropy=False),
        "entropy": Objective(0.0, inverse_temperature, entropy=True),
        "both": Objective(mixture_weight, inverse_temperature, entropy=True),
    }


def annealed_weight(start: float, halve_every: int, step: int) -> float:
    """Entropy weight at iteration `step` (from 0): `start * 2^-floor(step / halve_every)` (section 5)."""
    return start * 0.5 ** (step // halve_every)


def loss(fast_BS: Tensor, slow_BS: Tensor, costs_BS: Tensor, entropy_weight: float, objective: Objective) -> Tensor:
    """Exact objective over enumerated solutions, eq. (5) with R; autograd passes through both scores.

    Args:
        fast_BS: scores of the fast part.
        slow_BS: scores of the slow part.
        costs_BS: costs of the solutions.
        entropy_weight: lambda; unused where the objective has no entropy.
        objective: the arm.

    Returns:
        One value per instance, shape [B].
    """
    beta = objective.mixture_weight
    fast_weight, slow_weight = _entropy_weights(entropy_weight, objective)
    return (1 - beta) * _free_energy(fast_BS, costs_BS, fast_weight) + beta * _free_energy(
        slow_BS, costs_BS, slow_weight
    )


def score_gradients(
    fast_BS: Tensor, slow_BS: Tensor, costs_BS: Tensor, entropy_weight: float, objective: Objective
) -> tuple[Tensor, Tensor]:
    """Gradient of `loss` in the space of scores: Lemma 5 before the chain rule.

    Returns:
        The derivatives with respect to `fast_BS` and to `slow_BS`. Each row sums to 0, since adding a constant to
        the scores changes no distribution.
    """
    beta = objective.mixture_weight
    fast_weight, slow_weight = _entropy_weights(entropy_weight, objective)
    fast_gradient_BS = _covariance_weights(fast_BS, costs_BS + fast_weight * fast_BS)
    slow_gradient_BS = _covariance_weights(slow_BS, costs_BS + slow_weight * slow_BS)
    return (1 - beta) * fast_gradient_BS, beta * slow_gradient_BS


def linear_gradient(
    features_SF: Tensor, weights_BF: Tensor, cost_features_BF: Tensor, entropy_weight: float, objective: Objective
) -> Tensor:
    """Gradient of the objective for linear scores `f(s) = w . x(s)` and costs `c . x(s)`: Lemma 5.

    `(1 - beta) Cov_p[x, (c + lambda w) . x] + beta rho Cov_q[x, (c + lambda w) . x]`, with q at the scores `rho f`.

    Args:
        features_SF: x of every solution, the same for all instances.
        weights_BF: w.
        cost_features_BF: c.
        entropy_weight: lambda; unused where the objective has no entropy.
        objective: the arm.

    Returns:
        The gradient, shape [B, F].
    """
    scores_BS = weights_BF @ features_SF.T
    costs_BS = cost_features_BF @ features_SF.T
    rho = objective.inverse_temperature
    fast_BS, slow_BS = score_gradients(scores_BS, rho * scores_BS, costs_BS, entropy_weight, objective)
    return (fast_BS + rho * slow_BS) @ features_SF


def sampled_surrogate(scores_BC: Tensor, costs_BC: Tensor, entropy_weight: float) -> Tensor:
    """Surrogate whose gradient is an unbiased estimate of that of `E_p[l] + lambda H(p)`; needs no log Z.

    Both terms are covariances under p: `grad E_p[l] = Cov(l, grad f)` and `grad H(p) = Cov(f, grad f)`, so the mean
    over C chains is subtracted and the sum divided by C - 1. The slow part of a mixture is estimated in the same
    way from chains of its own: `beta * sampled_surrogate(slow_scores, costs, lambda / rho)`.

    Args:
        scores_BC: scores `f` of samples drawn from `p`, with their graph.
        costs_BC: costs of the same samples.
        entropy_weight: lambda; 0 for the vanilla objective.

    Returns:
        One value per instance, shape [B]; only its gradient has a meaning.
    """
    energy_BC = costs_BC + entropy_weight * scores_BC.detach()
    centred_BC = energy_BC - energy_BC.mean(dim=-1, keepdim=True)
    return (centred_BC * scores_BC).sum(dim=-1) / (scores_BC.shape[-1] - 1)


def quasar_ratio(
    gradient_BF: Tensor, weights_BF: Tensor, minimiser_BF: Tensor, value_B: Tensor, minimum_B: Tensor
) -> Tensor:
    """Return `grad . (w - wbar) / (L(w) - L(wbar))`, shape [B].

    An objective is gamma-quasar-convex along a path if this is at least gamma > 0 on it (Definition 3).

    Args:
        gradient_BF: gradient at the weights.
        weights_BF: w.
        minimiser_BF: wbar; for linear scores `-c / lambda` (Proposition 5).
        value_B: objective at w.
        minimum_B: objective at wbar.
    """
    return (gradient_BF * (weights_BF - minimiser_BF)).sum(dim=-1) / (value_B - minimum_B)


def _entropy_weights(entropy_weight: float, objective: Objective) -> tuple[float, float]:
    """Return the entropy weights of the fast and of the slow part, relative to their shares of the mixture."""
    if not objective.entropy:
        return 0.0, 0.0
    return entropy_weight, entropy_weight / objective.inverse_temperature


def _free_energy(scores_BS: Tensor, costs_BS: Tensor, weight: float) -> Tensor:
    """Return `E_p[l + weight log p]` for p ~ exp(scores), shape [B]."""
    log_p_BS = scores_BS.log_softmax(dim=-1)
    return (log_p_BS.exp() * (costs_BS + weight * log_p_BS)).sum(dim=-1)


def _covariance_weights(scores_BS: Tensor, energy_BS: Tensor) -> Tensor:
    """Return `p (h - E_p[h])`: summed against anything, it gives the covariance with h under p ~ exp(scores)."""
    p_BS = scores_BS.softmax(dim=-1)
    return p_BS * (energy_BS - (p_BS * energy_BS).sum(dim=-1, keepdim=True))
