"""The optimizers as `common.optimizers` makes them (fused), against torch's default (a loop over tensors)."""

from functools import partial

import torch
from torch import nn

from benchmarks.case import Case
from common.optimizers import find, make

STEPS = 50


def cases() -> list[Case]:
    """Adam on a MNIST-sized CNN and on 400 tiny tensors."""
    return [
        _case("the MNIST CNN (57k parameters)", _cnn_parameters()),
        _case("400 tiny tensors", [nn.Parameter(torch.randn(16)) for _ in range(400)]),
    ]


def _case(where: str, parameters: list[nn.Parameter]) -> Case:
    for parameter in parameters:
        parameter.grad = torch.randn_like(parameter)
    return Case(
        paper="common",
        name=f"Adam step, {where}: fused / default",
        ours=partial(_steps, make("adam", parameters, {})),
        peer=partial(_steps, find("adam").factory(parameters)),
        target=2.0,
        unit=f"{STEPS} steps",
    )


def _cnn_parameters() -> list[nn.Parameter]:
    layers = nn.ModuleList([nn.Conv2d(1, 8, 5), nn.Conv2d(8, 16, 5), nn.Linear(784, 64), nn.Linear(64, 10)])
    return list(layers.parameters())


def _steps(optimizer: torch.optim.Optimizer) -> None:
    for _ in range(STEPS):
        optimizer.step()
