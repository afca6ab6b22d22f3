"""Several graphs as one disjoint union, and the scores and cuts of chains over it, graph by graph.

The features of Max-Cut are the products `s_i s_j` of the edges. For 64 chains on G1 they would fill 5 MB and take
twenty times as long to write as a Gibbs sweep takes, so compiled loops form them on the way.

Shape suffixes: B graphs, C chains, N vertices, E edges, each over the whole union.
"""

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.graphs import Graph, union


class Batch:
    """Graphs side by side. Chains run over the union; costs, scores and gradients stay apart.

    Args:
        graphs: B of them, of any sizes.

    Attributes:
        edges_2E: ends of the union's edges, int64.
        weights_E: their weights, float32.
        vertices: N.
        vertex_counts: of each graph.
    """

    def __init__(self, graphs: Sequence[Graph]) -> None:
        whole, _ = union(graphs)
        self.edges_2E = torch.from_numpy(whole.edges_2E)
        self.weights_E = torch.from_numpy(whole.weights_E).float()
        self.vertices = whole.vertices
        self.vertex_counts = [graph.vertices for graph in graphs]
        edge_counts = [graph.edges_2E.shape[1] for graph in graphs]
        self.graph_E = torch.arange(len(graphs)).repeat_interleave(torch.tensor(edge_counts))
        """The graph that each edge belongs to."""
        self._total_B1 = torch.stack([weights.sum() for weights in self.weights_E.split(edge_counts)])[:, None]

    def scores(self, spins_CN: Tensor, couplings_E: Tensor) -> Tensor:
        """Return `sum_e J_e s_i s_j` over the edges of each graph, shape [B, C]; autograd reaches the couplings."""
        return _Scores.apply(couplings_E, spins_CN.T.contiguous(), self)

    def cuts(self, spins_CN: Tensor) -> Tensor:
        """Return the cut of each chain in each graph, shape [B, C]."""
        return (self._total_B1 - self.scores(spins_CN, self.weights_E)) / 2


class _Scores(torch.autograd.Function):
    """Scores that are linear in the couplings: the gradient is a weighted sum of products `s_i s_j` over chains."""

    @staticmethod
    def forward(ctx: Any, couplings_E: Tensor, spins_NC: Tensor, batch: Batch) -> Tensor:
        ctx.batch, ctx.spins_NC = batch, spins_NC.clone()  # the chains move on before the gradient is asked for
        scores_BC = torch.zeros(len(batch.vertex_counts), spins_NC.shape[1])
        _sum_products(
            spins_NC.numpy(),
            batch.edges_2E.numpy(),
            batch.graph_E.numpy(),
            couplings_E.detach().float().numpy(),
            scores_BC.numpy(),
        )
        return scores_BC

    @staticmethod
    def backward(ctx: Any, outer_BC: Tensor) -> tuple[Tensor, None, None]:
        batch = ctx.batch
        gradient_E = torch.empty(len(batch.graph_E))
        _weigh_products(
            ctx.spins_NC.numpy(),
            batch.edges_2E.numpy(),
            batch.graph_E.numpy(),
            outer_BC.contiguous().numpy(),
            gradient_E.numpy(),
        )
        return gradient_E, None, None


@numba.njit(cache=True, fastmath=True)
def _sum_products(spins_NC, edges_2E, graph_E, couplings_E, scores_BC):
    """Add each edge's `J s_i s_j` to the scores of its graph."""
    for edge in range(len(graph_E)):
        coupling = couplings_E[edge]
        low_C, high_C = spins_NC[edges_2E[0, edge]], spins_NC[edges_2E[1, edge]]
        scores_C = scores_BC[graph_E[edge]]
        for chain in range(len(scores_C)):
            scores_C[chain] += coupling * low_C[chain] * high_C[chain]


@numba.njit(cache=True, fastmath=True)
def _weigh_products(spins_NC, edges_2E, graph_E, outer_BC, gradient_E):
    """Write each edge's sum over chains of `s_i s_j`, weighted as its graph says."""
    for edge in range(len(graph_E)):
        low_C, high_C = spins_NC[edges_2E[0, edge]], spins_NC[edges_2E[1, edge]]
        outer_C = outer_BC[graph_E[edge]]
        total = np.float32(0)
        for chain in range(len(outer_C)):
            total += outer_C[chain] * low_C[chain] * high_C[chain]
        gradient_E[edge] = total
