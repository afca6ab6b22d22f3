"""The optimizers under study: one table, with the defaults of two conventions and a learning-rate search.

Hyperparameters carry the names of the torch constructors. The two conventions:

* ``torch``: the constructors of torch 2.13; Lion as in pytorch_optimizer 4.1.
* ``paper_era``: tf.keras of TensorFlow 1.14 to 2.2, the framework that most comparisons of 2019-20 used.

What torch cannot express of Keras: it adds the epsilon of Adam and AMSGrad before the bias correction (the
"epsilon hat" of Kingma & Ba), where its 1e-7 weighs up to 32 times more in the first steps; and that of
AdaMax to the denominator, not to |g|. All else agrees term by term, the momentum schedule of NAdam included.
"""

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from common.errors import RepriseError

Value = float | tuple[float, float]

TORCH: dict[str, dict[str, Value]] = {
    "sgd": {"lr": 1e-3},
    "momentum": {"lr": 1e-3, "momentum": 0.9},  # the constructor's 0 is plain SGD; .9 is its manual's example
    "nesterov": {"lr": 1e-3, "momentum": 0.9},  # likewise
    "adagrad": {"lr": 1e-2, "eps": 1e-10, "initial_accumulator_value": 0.0},
    "adadelta": {"lr": 1.0, "rho": 0.9, "eps": 1e-6},
    "rmsprop": {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8},
    "adam": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8},
    "amsgrad": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8},
    "adamax": {"lr": 2e-3, "betas": (0.9, 0.999), "eps": 1e-8},
    "nadam": {"lr": 2e-3, "betas": (0.9, 0.999), "eps": 1e-8, "momentum_decay": 4e-3},
    "adamw": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 1e-2},
    "radam": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8},
    "lion": {"lr": 1e-4, "betas": (0.9, 0.99)},
}

# From the API pages of tf.keras r1.15 and r2.2, where every epsilon is the backend's 1e-7.
PAPER_ERA: dict[str, dict[str, Value]] = {
    "sgd": {"lr": 1e-2},
    "momentum": {"lr": 1e-2, "momentum": 0.9},  # Keras' default is 0; .9 as in its examples
    "nesterov": {"lr": 1e-2, "momentum": 0.9},  # likewise
    "adagrad": {"lr": 1e-3, "eps": 1e-7, "initial_accumulator_value": 0.1},  # lr .01 before TF 1.14
    "adadelta": {"lr": 1e-3, "rho": 0.95, "eps": 1e-7},  # lr 1.0 before TF 1.14, and in its paper
    "rmsprop": {"lr": 1e-3, "alpha": 0.9, "eps": 1e-7},  # Keras calls alpha rho
    "adam": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-7},
    "amsgrad": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-7},
    "adamax": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-7},  # lr .002 before TF 1.14, and in its paper
    "nadam": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-7, "momentum_decay": 4e-3},  # likewise
    # tf.keras had none of the following three.
    "adamw": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-7, "weight_decay": 1e-2},  # TensorFlow Addons,
    # which leaves the decay to the user: .01 is that of torch 1.2 to 1.5, of the same years.
    "radam": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-7},  # TensorFlow Addons
    "lion": {"lr": 1e-4, "betas": (0.9, 0.99)},  # published in 2023: its authors' code
}

CONVENTIONS = {"paper_era": PAPER_ERA, "torch": TORCH}


class OptimizerError(RepriseError):
    """An unknown optimizer, convention or hyperparameter."""


@dataclass(frozen=True)
class OptimizerSpec:
    """One optimizer.

    Attributes:
        name: key in `OPTIMIZERS`.
        label: the name to print.
        citation: where the method was published.
        factory: constructor of the reference implementation.
        centre: middle of the learning-rate search: about where small networks train best.
        state_buffers: tensors of the parameters' size that it keeps between steps.
        options: constructor arguments that make the method what it is.
    """

    name: str
    label: str
    citation: str
    factory: Callable[..., torch.optim.Optimizer]
    centre: float
    state_buffers: int
    options: Mapping[str, bool] = field(default_factory=dict)

    @property
    def defaults(self) -> dict[str, dict[str, Value]]:
        """Convention -> hyperparameter -> value; no weight decay unless the table says so."""
        return {key: {"weight_decay": 0.0} | table[self.name] for key, table in CONVENTIONS.items()}


def _lion(parameters: Iterable[Tensor], **hyper: Any) -> torch.optim.Optimizer:
    from pytorch_optimizer import Lion  # noqa: PLC0415 - a second of import that the other twelve need not pay

    return Lion(parameters, **hyper)


_FUSED = {"fused": True}  # two to twelve times as fast as torch's default loop, on CPU too
_SPECS = (
    OptimizerSpec("sgd", "SGD", "Robbins & Monro 1951", torch.optim.SGD, 1e-1, 0, _FUSED),
    OptimizerSpec("momentum", "Momentum", "Polyak 1964", torch.optim.SGD, 3.16e-2, 1, _FUSED),
    OptimizerSpec("nesterov", "Nesterov", "Nesterov 1983", torch.optim.SGD, 3.16e-2, 1, {"nesterov": True, **_FUSED}),
    OptimizerSpec("adagrad", "AdaGrad", "Duchi et al. 2011", torch.optim.Adagrad, 3.16e-2, 1, _FUSED),
    OptimizerSpec("adadelta", "AdaDelta", "Zeiler 2012", torch.optim.Adadelta, 1.0, 2),
    OptimizerSpec("rmsprop", "RMSprop", "Tieleman & Hinton 2012", torch.optim.RMSprop, 3.16e-3, 1),
    OptimizerSpec("adam", "Adam", "Kingma & Ba 2015", torch.optim.Adam, 3.16e-3, 2, _FUSED),
    OptimizerSpec("amsgrad", "AMSGrad", "Reddi et al. 2018", torch.optim.Adam, 3.16e-3, 3, {"amsgrad": True, **_FUSED}),
    OptimizerSpec("adamax", "AdaMax", "Kingma & Ba 2015", torch.optim.Adamax, 3.16e-3, 2),
    OptimizerSpec("nadam", "NAdam", "Dozat 2016", torch.optim.NAdam, 3.16e-3, 2),
    OptimizerSpec("adamw", "AdamW", "Loshchilov & Hutter 2019", torch.optim.AdamW, 3.16e-3, 2, _FUSED),
    OptimizerSpec("radam", "RAdam", "Liu et al. 2020", torch.optim.RAdam, 3.16e-3, 2),
    OptimizerSpec("lion", "Lion", "Chen et al. 2023", _lion, 1e-3, 1),
)
OPTIMIZERS: dict[str, OptimizerSpec] = {spec.name: spec for spec in _SPECS}


def make(name: str, parameters: Iterable[Any], hyper: Mapping[str, Value]) -> torch.optim.Optimizer:
    """Build the reference optimizer, fused where torch can; `OptimizerError` for an unknown name.

    Args:
        name: key of `OPTIMIZERS`.
        parameters: tensors or parameter groups, as torch takes them.
        hyper: hyperparameters; those left out have the defaults of torch.
    """
    return find(name).factory(parameters, **complete(name, hyper), **find(name).options)


def find(name: str) -> OptimizerSpec:
    """Look `name` up in `OPTIMIZERS`; `OptimizerError` with the near match if it is not there."""
    return _find("optimizer", name, OPTIMIZERS)


def defaults(name: str, convention: str) -> dict[str, Value]:
    """All hyperparameters of optimizer `name` under `convention`; `OptimizerError` if either is unknown."""
    return _find("convention", convention, find(name).defaults)


def complete(name: str, hyper: Mapping[str, Any]) -> dict[str, Any]:
    """Check the keys of `hyper` and fill in torch's defaults; `OptimizerError` for an unknown key."""
    complete_hyper: dict[str, Any] = defaults(name, "torch")
    for key in hyper:
        _find(f"hyperparameter of {name}", key, complete_hyper)
    return complete_hyper | {key: tuple(v) if key == "betas" else v for key, v in hyper.items()}


def learning_rate_grid(name: str, points: int = 7) -> list[float]:
    """Learning rates half a decade apart around the search centre of `name`: ..., 1e-3, 3.16e-3, 1e-2, ..."""
    centre = round(2 * math.log10(find(name).centre))
    return [float(f"{10 ** ((centre + i - points // 2) / 2):.2e}") for i in range(points)]


def _find(kind: str, key: str, table: Mapping[str, Any]) -> Any:
    if key in table:
        return table[key]
    near = difflib.get_close_matches(key, table, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    raise OptimizerError(f"no {kind} '{key}'{hint} (known: {', '.join(table)})")
