"""The networks, built for any input size.

The paper's own layers were not available to us, so we use networks with a pedigree: 2c2d and 3c3d of DeepOBS
(Schneider, Balles, Hennig, ICLR 2019), whose published sizes are `channels=(32, 64), hidden=(1024,)` and
`channels=(64, 96, 128), hidden=(512, 256)`. Here the pooling comes before the ReLU: the two commute, and the ReLU
has a quarter to do. The autoencoder is ours: strided convolutions to a small code.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class ChannelsLast(nn.Module):
    """Store images channels-last, as convolution and pooling on a CPU want them: a quarter faster, same result."""

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Return the same images in the other layout."""
        return x_BCHW.contiguous(memory_format=torch.channels_last)


def net_2c2d(shape: tuple[int, int, int], outputs: int, channels: Sequence[int], hidden: Sequence[int]) -> nn.Module:
    """DeepOBS 2c2d: two 5x5 convolutions with 2x2 max-pooling, then fully connected layers, all with ReLU.

    Args:
        shape: (channels, height, width) of one image.
        outputs: number of classes.
        channels: output channels of the two convolutions.
        hidden: units of the hidden fully connected layers.

    Returns:
        A module from images [B, C, H, W] to logits [B, outputs], initialised as in DeepOBS: weights from
        a normal of deviation 0.05 truncated at two deviations, biases 0.05.
    """
    first, second = channels
    body = nn.Sequential(
        nn.Conv2d(shape[0], first, 5, padding=2), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(first, second, 5, padding=2), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(),
    )  # fmt: skip
    return _with_head(body, shape, outputs, hidden, _truncated_normal)


def net_3c3d(shape: tuple[int, int, int], outputs: int, channels: Sequence[int], hidden: Sequence[int]) -> nn.Module:
    """DeepOBS 3c3d: convolutions 5x5 and 3x3 unpadded, 3x3 padded, each with 3x3 max-pooling of stride 2.

    Args and result as in `net_2c2d`; three channel counts; Glorot-uniform weights, biases zero. DeepOBS adds
    an L2 penalty of 0.002, left out here so that the optimizers differ in nothing but their update.
    """
    first, second, third = channels
    pool = [nn.MaxPool2d(3, stride=2, padding=1), nn.ReLU()]
    body = nn.Sequential(
        nn.Conv2d(shape[0], first, 5), *pool,
        nn.Conv2d(first, second, 3), *pool,
        nn.Conv2d(second, third, 3, padding=1), *pool,
        nn.Flatten(),
    )  # fmt: skip
    return _with_head(body, shape, outputs, hidden, _glorot_uniform)


def conv_autoencoder(
    shape: tuple[int, int, int], outputs: int, channels: Sequence[int], hidden: Sequence[int]
) -> nn.Module:
    """Autoencoder: 3x3 convolutions of stride 2 to a linear code, mirrored by 4x4 transposed convolutions.

    Args:
        shape: (channels, height, width) of one image; sides divisible by 2**len(channels).
        outputs: unused width of a classifier's output; an autoencoder returns an image.
        channels: output channels of the encoder's convolutions.
        hidden: the code's size, one number.

    Returns:
        A module from images [B, C, H, W] in [0, 1] to logits of the same shape; Glorot-uniform weights.

    Raises:
        ValueError: a side is not divisible, or `hidden` is not one number.
    """
    (code,) = hidden
    factor = 2 ** len(channels)
    if shape[1] % factor or shape[2] % factor:
        raise ValueError(f"image sides {shape[1:]} are not divisible by {factor}, for {len(channels)} convolutions")
    widths = [shape[0], *channels]
    small = (channels[-1], shape[1] // factor, shape[2] // factor)
    flat = small[0] * small[1] * small[2]
    encoder, decoder = [], []
    for inner, outer in zip(widths[1:], widths[:-1], strict=True):
        encoder += [nn.Conv2d(outer, inner, 3, stride=2, padding=1), nn.ReLU()]
        decoder = [nn.ReLU(), nn.ConvTranspose2d(inner, outer, 4, stride=2, padding=1), *decoder]
    net = nn.Sequential(
        *encoder, nn.Flatten(), nn.Linear(flat, code),
        nn.Linear(code, flat), nn.Unflatten(1, small), *decoder,
    )  # fmt: skip
    net.apply(_glorot_uniform)
    return net


def mlp(width: int, outputs: int) -> nn.Module:
    """The lecture's network: two inputs, one tanh layer of `width` units, `outputs` logits, torch's own init."""
    return nn.Sequential(nn.Linear(2, width), nn.Tanh(), nn.Linear(width, outputs))


def _with_head(
    body: nn.Sequential, shape: tuple[int, int, int], outputs: int, hidden: Sequence[int], init
) -> nn.Module:
    with torch.no_grad():
        features = body(torch.zeros(1, *shape)).shape[1]
    layers: list[nn.Module] = []
    for units in hidden:
        layers += [nn.Linear(features, units), nn.ReLU()]
        features = units
    net = nn.Sequential(ChannelsLast(), *body, *layers, nn.Linear(features, outputs))
    net.apply(init)
    return net


def _weights_of(module: nn.Module) -> tuple[Tensor, Tensor] | None:
    is_layer = isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)
    return (module.weight, module.bias) if is_layer else None


def _truncated_normal(module: nn.Module) -> None:
    if found := _weights_of(module):
        nn.init.trunc_normal_(found[0], std=0.05, a=-0.1, b=0.1)
        nn.init.constant_(found[1], 0.05)


def _glorot_uniform(module: nn.Module) -> None:
    if found := _weights_of(module):
        nn.init.xavier_uniform_(found[0])
        nn.init.zeros_(found[1])
