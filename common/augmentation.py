"""Image augmentation on whole batches, on the batch's device, random only through an explicit generator.

Shape suffixes: N images, C channels, H rows, W columns. The generator must live on the images' device.
"""

import torch
from torch import Tensor
from torch.nn import functional


def channel_statistics(x_NCHW: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel over all images and pixels.

    Args:
        x_NCHW: images, of the training set only, in the unit in which `normalise` will see them.

    Returns:
        Two float32 tensors of shape [C].
    """
    x_CM = x_NCHW.transpose(0, 1).flatten(1).double()
    return x_CM.mean(1).float(), x_CM.std(1, correction=0).float()


def normalise(x_NCHW: Tensor, mean_C: Tensor, std_C: Tensor) -> Tensor:
    """Shift and scale each channel: (x - mean) / std, in float32."""
    return (x_NCHW.float() - mean_C[:, None, None]) / std_C[:, None, None]


def random_crop(x_NCHW: Tensor, padding: int, generator: torch.Generator) -> Tensor:
    """Pad with zeros on all sides and cut each image out again at an offset of its own.

    Offsets are uniform on 0..2 `padding`, independently for rows and columns (He et al. 2016, Sec. 4.2).

    Args:
        x_NCHW: images of any dtype; zero is what the border is filled with.
        padding: pixels added on each side.
        generator: source of the offsets.

    Returns:
        Images of the same shape and dtype.
    """
    n, _, height, width = x_NCHW.shape
    row_N, column_N = torch.randint(0, 2 * padding + 1, (2, n), generator=generator, device=x_NCHW.device)
    padded = functional.pad(x_NCHW, [padding] * 4)
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)  # a view: N, C, row, column, H, W
    return windows[torch.arange(n, device=x_NCHW.device), :, row_N, column_N]


def random_flip(x_NCHW: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror each image left to right with probability one half.

    Args:
        x_NCHW: images of any dtype.
        generator: source of the coin flips.

    Returns:
        Images of the same shape and dtype.
    """
    heads_N = torch.rand(len(x_NCHW), generator=generator, device=x_NCHW.device) < 0.5
    return torch.where(heads_N[:, None, None, None], x_NCHW.flip(-1), x_NCHW)
