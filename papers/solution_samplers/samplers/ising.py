"""Ising densities `exp(sum_e J_e s_i s_j + sum_i h_i s_i)` over spins s of +-1, for many chains at once.

A batch of graphs is their disjoint union. Spins lie chain-minor: what one vertex needs of a neighbour is one
contiguous row, so that every update runs over the chains without gaps.

Shape suffixes: C chains, N vertices, E edges, M = 2E ends of edges, K some of the vertices, P connected parts.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from papers.solution_samplers.samplers.errors import SamplerError, check_finite, check_positive


class Neighbourhood(NamedTuple):
    """Some vertices with all their neighbours.

    Attributes:
        vertices: [K].
        starts: [K + 1], where the neighbours of each vertex start.
        neighbours: those of the first vertex, then those of the second, ...
        edges: the edge to each neighbour.
    """

    vertices: Tensor
    starts: Tensor
    neighbours: Tensor
    edges: Tensor


class Ising:
    """The graph and the fields of an Ising density; couplings are given anew with each call.

    Faults in what is given end in a `SamplerError`.

    Args:
        edges_2E: ends of the edges, int64.
        vertices: N.
        fields_N: h, or None for no fields.
        device: where the tensors lie.

    Attributes:
        edges_2E: as given, on the device.
        fields_N: float32, zeros where there are none.
        everything: all vertices with their neighbours.
        parts: P, the number of connected parts of the graph; their spins are independent of each other.
        part_N: the part of each vertex.
    """

    def __init__(self, edges_2E: Tensor, vertices: int, fields_N: Tensor | None, device: torch.device) -> None:
        check_positive("Ising", vertices=vertices)
        self.edges_2E = _checked(edges_2E, vertices).to(device)
        self.fields_N = torch.zeros(vertices, device=device)
        if fields_N is not None:
            check_finite("Ising", "fields", fields_N, (vertices,))
            self.fields_N.copy_(fields_N)
        own_M, other_M = torch.cat([self.edges_2E, self.edges_2E.flip(0)], 1)
        order_M = own_M.argsort(stable=True)
        starts_N1 = torch.cat([own_M.new_zeros(1), own_M.bincount(minlength=vertices).cumsum(0)])
        edges_M = order_M % max(self.edges_2E.shape[1], 1)
        self.everything = Neighbourhood(torch.arange(vertices, device=device), starts_N1, other_M[order_M], edges_M)
        ends_2E = self.edges_2E.cpu().numpy()
        graph = sparse.coo_array((np.ones(ends_2E.shape[1]), tuple(ends_2E)), shape=(vertices, vertices))
        self.parts, part_N = sparse.csgraph.connected_components(graph, directed=False)
        self.part_N = torch.from_numpy(part_N).long().to(device)

    def couplings(self, couplings_E: Tensor) -> Tensor:
        """Check couplings and bring them to the device as float32."""
        check_finite("Ising", "couplings", couplings_E, (self.edges_2E.shape[1],))
        return couplings_E.detach().to(self.edges_2E.device, torch.float32)

    def local_fields(self, spins_NC: Tensor, couplings_E: Tensor, where: Neighbourhood) -> Tensor:
        """Return `sum_j J_ij s_j + h_i` at some vertices i, shape [K, C]."""
        sums_KC = torch.nn.functional.embedding_bag(
            where.neighbours, spins_NC, where.starts[:-1], mode="sum", per_sample_weights=couplings_E[where.edges]
        )
        return sums_KC.add_(self.fields_N[where.vertices, None])

    def log_density(self, spins_NC: Tensor, couplings_E: Tensor) -> Tensor:
        """Return the log density of each part in each chain, up to a constant, shape [P, C]."""
        fields_NC = self.local_fields(spins_NC, couplings_E, self.everything).add_(self.fields_N[:, None])
        densities_PC = fields_NC.new_zeros(self.parts, fields_NC.shape[1])
        return densities_PC.index_add_(0, self.part_N, fields_NC.mul_(spins_NC), alpha=0.5)

    @cached_property
    def colours(self) -> list[Neighbourhood]:
        """The vertices of each colour: no edge joins two of one colour, so that they may be updated at once.

        The colouring is greedy, vertices of high degree first.
        """
        _, starts_N1, neighbours_M, edges_M = self.everything
        starts, neighbours = starts_N1.cpu().numpy(), neighbours_M.cpu().numpy()
        colour_N = np.full(len(starts) - 1, -1)
        for vertex in np.argsort(-np.diff(starts), kind="stable"):
            taken = set(colour_N[neighbours[starts[vertex] : starts[vertex + 1]]].tolist())
            colour_N[vertex] = next(colour for colour in range(len(colour_N)) if colour not in taken)
        colour_N = torch.from_numpy(colour_N).to(starts_N1.device)
        colour_M = colour_N.repeat_interleave(starts_N1.diff())
        colours = []
        for colour in range(int(colour_N.max()) + 1):
            vertices_K, mine_M = (colour_N == colour).nonzero().squeeze(1), colour_M == colour
            starts_K1 = torch.cat([starts_N1[:1], starts_N1.diff()[vertices_K].cumsum(0)])
            colours.append(Neighbourhood(vertices_K, starts_K1, neighbours_M[mine_M], edges_M[mine_M]))
        return colours


def random_spins(*shape: int, generator: torch.Generator) -> Tensor:
    """Draw independent fair spins, float32 on the generator's device."""
    return torch.randint(2, shape, generator=generator, device=generator.device).mul_(2).sub_(1).float()


def _checked(edges_2E: Tensor, vertices: int) -> Tensor:
    if edges_2E.ndim != 2 or len(edges_2E) != 2 or edges_2E.is_floating_point():
        given = f"{edges_2E.dtype} of shape {list(edges_2E.shape)}"
        raise SamplerError(f"Ising: edges must be integers of shape [2, E] (got {given})")
    low_E, high_E = edges_2E
    wrong_E = (low_E == high_E) | (edges_2E < 0).any(0) | (edges_2E >= vertices).any(0)
    if wrong_E.any():
        edge = int(wrong_E.nonzero()[0])
        raise SamplerError(f"Ising: edge {edge} {edges_2E[:, edge].tolist()} joins no two of {vertices} vertices")
    return edges_2E.long()
