"""Direct prediction of solutions, the baseline of the paper's appendix (Tables 4 and 5).

A network is trained on good placements of the training instances. What it predicts is rounded at one half, or placed
table by table where it is likeliest and still fits ("iterative").

Shape suffixes: B instances, T tables, D devices, N = T D.
"""

import torch
from torch import Tensor

from papers.surco.sharding.networks import ReleasedPrior
from papers.surco.sharding.placement import one_hot
from papers.surco.sharding.settings import Prediction
from papers.surco.sharding.tasks import Tasks

HEADS = ("sigmoid", "softmax")


def canonical(x_BN: Tensor, tasks: Tasks) -> Tensor:
    """Rename devices in the order of the first tables they hold, since equal devices make labels ambiguous: [B, N]."""
    home_BT = x_BN.reshape(len(tasks), tasks.tables, -1).argmax(2)
    first_BDT = home_BT[:, None] == torch.arange(tasks.devices)[:, None]
    position_BDT = torch.where(first_BDT, torch.arange(tasks.tables), tasks.tables)
    rank_BD = position_BDT.amin(2).argsort(dim=1, stable=True).argsort(1)
    return one_hot(rank_BD.gather(1, home_BT), tasks.devices)


def train(head: str, tasks: Tasks, labels_BN: Tensor, settings: Prediction, seed: int) -> ReleasedPrior:
    """Train a network on placements, by cross entropy of each variable (sigmoid) or of each table (softmax)."""
    network = ReleasedPrior(settings.hidden, tasks.devices, seed)
    optimizer = torch.optim.Adam(network.parameters(), settings.learning_rate)
    labels_BTD = labels_BN.reshape(len(tasks), tasks.tables, -1)
    for _ in range(settings.steps):
        scores_BTD = network(tasks).reshape(labels_BTD.shape)
        if head == "sigmoid":
            loss = torch.nn.functional.binary_cross_entropy_with_logits(scores_BTD, labels_BTD)
        else:
            loss = -(labels_BTD * scores_BTD.log_softmax(2)).sum(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network


def predict(head: str, network: ReleasedPrior, tasks: Tasks) -> Tensor:
    """Predicted x in [0, 1], rows of tables summing to one under softmax: [B, N]."""
    with torch.no_grad():
        scores_BTD = network(tasks).reshape(len(tasks), tasks.tables, -1)
    return (scores_BTD.sigmoid() if head == "sigmoid" else scores_BTD.softmax(2)).flatten(1)


def is_placement(x_BN: Tensor, tasks: Tasks) -> Tensor:
    """Whether every table is on exactly one device and no device holds too much: [B]."""
    once_B = (x_BN.reshape(len(tasks), tasks.tables, -1).sum(2) == 1).all(1)
    return once_B & tasks.fits(x_BN)


def iterative(predicted_BN: Tensor, tasks: Tasks) -> tuple[Tensor, Tensor]:
    """Place tables, largest first, on the likeliest device with room: [B, N], and whether all tables found room [B]."""
    chances_BTD = predicted_BN.reshape(len(tasks), tasks.tables, -1)
    rows_B = torch.arange(len(tasks))
    room_BD = tasks.capacity_B[:, None].repeat(1, tasks.devices)
    devices_BT = torch.zeros(tasks.sizes_BT.shape, dtype=torch.long)
    for table_B in tasks.sizes_BT.argsort(dim=1, descending=True, stable=True).T:
        size_B = tasks.sizes_BT[rows_B, table_B]
        chance_BD = torch.where(size_B[:, None] <= room_BD, chances_BTD[rows_B, table_B], -1.0)
        device_B = chance_BD.argmax(1)
        devices_BT[rows_B, table_B] = device_B
        room_BD[rows_B, device_B] -= size_B
    return one_hot(devices_BT, tasks.devices), (room_BD >= 0).all(1)
