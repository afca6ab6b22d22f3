"""What a step of each optimizer costs: memory kept per parameter, and time beside that of SGD. Of this machine."""

import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import torch
from torch.nn import functional

from common.optimizers import defaults, make
from papers.adaptive_optimizers.networks import net_2c2d

IMAGE = (1, 28, 28)
SIZES = {"channels": (8, 16), "hidden": (64,)}
"""The network measured on: 54 thousand parameters in eight tensors, as many as the workloads train."""


BATCH = 128


def step_costs(optimizers: Sequence[str], steps: int) -> dict[str, Any]:
    """Measure each optimizer on random gradients.

    Args:
        optimizers: names in `common.optimizers.OPTIMIZERS`; measured in turn, so that drift hits all alike.
        steps: timed steps of each.

    Returns:
        `optimizers`: for each, `state_bytes` per parameter and `seconds`, the median time of one update;
        `gradient_seconds`: the median time of one gradient of a batch of 128 images.
    """
    prepared = {name: _prepare(name) for name in optimizers}
    seconds: dict[str, list[float]] = {name: [] for name in optimizers}
    for _ in range(steps):
        for name, (optimizer, _) in prepared.items():
            start = time.perf_counter()
            optimizer.step()
            seconds[name].append(time.perf_counter() - start)
    costs = {
        name: {"state_bytes": _state_bytes(optimizer) / parameters, "seconds": median(seconds[name])}
        for name, (optimizer, parameters) in prepared.items()
    }
    return {"optimizers": costs, "gradient_seconds": _gradient_seconds(steps)}


def _gradient_seconds(steps: int) -> float:
    network, images, labels = net_2c2d(IMAGE, 10, **SIZES), torch.rand(BATCH, *IMAGE), torch.zeros(BATCH).long()
    seconds = []
    for _ in range(steps):
        start = time.perf_counter()
        functional.cross_entropy(network(images), labels).backward()
        seconds.append(time.perf_counter() - start)
    return median(seconds)


def _prepare(name: str) -> tuple[torch.optim.Optimizer, int]:
    torch.manual_seed(0)
    network = net_2c2d(IMAGE, 10, **SIZES)
    for parameter in network.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimizer = make(name, network.parameters(), defaults(name, "torch"))
    optimizer.step()  # the first step allocates the state
    return optimizer, sum(parameter.numel() for parameter in network.parameters())


def _state_bytes(optimizer: torch.optim.Optimizer) -> int:
    tensors = [value for state in optimizer.state.values() for value in state.values() if torch.is_tensor(value)]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
