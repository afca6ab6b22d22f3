"""A graph network that maps a graph to the couplings of an Ising sampler: one set of weights for all graphs.

Shape suffixes: N vertices, E edges, M = 2E directed edges, F features.
"""

import warnings

import torch
from torch import Tensor, nn

with warnings.catch_warnings():  # the import itself calls what torch has deprecated
    warnings.simplefilter("ignore", DeprecationWarning)
    from torch_geometric.nn import GraphConv


class CouplingNet(nn.Module):
    """Couplings `J_ij = g(h_i + h_j, |h_i - h_j|, w_ij)` from vertex states `h` after rounds of messages.

    The linear score has one weight for each edge of one graph; here the sampler `p(s; G) ~ exp(sum J_ij(G) s_i s_j)`
    is a function of the graph, as the paper's generator is a function of the instance. J depends neither on the
    numbering of the vertices nor on the direction of an edge. The last layer starts at 0: uniform sampling.
    The optimum `-c / lambda` of the linear family lies in this one: J is then a multiple of the weight.

    Args:
        width: features of a vertex.
        rounds: of messages.
        generator: of the initial weights.
    """

    def __init__(self, width: int, rounds: int, generator: torch.Generator) -> None:
        super().__init__()
        self.encode = nn.Linear(2, width)
        self.rounds = nn.ModuleList(GraphConv(width, width, aggr="mean") for _ in range(rounds))
        self.norm = nn.LayerNorm(width, elementwise_affine=False)  # keeps couplings finite where nothing restrains them
        self.head = nn.Sequential(nn.Linear(2 * width + 1, width), nn.ReLU(), nn.Linear(width, 1))
        for parameter in self.parameters():
            bound = parameter.shape[-1] ** -0.5
            parameter.data.copy_((2 * torch.rand(parameter.shape, generator=generator) - 1) * bound)
        for parameter in self.head[-1].parameters():
            nn.init.zeros_(parameter)

    def forward(self, edges_2E: Tensor, weights_E: Tensor, vertices: int) -> Tensor:
        """Return the couplings of a graph or of a disjoint union of graphs.

        Args:
            edges_2E: ends of the edges, each edge once, int64.
            weights_E: weights of the edges, float32.
            vertices: N.

        Returns:
            J, shape [E].
        """
        edges_2M = torch.cat([edges_2E, edges_2E.flip(0)], 1)
        weights_M = torch.cat([weights_E, weights_E])
        strength_N = weights_E.new_zeros(vertices).index_add_(0, edges_2M[0], weights_M.abs())
        degree_N = weights_E.new_zeros(vertices).index_add_(0, edges_2M[0], torch.ones_like(weights_M))
        states_NF = self.encode(torch.stack([strength_N, degree_N], 1).log1p())
        for messages in self.rounds:
            states_NF = states_NF + torch.relu(messages(states_NF, edges_2M, weights_M))
        states_NF = self.norm(states_NF)
        low_EF, high_EF = states_NF[edges_2E[0]], states_NF[edges_2E[1]]
        features_EF = torch.cat([low_EF + high_EF, (low_EF - high_EF).abs(), weights_E[:, None]], 1)
        return self.head(features_EF).squeeze(1)
