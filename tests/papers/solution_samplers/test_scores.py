import pytest
import torch
from torch import nn

from papers.solution_samplers.scores import HomogeneousNet, LinearScore

SIZES = (15, 30, 10, 1)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_linear_scores_take_features_of_their_own_or_shared_ones():
    model = LinearScore(3, 5, 0.1, generator())
    features_BCF = torch.randn(3, 7, 5, generator=generator(1))
    expected_BC = torch.stack([features_BCF[b] @ model.weights_BF[b] for b in range(3)])
    torch.testing.assert_close(model(features_BCF), expected_BC)
    shared_BC = torch.stack([features_BCF[0] @ weights_F for weights_F in model.weights_BF])
    torch.testing.assert_close(model(features_BCF[0]), shared_BC)


def test_initial_linear_weights_have_the_deviation_asked_for():
    weights_BF = LinearScore(100, 105, 0.01, generator()).weights_BF
    assert weights_BF.std().item() == pytest.approx(0.01, rel=0.05)
    assert torch.equal(weights_BF, LinearScore(100, 105, 0.01, generator()).weights_BF)


def test_every_net_of_the_batch_is_the_papers_net():
    nets = HomogeneousNet(3, SIZES, generator())
    spins_CN = torch.randn(20, 15, generator=generator(1)).sign()
    scores_BC = nets(spins_CN)
    for b in range(3):
        alone = nn.Sequential(
            nn.Linear(15, 30, bias=False), nn.ReLU(), nn.Linear(30, 10, bias=False), nn.ReLU(),
            nn.Linear(10, 1, bias=False),
        )  # fmt: skip
        with torch.no_grad():
            for layer, weights_BON in zip(alone[::2], nets.layers, strict=True):
                layer.weight.copy_(weights_BON[b])
        torch.testing.assert_close(scores_BC[b], alone(spins_CN).squeeze(-1))
    torch.testing.assert_close(nets(spins_CN.expand(3, -1, -1)), scores_BC)


def test_initial_weights_are_uniform_within_one_over_root_fan_in():
    for layer_BON, inputs in zip(HomogeneousNet(50, SIZES, generator()).layers, SIZES, strict=False):
        bound = inputs**-0.5
        reference = nn.init.kaiming_uniform_(torch.empty(50, inputs), a=5**0.5, generator=generator(1))
        assert reference.abs().max() <= bound
        assert layer_BON.abs().max() <= bound
        assert layer_BON.abs().max() > 0.95 * bound
        assert layer_BON.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)


@pytest.mark.parametrize("rho", [0.03, 0.5])
def test_scaling_every_layer_scales_the_score_by_the_slow_factor(rho):
    nets = HomogeneousNet(2, SIZES, generator()).double()
    spins_CN = torch.randn(50, 15, generator=generator(1)).sign().double()
    assert nets.slow_factor(rho) == pytest.approx(rho**3)
    torch.testing.assert_close(nets(spins_CN, layer_scale=rho), rho**3 * nets(spins_CN), rtol=1e-10, atol=1e-18)
