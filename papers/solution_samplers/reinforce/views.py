"""How one policy sees three environments: as nodes with features and a matrix between them.

Shape suffixes: B instances, N nodes, A actions, K node features.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

NODE_FEATURES = 3
"""Whether the next action is about the node; whether it is open; a third that each environment uses for its own."""

Observation = Mapping[str, Tensor]


@dataclass(frozen=True)
class View:
    """What the policy needs to know of an environment.

    Attributes:
        id: of the environment.
        size: name of its argument for the size.
        matrix: from an observation, the numbers [B, N, N] between nodes; 0 where two do not meet.
        nodes: from an observation, the features [B, N, K] of the nodes, as float32.
        sides: True: an action is a side of the current node; False: it is one of the last A nodes.
    """

    id: str
    size: str
    matrix: Callable[[Observation], Tensor]
    nodes: Callable[[Observation], Tensor]
    sides: bool


def _stacked(*features_BN: Tensor) -> Tensor:
    return torch.stack([feature_BN.float() for feature_BN in features_BN], dim=-1)


def _graph_nodes(seen: Observation) -> Tensor:
    return _stacked(seen["current"], seen["spins"] == 0, seen["spins"])


def _distances(seen: Observation) -> Tensor:
    points_BN2 = seen["points"]
    return (points_BN2[:, :, None] - points_BN2[:, None]).square().sum(dim=-1).sqrt()


def _cities(seen: Observation) -> Tensor:
    home_N = F.one_hot(torch.tensor(0), seen["current"].shape[1]).to(seen["current"])
    return _stacked(seen["current"], seen["action_mask"], home_N.expand_as(seen["current"]))


def _pairs(seen: Observation) -> Tensor:
    """Workers first, then tasks: the weights stand between the two kinds only."""
    weights_BWT = seen["weights"]
    inside = torch.zeros_like(weights_BWT)
    return torch.cat(
        [torch.cat([inside, weights_BWT], dim=2), torch.cat([weights_BWT.transpose(1, 2), inside], dim=2)], dim=1
    )


def _workers_and_tasks(seen: Observation) -> Tensor:
    current_BW = seen["current"]
    waiting_BW = 1 - current_BW.cumsum(dim=1)
    is_task = torch.cat([torch.zeros_like(current_BW), torch.ones_like(current_BW)], dim=1)
    none_BT = torch.zeros_like(current_BW)
    open_BN = torch.cat([waiting_BW, seen["action_mask"]], dim=1)
    return _stacked(torch.cat([current_BW, none_BT], dim=1), open_BN, is_task)


VIEWS = {
    "max_cut": View("reprise/MaxCut-v0", "vertices", lambda seen: seen["weights"], _graph_nodes, sides=True),
    "tsp": View("reprise/TSP-v0", "cities", _distances, _cities, sides=False),
    "matching": View("reprise/Matching-v0", "workers", _pairs, _workers_and_tasks, sides=False),
}
