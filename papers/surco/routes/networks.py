"""SurCo-prior's network for routes: the costs of an edge from what is known of it, the same function for all edges.

Shape suffixes: B instances, E edges, F features.
"""

import torch
from torch import Tensor, nn

from papers.surco.routes.instances import Routes


class EdgeNetwork(nn.Module):
    """A perceptron with two hidden layers on each edge: its mean, variance and deviation, and the deadline's tightness.

    It fits grids of any size, and predicts u with costs sigmoid(u).

    Args:
        hidden: units of both hidden layers.
        seed: of the initial weights.
    """

    def __init__(self, hidden: int, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.layers = nn.Sequential(
                nn.Linear(4, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1)
            ).double()

    def forward(self, routes: Routes) -> Tensor:
        """Return u [B, E]."""
        return self.layers(features(routes)).squeeze(-1)


def features(routes: Routes) -> Tensor:
    """Mean and variance of each edge over their averages, their deviation likewise, and T over the mean time of a row.

    Returns:
        [B, E, 4].
    """
    mean_BE = routes.means_BE / routes.means_BE.mean(1, keepdim=True)
    variance_BE = routes.variances_BE / routes.variances_BE.mean(1, keepdim=True)
    edges_of_a_path = 2 * (routes.graph.vertices**0.5 - 1)
    tightness_B1 = (routes.deadlines_B / routes.means_BE.mean(1) / edges_of_a_path)[:, None]
    return torch.stack([mean_BE, variance_BE, variance_BE.sqrt(), tightness_B1.expand_as(mean_BE)], -1)
