"""What the section `large_graphs` of params.yaml may hold."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from common.choices import Seeds, Sizes
from common.config import Config
from papers.solution_samplers.choices import ObjectiveName

Rates = Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]


class Arm(Config):
    """A score model with the sampler that draws from it."""

    model: Literal["linear", "graph", "net"]
    """linear: one weight for each edge. graph: a graph network that gives the couplings of all graphs. net: the
    paper's bias-free ReLU net, one for each graph."""
    sampler: Literal["gibbs", "tempering", "mala"]
    """Persistent chains of single-spin Gibbs updates, of parallel tempering, or of Langevin steps over R^n."""
    chains: Annotated[int, Field(ge=2)]
    """Of the fast part, for each graph."""
    slow_chains: Annotated[int, Field(ge=2)]
    """Of the slow part of the mixture, for each graph."""
    sweeps: PositiveInt
    """Of every chain between two updates; for mala its steps."""
    entropy_weight: PositiveFloat
    """lambda at the first iteration, for costs in units of one cut edge."""
    learning_rates: dict[ObjectiveName, Rates]
    """Of Adam; where there are several, the best one on the tuning graphs is taken."""

    @model_validator(mode="after")
    def _sampler_fits_model(self) -> "Arm":
        known = {"linear": ("gibbs", "tempering"), "graph": ("gibbs", "tempering"), "net": ("gibbs", "mala")}
        if self.sampler not in known[self.model]:
            raise ValueError(f"sampler: a {self.model} model has {' or '.join(known[self.model])} (got {self.sampler})")
        return self


class Models(Config):
    """Sizes of the score models, and how they start."""

    deviation: NonNegativeFloat
    """Standard deviation of the normal initial weights of the linear model."""
    hidden: Sizes
    """Units of the net's hidden layers."""
    width: PositiveInt
    """Features of a vertex in the graph network."""
    rounds: PositiveInt
    """Rounds of messages in the graph network."""
    mala_step: PositiveFloat
    """tau of the Langevin steps."""
    ladder: Annotated[tuple[NonNegativeFloat, ...], Field(min_length=2)]
    """Inverse temperatures of parallel tempering, relative to the model's; the last one is 1."""


class Lines(Config):
    """Work of the classical methods on one graph."""

    exchange_starts: PositiveInt
    """Random cuts that one-exchange climbs from."""
    tabu_moves: PositiveInt
    tabu_starts: PositiveInt
    hyperplanes: PositiveInt
    """Roundings of the semidefinite relaxation."""
    mean_field_steps: PositiveInt
    mean_field_samples: PositiveInt
    mean_field_rate: PositiveFloat
    mean_field_restart: PositiveInt
    """Gradient steps after which the mean-field policy starts afresh."""


class LargeGraphs(Config):
    """Random regular graphs, and every sampler that is trained on them."""

    vertices: Annotated[int, Field(ge=4)]
    degrees: Sizes
    seeds: Seeds
    """One graph each; results are judged on them."""
    tuning_seeds: Seeds
    """Graphs on which learning rates are chosen."""
    arms: Annotated[dict[Annotated[str, Field(pattern="^[a-z0-9_]+$")], Arm], Field(min_length=1)]
    models: Models
    iterations: PositiveInt
    halve_every: PositiveInt
    """Iterations after which lambda is halved."""
    mixture_weight: Annotated[float, Field(gt=0, lt=1)]
    """The paper's beta*: weight of the slow part."""
    inverse_temperature: Annotated[float, Field(gt=0, lt=1)]
    """The paper's rho* of the slow part."""
    converged_at: PositiveInt
    """Iteration at which vanilla is said to have converged."""
    window: PositiveInt
    """Iterations over which an expected cut is averaged."""
    lines: Lines

    @model_validator(mode="after")
    def _fits_together(self) -> "LargeGraphs":
        if shared := set(self.seeds) & set(self.tuning_seeds):
            raise ValueError(f"seeds and tuning_seeds share {sorted(shared)}; they must be disjoint")
        if not self.window <= self.converged_at <= self.iterations:
            raise ValueError(f"need window <= converged_at <= iterations (converged_at is {self.converged_at})")
        if odd := [degree for degree in self.degrees if degree * self.vertices % 2 or degree >= self.vertices]:
            raise ValueError(f"degrees: no {odd[0]}-regular graph has {self.vertices} vertices")
        for name, arm in self.arms.items():
            if "both" not in arm.learning_rates:
                raise ValueError(f"arms.{name}.learning_rates: objective both is missing, which the others are held to")
        return self
