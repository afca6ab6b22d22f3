"""What the section `best_known` of params.yaml may hold."""

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from common.choices import Names, Seeds
from common.config import Config
from papers.solution_samplers.choices import ObjectiveName
from papers.solution_samplers.large_graphs.settings import Arm, Models


class CutWork(Config):
    """Work of the classical methods, so much that each takes about as long as the training of the linear model."""

    greedy_starts: PositiveInt
    """Random orders of the vertices."""
    tabu_starts: PositiveInt
    tabu_moves_per_edge: PositiveFloat
    """Moves of one search, over the number of edges."""
    hyperplanes: PositiveInt
    """Roundings of the semidefinite relaxation, each climbed from."""
    mean_field_steps: PositiveInt
    mean_field_samples: PositiveInt
    mean_field_rate: PositiveFloat
    mean_field_restart: PositiveInt
    """Gradient steps after which the mean-field policy starts afresh."""


class Cuts(Config):
    """Max-Cut on G-set."""

    graphs: Names
    """G-set's names; G1, G14 and G43 come with this repository."""
    seeds: Seeds
    iterations: PositiveInt
    halve_every: PositiveInt
    """Iterations after which lambda is halved."""
    arms: Annotated[dict[Annotated[str, Field(pattern="^[a-z0-9_]+$")], Arm], Field(min_length=1)]
    """As in `large_graphs`, with one learning rate for each objective; the linear arm is called linear."""
    models: Models
    work: CutWork

    @model_validator(mode="after")
    def _arms_are_complete(self) -> "Cuts":
        if "linear" not in self.arms or self.arms["linear"].model != "linear":
            raise ValueError("arms: no arm called linear with the linear model, whose chains the known optimum takes")
        for name, arm in self.arms.items():
            if several := [objective for objective, rates in arm.learning_rates.items() if len(rates) > 1]:
                raise ValueError(f"arms.{name}.learning_rates.{several[0]}: give one, nothing is tuned on these graphs")
        return self


class TourWork(Config):
    """Work of the classical methods on one instance."""

    two_opt_starts: PositiveInt
    routing_solutions: PositiveInt
    """Solutions after which OR-Tools stops."""


class TourPolicy(Config):
    """Training of edge scores by 2-opt Metropolis chains."""

    chains: Annotated[int, Field(ge=2)]
    slow_chains: Annotated[int, Field(ge=2)]
    proposals_per_city: PositiveInt
    """Of every chain between two updates."""
    iterations: PositiveInt
    halve_every: PositiveInt
    """Iterations after which lambda is halved."""
    entropy_weight: PositiveFloat
    """lambda at the first iteration, in units of the mean edge of a nearest-neighbour tour."""
    learning_rates: dict[ObjectiveName, PositiveFloat]
    """Of Adam."""


class Tours(Config):
    """Travelling-salesman instances of TSPLIB."""

    instances: Names
    seeds: Seeds
    policy: TourPolicy
    work: TourWork


class BestKnown(Config):
    """Learned samplers against the best known solutions and the methods that found such solutions cheaply."""

    mixture_weight: Annotated[float, Field(gt=0, lt=1)]
    """The paper's beta*: weight of the slow part."""
    inverse_temperature: Annotated[float, Field(gt=0, lt=1)]
    """The paper's rho* of the slow part."""
    cuts: Cuts
    tours: Tours
