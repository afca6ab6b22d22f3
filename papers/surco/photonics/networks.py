"""SurCo-prior's network (Sec. 5.2), and the same network trained to predict designs instead of costs (appendix).

Shape suffixes: B instances, C channels, X and Y pixels, N pixels of the design.
"""

import functools
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from papers.surco.choices import Training
from papers.surco.photonics.brush import CROSS
from papers.surco.photonics.devices import Instance
from papers.surco.photonics.settings import Network

MARGIN = 8
"""Pixels around the design that the network sees: the ends of the waveguides."""


class DesignNetwork(nn.Module):
    """Three convolutions with ReLU, and the brush as a fourth; predicts u, and costs tanh(u).

    Args:
        settings: width and reach of the convolutions.
        seed: of the initial weights.
        rms: root mean square of u, whose mean is then zero; None leaves u as the convolutions give it, as in the paper.
    """

    def __init__(self, settings: Network, seed: int, rms: float | None = None) -> None:
        super().__init__()
        self.rms = rms
        widths = [len(image(Instance("bend", (400, 720)))), settings.channels, settings.channels, 1]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.layers = nn.ModuleList(
                nn.Conv2d(before, after, settings.kernel, padding=dilation * (settings.kernel // 2), dilation=dilation)
                for before, after, dilation in zip(widths, widths[1:], settings.dilations, strict=False)
            )
        self.register_buffer("brush", torch.from_numpy((CROSS / CROSS.sum()).astype(np.float32))[None, None])

    def forward(self, instances: Sequence[Instance]) -> Tensor:
        """Return u [B, N]; the instances are of one device."""
        images = np.stack([image(instance) for instance in instances]).astype(np.float32)  # seven times as fast
        hidden_BCXY = torch.from_numpy(images)
        for layer in self.layers[:-1]:
            hidden_BCXY = F.relu(layer(hidden_BCXY))
        painted_BCXY = F.conv2d(self.layers[-1](hidden_BCXY), self.brush, padding=1)
        u_BN = painted_BCXY[:, 0, MARGIN:-MARGIN, MARGIN:-MARGIN].flatten(1).double()
        if self.rms is None:
            return u_BN
        # What all pixels share is the easiest to learn, and drives every design to all solid or all void.
        u_BN = u_BN - u_BN.mean(1, keepdim=True)
        return self.rms * u_BN / u_BN.square().mean(1, keepdim=True).sqrt().clamp(min=1e-12)


@functools.cache
def image(instance: Instance) -> np.ndarray:
    """Draw an instance: what is fixed solid, what is the design's, and where one is (x and y in [-1, 1]): [4, X, Y]."""
    model = instance.model()
    x0, y0, x1, y1 = model.design_region_coords
    window = np.s_[x0 - MARGIN : x1 + MARGIN, y0 - MARGIN : y1 + MARGIN]
    design = model.design_region[window].astype(float)
    fixed = np.where(design > 0, 0.0, model.density_bg[window])
    places = np.meshgrid(*(np.linspace(-1, 1, size) for size in design.shape), indexing="ij")
    return np.stack([fixed, design, *places])


def train_direct(
    network: DesignNetwork, instances: Sequence[Instance], designs_BN: Tensor, training: Training, seed: int
) -> list[float]:
    """Train the network to predict designs, pixel by pixel: sigmoid(u) is the chance of solid.

    Returns:
        Mean cross entropy of each epoch.
    """
    optimizer = torch.optim.Adam(network.parameters(), training.learning_rate)
    order = torch.Generator().manual_seed(seed)
    losses = []
    for _ in range(training.epochs):
        total = 0.0
        for batch_B in torch.randperm(len(instances), generator=order).split(training.batch_size):
            u_BN = network([instances[row] for row in batch_B.tolist()])
            loss = F.binary_cross_entropy_with_logits(u_BN, designs_BN[batch_B])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(batch_B)
        losses.append(total / len(instances))
    return losses
