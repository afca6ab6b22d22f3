"""What the section `other_problems` of params.yaml may hold."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from common.choices import Seeds, Sizes
from common.config import Config
from papers.solution_samplers.choices import ObjectiveName

ProblemName = Literal["max_cut", "min_cut", "csp", "matching", "tsp"]
Optimizer = Literal["gd", "adam"]
Share = Annotated[float, Field(gt=0, lt=1)]
Rates = Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]


class Exact(Config):
    """Training on one instance at a time, as section 5 does it for Max-Cut, on the other problems."""

    sizes: dict[ProblemName, PositiveInt]
    """Problem -> size of its instances."""
    instances: PositiveInt
    """Instances of each problem that are judged."""
    seed: NonNegativeInt
    """Of these instances and of their initial weights."""
    tuning_instances: PositiveInt
    """Other instances, on which the learning rate is chosen."""
    tuning_seed: NonNegativeInt
    rates: dict[Optimizer, Rates]
    """Learning rates to choose from."""
    initial_sd: PositiveFloat
    """Standard deviation of the initial weights."""
    iterations: PositiveInt
    cost_sd: PositiveFloat
    """Every instance's costs are scaled to this standard deviation over uniform solutions."""
    entropy_weight: PositiveFloat
    """lambda at the start."""
    halve_every: PositiveInt
    """Iterations after which lambda is halved."""
    mixture_weight: Share
    """beta, the share of the slow part."""
    inverse_temperature: Share
    """rho of the slow part."""
    restarts: PositiveInt
    """Random starts of the local search."""
    watch_every: PositiveInt
    """Iterations between the points of the curves."""

    @model_validator(mode="after")
    def _seeds_differ(self) -> "Exact":
        if self.seed == self.tuning_seed:
            raise ValueError(f"seed and tuning_seed must differ (got {self.seed})")
        return self


class Prior(Config):
    """One bilinear W for Max-Cut on a whole prior over graphs, where the paper's theory places it."""

    vertices: Annotated[int, Field(ge=3)]
    training_graphs: Sizes
    """Numbers of graphs that W is trained on, one after the other."""
    held_out_graphs: PositiveInt
    seeds: Seeds
    """Each draws graphs of its own."""
    entropy_weight: PositiveFloat
    """lambda, fixed, so that the optimum is -M / lambda."""
    mixture_weight: Share
    inverse_temperature: Share
    rate: PositiveFloat
    """Step size of gradient descent."""
    iterations: PositiveInt


class DoubleStar(Config):
    """The product family against the exponential one where the first has a bad stationary point."""

    rate: PositiveFloat
    """Step size of gradient descent, projected for the product family."""
    iterations: PositiveInt
    starts_per_side: Annotated[int, Field(ge=2)]
    """The product family starts from a square grid of so many points per side."""
    stuck_means: Annotated[tuple[Share, ...], Field(min_length=2)]
    """It also starts from these multiples of the mean spins of the bad local optimum."""
    stuck_weights: Rates
    """The exponential family starts from these multiples of the features of the bad local optimum."""
    entropy_weight: PositiveFloat
    mixture_weight: Share
    inverse_temperature: Share
    path_points: Annotated[int, Field(ge=2)]
    """Points that are kept of every path."""


class Completeness(Config):
    """The cost of the optimal weights -M / lambda against what the theory promises for them."""

    gaps: Rates
    """The theory's epsilon, as shares of the range of an instance's costs."""
    failure: Share
    """The theory's delta: lambda = epsilon / log(|S| / delta)."""


class Quasar(Config):
    """The ratio of Definition 3 along gradient descent on Max-Cut."""

    vertices: Annotated[int, Field(ge=3)]
    instances: PositiveInt
    seed: NonNegativeInt
    entropy_weight: PositiveFloat
    mixture_weight: Share
    inverse_temperature: Share
    rate: PositiveFloat
    iterations: PositiveInt
    initial_sds: dict[Literal["near", "far"], NonNegativeFloat]
    """Standard deviation of the initial weights of the two kinds of start."""
    objectives: tuple[ObjectiveName, ...]
    watch_every: PositiveInt
    least_excess: PositiveFloat
    """Excess over the minimum below which a path has arrived and its ratio is rounding noise."""


class OtherProblems(Config):
    """All of experiment 5."""

    exact: Exact
    prior: Prior
    double_star: DoubleStar
    completeness: Completeness
    constants: dict[ProblemName, Sizes]
    """Problem -> sizes at which the least variance of the features is measured."""
    quasar: Quasar
