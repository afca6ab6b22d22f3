"""What the settings of several experiments say of estimators, of the search for costs and of training."""

from typing import Literal

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from common.config import Config

LinkName = Literal["sigmoid", "tanh", "identity"]
EstimatorName = Literal["blackbox", "imle", "perturbed", "identity", "quadratic"]


class Differentiation(Config):
    """Which gradient estimator leads through the solver, and how strongly it smooths."""

    estimator: EstimatorName
    strength: PositiveFloat
    """Size of the smoothing: lambda of blackbox and imle, sigma of perturbed, gamma of quadratic; identity has none."""
    scaled: bool
    """Divide lambda by the root mean square of df/dx, run by run, so that `strength` is in units of the costs."""
    samples: PositiveInt
    """Noise draws per step, for imle and perturbed."""
    noise: NonNegativeFloat
    """Scale of imle's noise, in units of the costs."""


class Search(Config):
    """The descent of SurCo-zero and SurCo-hybrid on the costs of each instance (Algorithms 1 and 4)."""

    link: LinkName
    """Costs are link(u) of the free parameters u."""
    learning_rate: PositiveFloat
    betas: tuple[NonNegativeFloat, NonNegativeFloat]
    """Of Adam."""
    steps: PositiveInt
    patience: PositiveInt
    """A run stops after so many steps without a better solution."""
    warn_after: PositiveInt
    """Steps without any changed solution after which a warning says that the gradient vanishes."""


class Training(Config):
    """The training of SurCo-prior (Algorithm 2)."""

    learning_rate: PositiveFloat
    epochs: PositiveInt
    batch_size: PositiveInt
