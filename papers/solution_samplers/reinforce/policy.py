"""A small graph network that scores the actions of all three environments.

Shape suffixes: B instances, N nodes, A actions, P kernels, H hidden features.
"""

import torch
from torch import Tensor, nn

from papers.solution_samplers.reinforce.views import NODE_FEATURES, Observation, View

KERNELS = 2
"""Learned functions of a matrix entry by which a node weighs what others tell it."""
FORBIDDEN = -1e9
"""Logit of an action that is not allowed: its probability is 0 at every temperature, and all derivatives are finite."""


class Policy(nn.Module):
    """Rounds of messages between the nodes of an instance, then one score per action.

    `h_i <- relu(A h_i + sum_j sum_p k_p(m_ij) V_p h_j)`, with k_p a small network of the matrix entry m_ij.

    Args:
        view: how to see the environment.
        width: H.
        rounds: of messages.
    """

    def __init__(self, view: View, width: int, rounds: int) -> None:
        super().__init__()
        self.view = view
        self.kernel = nn.Sequential(nn.Linear(1, 4 * KERNELS), nn.Tanh(), nn.Linear(4 * KERNELS, KERNELS))
        self.embed = nn.Linear(NODE_FEATURES, width)
        self.own = nn.ModuleList(nn.Linear(width, width) for _ in range(rounds))
        self.told = nn.ModuleList(nn.Linear(width, KERNELS * width, bias=False) for _ in range(rounds))
        inputs, outputs = (width, 2) if view.sides else (2 * width + 1, 1)
        self.score = nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, outputs))

    def kernels(self, matrix_BNN: Tensor) -> Tensor:
        """Weights of the messages, [B, N, N * P]: constant during an episode, so computed once in it."""
        apart_BNN1 = (matrix_BNN != 0)[..., None]
        kernels_BNNP = self.kernel(matrix_BNN[..., None]) * apart_BNN1
        return kernels_BNNP.flatten(start_dim=2) / matrix_BNN.shape[1] ** 0.5

    def forward(self, seen: Observation, matrix_BNN: Tensor, kernels: Tensor) -> Tensor:
        """Score the actions.

        Args:
            seen: the observations.
            matrix_BNN: of the view.
            kernels: of `kernels`.

        Returns:
            Logits [B, A], `FORBIDDEN` where an action is not allowed.
        """
        h_BNH = self.embed(self.view.nodes(seen)).relu()
        for own, told in zip(self.own, self.told, strict=True):
            values_BXH = told(h_BNH).unflatten(-1, (KERNELS, -1)).flatten(1, 2)
            h_BNH = (own(h_BNH) + kernels @ values_BXH).relu()
        actions = seen["action_mask"].shape[1]
        every_B, node_B = torch.arange(len(h_BNH), device=h_BNH.device), seen["current"].argmax(dim=1)
        current_BH = h_BNH[every_B, node_B]
        if self.view.sides:
            return self.score(current_BH)
        choices_BAH = h_BNH[:, -actions:]
        to_BA1 = matrix_BNN[every_B, node_B, -actions:, None]
        pairs_BAX = torch.cat([current_BH[:, None].expand_as(choices_BAH), choices_BAH, to_BA1], dim=-1)
        return self.score(pairs_BAX)[..., 0].masked_fill(seen["action_mask"] == 0, FORBIDDEN)
