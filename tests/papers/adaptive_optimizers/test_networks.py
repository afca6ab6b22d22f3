"""The networks against hand counts, a forward pass in DeepOBS' own order, and the stated initialisations."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from papers.adaptive_optimizers.networks import conv_autoencoder, mlp, net_2c2d, net_3c3d

MNIST, CIFAR = (1, 28, 28), (3, 32, 32)


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def layers(network: nn.Module, kind: type = nn.Module) -> list:
    return [layer for layer in network.modules() if hasattr(layer, "weight") and isinstance(layer, kind)]


def test_2c2d_has_the_published_size_and_as_many_outputs_as_classes():
    network = net_2c2d(MNIST, 10, channels=(32, 64), hidden=(1024,))
    convolutions = (1 * 25 + 1) * 32 + (32 * 25 + 1) * 64
    dense = (64 * 7 * 7 + 1) * 1024 + (1024 + 1) * 10
    assert parameters(network) == convolutions + dense == 3_274_634
    assert network(torch.zeros(2, *MNIST)).shape == (2, 10)


def test_3c3d_has_the_published_size_and_as_many_outputs_as_classes():
    network = net_3c3d(CIFAR, 10, channels=(64, 96, 128), hidden=(512, 256))
    convolutions = (3 * 25 + 1) * 64 + (64 * 9 + 1) * 96 + (96 * 9 + 1) * 128
    dense = (128 * 3 * 3 + 1) * 512 + (512 + 1) * 256 + (256 + 1) * 10  # 32 -5x5-> 28 -pool-> 14 -> 12 -> 6 -> 3
    assert parameters(network) == convolutions + dense == 895_210
    assert network(torch.zeros(2, *CIFAR)).shape == (2, 10)


def test_2c2d_computes_what_deepobs_computes_with_the_relu_before_the_pooling():
    torch.manual_seed(0)
    network, x = net_2c2d(MNIST, 10, (4, 8), (16,)), torch.randn(3, *MNIST)
    first, second, hidden, last = layers(network)
    expected = F.max_pool2d(F.relu(F.conv2d(x, first.weight, first.bias, padding=2)), 2)
    expected = F.max_pool2d(F.relu(F.conv2d(expected, second.weight, second.bias, padding=2)), 2)
    expected = F.linear(F.relu(F.linear(expected.flatten(1), hidden.weight, hidden.bias)), last.weight, last.bias)
    torch.testing.assert_close(network(x), expected)


def test_3c3d_computes_what_deepobs_computes_with_the_relu_before_the_pooling():
    torch.manual_seed(0)
    network, x = net_3c3d(CIFAR, 10, (4, 6, 8), (16, 12)), torch.randn(3, *CIFAR)
    expected = x
    for layer, padding in zip(layers(network, nn.Conv2d), (0, 0, 1), strict=True):
        expected = F.relu(F.conv2d(expected, layer.weight, layer.bias, padding=padding))
        expected = F.max_pool2d(expected, 3, stride=2, padding=1)
    expected = expected.flatten(1)
    *hidden, last = layers(network, nn.Linear)
    for layer in hidden:
        expected = F.relu(F.linear(expected, layer.weight, layer.bias))
    torch.testing.assert_close(network(x), F.linear(expected, last.weight, last.bias))


def test_2c2d_starts_with_a_normal_truncated_at_two_deviations_and_biases_of_a_twentieth():
    torch.manual_seed(0)
    network = net_2c2d(MNIST, 10, channels=(32, 64), hidden=(128,))
    weights = torch.cat([layer.weight.detach().flatten() for layer in layers(network)])
    assert len(weights) > 400_000
    assert 0.0999 < weights.abs().max() <= 0.1
    assert abs(weights.mean()) < 3e-4
    density = math.exp(-2) / math.sqrt(2 * math.pi)  # of a standard normal at 2
    inside = math.erf(2 / math.sqrt(2))
    assert float(weights.std()) == pytest.approx(0.05 * math.sqrt(1 - 2 * 2 * density / inside), rel=5e-3)
    assert all((layer.bias == 0.05).all() for layer in layers(network))


@pytest.mark.parametrize(
    ("build", "sizes"),
    [
        (net_3c3d, {"channels": (16, 24, 32), "hidden": (64, 32)}),
        (conv_autoencoder, {"channels": (8, 16), "hidden": (32,)}),
    ],
)
def test_glorot_weights_fill_their_bound_and_biases_are_zero(build, sizes):
    torch.manual_seed(0)
    for layer in layers(build(CIFAR, 10, **sizes)):
        fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(layer.weight)
        bound = math.sqrt(6 / (fan_in + fan_out))
        largest = float(layer.weight.detach().abs().max())
        assert bound * (1 - 30 / layer.weight.numel()) < largest <= bound * (1 + 1e-6)
        assert (layer.bias == 0).all()


@pytest.mark.parametrize(("shape", "channels"), [((1, 8, 8), (4, 8)), (MNIST, (8, 16)), ((3, 64, 64), (4, 6, 8))])
def test_an_autoencoder_returns_images_of_the_shape_it_was_given_through_its_code(shape, channels):
    network = conv_autoencoder(shape, 10, channels, (5,))
    assert network(torch.zeros(2, *shape)).shape == (2, *shape)
    assert any(isinstance(layer, nn.Linear) and layer.out_features == 5 for layer in network)


def test_an_autoencoder_refuses_sides_it_cannot_halve_and_more_than_one_code():
    with pytest.raises(ValueError, match=r"\(28, 28\) are not divisible by 8, for 3 convolutions"):
        conv_autoencoder(MNIST, 10, (4, 8, 8), (5,))
    with pytest.raises(ValueError, match="too many values"):
        conv_autoencoder(MNIST, 10, (4, 8), (5, 5))


def test_the_lectures_network_has_one_tanh_layer():
    network, x = mlp(32, 5), torch.randn(7, 2)
    first, last = layers(network)
    expected = torch.tanh(x @ first.weight.T + first.bias) @ last.weight.T + last.bias
    torch.testing.assert_close(network(x), expected)
    assert parameters(network) == 3 * 32 + (32 + 1) * 5
