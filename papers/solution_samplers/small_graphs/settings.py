"""What the section `small_graphs` of params.yaml may hold."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from common.choices import Rates, Seeds
from common.config import Config
from papers.solution_samplers.choices import ObjectiveNames


class Method(Config):
    """The paper's objective and net, the same in every sweep."""

    iterations: PositiveInt
    entropy_start: PositiveFloat
    """lambda of the first iterations."""
    halve_every: PositiveInt
    """Iterations after which lambda is halved."""
    mixture_weight: Annotated[float, Field(gt=0, lt=1)]
    """beta*."""
    inverse_temperature: Annotated[float, Field(gt=0, lt=1)]
    """rho*."""
    hidden: tuple[Annotated[int, Field(gt=0, multiple_of=5)], Annotated[int, Field(gt=0, multiple_of=5)]]
    """Units of the net's two hidden layers; multiples of five suit the kernel."""


class Sweep(Config):
    """Every objective with every learning rate, on the first graphs of every graph seed."""

    scores: Literal["linear", "net"]
    optimizer: Literal["gd", "adam"]
    learning_rates: Rates
    reference_rate: PositiveFloat
    """The learning rate that figures show where they show only one; fixed on graphs that no result uses."""
    objectives: ObjectiveNames
    initial_deviation: NonNegativeFloat | None
    """Standard deviation of the initial weights of linear scores; null for the net, which has the paper's own."""
    graphs: PositiveInt
    """Graphs per graph seed."""

    @model_validator(mode="after")
    def _reference_is_in_the_sweep(self) -> "Sweep":
        if self.reference_rate not in self.learning_rates:
            raise ValueError(f"reference_rate: not among the learning rates (got {self.reference_rate:g})")
        return self

    @model_validator(mode="after")
    def _only_linear_scores_choose_their_start(self) -> "Sweep":
        if (self.initial_deviation is None) != (self.scores == "net"):
            raise ValueError("initial_deviation: a number for linear scores, null for the net")
        return self


class Controls(Config):
    """What needs no learning."""

    samples: PositiveInt
    """Solutions drawn from the untrained sampler, of which the best counts."""
    starts: PositiveInt
    """Random cuts that one-exchange climbs from."""


class SmallGraphs(Config):
    """Experiments on graphs small enough to enumerate: every density, and so every gradient, is exact."""

    vertices: Annotated[int, Field(ge=3, le=20)]
    edge_probability: Annotated[float, Field(gt=0, lt=1)]
    graph_seeds: Seeds
    """Each gives graphs and initial weights of its own; intervals run over them."""
    keep_every: PositiveInt
    """Iterations between the kept points of a trajectory."""
    share_graphs: PositiveInt
    """Graphs per seed on which the slow part's share of the gradient is measured."""
    method: Method
    sweeps: Annotated[dict[Annotated[str, Field(pattern="^[a-z0-9_]+$")], Sweep], Field(min_length=1)]
    controls: Controls

    @model_validator(mode="after")
    def _keeps_the_end(self) -> "SmallGraphs":
        if self.method.iterations % self.keep_every:
            raise ValueError("keep_every: not a divisor of method.iterations")
        return self
