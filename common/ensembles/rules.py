"""The update rules of `common.optimizers` on stacked runs: the arithmetic of torch.optim, row by row.

A rule updates theta_RP and its state in place and uses up the gradient. Hyperparameters are numbers, or columns
[R, 1] with one value per run (`betas` excepted, which all runs share). Weight decay is torch's: a part of the
gradient, but decoupled in AdamW and Lion. t counts steps from 1.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

Hyper = Mapping[str, Any]
State = dict[str, Tensor]


@dataclass(frozen=True)
class Rule:
    """One optimizer for stacked runs.

    Attributes:
        init: (theta_RP, hyper) -> state, tensors with R rows.
        step: (theta_RP, grad_RP, state, hyper, t) -> None, in place; the gradient is overwritten.
    """

    init: Callable[[Tensor, Hyper], State]
    step: Callable[[Tensor, Tensor, State, Hyper, int], None]


def _zeros(*names: str) -> Callable[[Tensor, Hyper], State]:
    return lambda theta_RP, _: {name: torch.zeros_like(theta_RP) for name in names}


def _add(out_RP: Tensor, x_RP: Tensor, scale: float | Tensor) -> None:
    """Add scale * x to out."""
    if isinstance(scale, Tensor):
        out_RP.addcmul_(x_RP, scale)
    elif scale != 0:
        out_RP.add_(x_RP, alpha=scale)


def _average_square(out_RP: Tensor, x_RP: Tensor, decay: float | Tensor) -> None:
    """Move the running average of x^2 on by one step."""
    out_RP.lerp_(x_RP.square(), 1 - decay)


def _sgd(theta_RP: Tensor, grad_RP: Tensor, state: State, hyper: Hyper, t: int, nesterov: bool = False) -> None:
    _add(grad_RP, theta_RP, hyper["weight_decay"])
    if state:
        velocity_RP = state["velocity"]  # torch's first velocity, the gradient, is ours from 0
        velocity_RP.mul_(hyper["momentum"]).add_(grad_RP)
        if nesterov:
            _add(grad_RP, velocity_RP, hyper["momentum"])
        else:
            grad_RP = velocity_RP
    _add(theta_RP, grad_RP, -hyper["lr"])


def _adagrad_init(theta_RP: Tensor, hyper: Hyper) -> State:
    return {"sum": torch.zeros_like(theta_RP) + hyper["initial_accumulator_value"]}


def _adagrad(theta_RP: Tensor, grad_RP: Tensor, state: State, hyper: Hyper, t: int) -> None:
    _add(grad_RP, theta_RP, hyper["weight_decay"])
    state["sum"].addcmul_(grad_RP, grad_RP)
    grad_RP.div_(state["sum"].sqrt().add_(hyper["eps"]))
    _add(theta_RP, grad_RP, -hyper["lr"])


def _adadelta(theta_RP: Tensor, grad_RP: Tensor, state: State, hyper: Hyper, t: int) -> None:
    _add(grad_RP, theta_RP, hyper["weight_decay"])
    _average_square(state["square"], grad_RP, hyper["rho"])
    step_RP = grad_RP.mul_((state["delta"] + hyper["eps"]).sqrt_()).div_((state["square"] + hyper["eps"]).sqrt_())
    _average_square(state["delta"], step_RP, hyper["rho"])
    _add(theta_RP, step_RP, -hyper["lr"])


def _rmsprop(theta_RP: Tensor, grad_RP: Tensor, state: State, hyper: Hyper, t: int) -> None:
    _add(grad_RP, theta_RP, hyper["weight_decay"])
    _average_square(state["square"], grad_RP, hyper["alpha"])
    grad_RP.div_(state["square"].sqrt().add_(hyper["eps"]))
    _add(theta_RP, grad_RP, -hyper["lr"])


def _moments(grad_RP: Tensor, state: State, hyper: Hyper) -> None:
    """Move both of Adam's moments on by one step."""
    beta1, beta2 = hyper["betas"]
    state["mean"].lerp_(grad_RP, 1 - beta1)
    state["square"].mul_(beta2).addcmul_(grad_RP, grad_RP, value=1 - beta2)


def _adam(theta_RP: Tensor, grad_RP: Tensor, state: State, hyper: Hyper, t: int, decoupled: bool = False) -> None:
    if decoupled:
        theta_RP.mul_(1 - hyper["lr"] * hyper["weight_decay"])
    else:
        _add(grad_RP, theta_RP, hyper["weight_decay"])
    _moments(grad_RP, state, hyper)
    square_RP = state["square"]
    if "largest" in state:  # AMSGrad as in torch and Keras: the maximum comes before the bias correction
        square_RP = torch.maximum(state["largest"], square_RP, out=state["largest"])
    correction1, correction2 = (1 - beta**t for beta in hyper["betas"])
    # lr m/c1 / (sqrt(v/c2) + eps), with sqrt(c2) moved out of the large tensors
    torch.sqrt(square_RP, out=grad_RP).add_(hyper["eps"] * math.sqrt(correction2))
    torch.div(state["mean"], grad_RP, out=grad_RP)
    _add(theta_RP, grad_RP, hyper["lr"] * (-math.sqrt(correction2) / correction1))


def _adamax(theta_RP: Tensor, grad_RP: Tensor, state: State, hyper: Hyper, t: int) -> None:
    _add(grad_RP, theta_RP, hyper["weight_decay"])
    beta1, beta2 = hyper["betas"]
    state["mean"].lerp_(grad_RP, 1 - beta1)
    norm_RP = state["norm"].mul_(beta2)
    torch.maximum(norm_RP, grad_RP.abs_().add_(hyper["eps"]), out=norm_RP)
    torch.div(state["mean"], norm_RP, out=grad_RP)
    _add(theta_RP, grad_RP, hyper["lr"] * (-1 / (1 - beta1**t)))


def _nadam_init(theta_RP: Tensor, hyper: Hyper) -> State:
    return _zeros("mean", "square")(theta_RP, hyper) | {"mu_product": torch.ones_like(theta_RP[:, :1])}


def _nadam(theta_RP: Tensor, grad_RP: Tensor, state: State, hyper: Hyper, t: int) -> None:
    _add(grad_RP, theta_RP, hyper["weight_decay"])
    _moments(grad_RP, state, hyper)
    beta1, beta2 = hyper["betas"]
    mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (s * hyper["momentum_decay"])) for s in (t, t + 1))
    product_R1 = state["mu_product"].mul_(mu)
    denominator_RP = (state["square"] / (1 - beta2**t)).sqrt_().add_(hyper["eps"])
    grad_RP.mul_((1 - mu) / (1 - product_R1)).addcmul_(state["mean"], mu_next / (1 - product_R1 * mu_next))
    _add(theta_RP, grad_RP.div_(denominator_RP), -hyper["lr"])


def _radam(theta_RP: Tensor, grad_RP: Tensor, state: State, hyper: Hyper, t: int) -> None:
    _add(grad_RP, theta_RP, hyper["weight_decay"])
    _moments(grad_RP, state, hyper)
    beta1, beta2 = hyper["betas"]
    correction2 = 1 - beta2**t
    rho_inf = 2 / (1 - beta2) - 1
    rho = rho_inf - 2 * t * beta2**t / correction2
    step = hyper["lr"] * (-1 / (1 - beta1**t))
    if rho <= 5:  # the variance of 1/sqrt(v) is not yet finite: a step of plain momentum
        _add(theta_RP, state["mean"], step)
        return
    rectification = math.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
    torch.sqrt(state["square"], out=grad_RP).add_(hyper["eps"])
    torch.div(state["mean"], grad_RP, out=grad_RP)
    _add(theta_RP, grad_RP, step * (rectification * math.sqrt(correction2)))


def _lion(theta_RP: Tensor, grad_RP: Tensor, state: State, hyper: Hyper, t: int) -> None:
    theta_RP.mul_(1 - hyper["lr"] * hyper["weight_decay"])
    beta1, beta2 = hyper["betas"]
    sign_RP = state["mean"].lerp(grad_RP, 1 - beta1).sign_()
    state["mean"].lerp_(grad_RP, 1 - beta2)
    _add(theta_RP, sign_RP, -hyper["lr"])


RULES: dict[str, Rule] = {
    "sgd": Rule(_zeros(), _sgd),
    "momentum": Rule(_zeros("velocity"), _sgd),
    "nesterov": Rule(_zeros("velocity"), partial(_sgd, nesterov=True)),
    "adagrad": Rule(_adagrad_init, _adagrad),
    "adadelta": Rule(_zeros("square", "delta"), _adadelta),
    "rmsprop": Rule(_zeros("square"), _rmsprop),
    "adam": Rule(_zeros("mean", "square"), _adam),
    "amsgrad": Rule(_zeros("mean", "square", "largest"), _adam),
    "adamax": Rule(_zeros("mean", "norm"), _adamax),
    "nadam": Rule(_nadam_init, _nadam),
    "adamw": Rule(_zeros("mean", "square"), partial(_adam, decoupled=True)),
    "radam": Rule(_zeros("mean", "square"), _radam),
    "lion": Rule(_zeros("mean"), _lion),
}
"""Name in `common.optimizers.OPTIMIZERS` -> rule."""
