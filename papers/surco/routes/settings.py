"""What the section `routes` of params.yaml may hold."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from common.choices import Sizes
from common.config import Config
from papers.surco.choices import Differentiation, EstimatorName, LinkName, Search, Training

Side = Annotated[int, Field(ge=2)]
Floats = Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]
LARGEST_ENUMERATED = 5
"""Side of the largest grid whose optimum is found by trying all paths."""


class Table(Config):
    """One set of test instances; every deadline is put on every grid."""

    side: Side
    """Vertices per side of the grid."""
    low: PositiveFloat
    """Least mean time of an edge."""
    high: PositiveFloat
    """Greatest mean time; at most 1, since variances are in proportion to 1 - mean."""
    graphs: PositiveInt
    dataset_seed: NonNegativeInt
    """Fixes the seeds of the grids, as the released script does it."""

    @model_validator(mode="after")
    def _is_an_interval(self) -> "Table":
        if not self.low < self.high <= 1:
            raise ValueError(f"need low < high <= 1 (got {self.low} and {self.high})")
        return self

    @property
    def enumerated(self) -> bool:
        """Whether the optimum is known."""
        return self.side <= LARGEST_ENUMERATED


class Deadlines(Config):
    """Deadlines as multiples of the least expected time."""

    loose: PositiveFloat
    normal: PositiveFloat
    tight: PositiveFloat

    def factors(self) -> tuple[float, float, float]:
        """All of them, in the order in which the instances of a grid follow each other."""
        return self.loose, self.normal, self.tight


class Variant(Config):
    """SurCo-zero, as released or with a repair."""

    start: Literal["normal", "means"]
    """u ~ N(0, 1); or u such that the costs are the mean times, with noise on all starts but the first."""
    starts: PositiveInt
    differentiation: Differentiation
    search: Search


class Grid(Config):
    """What one estimator is tuned over, on other instances than it is tested on."""

    samples: PositiveInt
    noise: Annotated[float, Field(ge=0)]
    scaled: bool
    strengths: Floats
    learning_rates: Floats


class Ablation(Config):
    """All estimators on the same instances, with the same number of solver calls."""

    table: str
    calls: PositiveInt
    """Solver calls for each instance and start; the control with random costs has as many on all tables."""
    seeds: PositiveInt
    """How many of the seeds test the best setting."""
    link: LinkName
    betas: tuple[float, float]
    tuning_seed: NonNegativeInt
    """Dataset seed of the grids for tuning."""
    tuning_graphs: PositiveInt
    grids: dict[EstimatorName, Grid]


class Prior(Config):
    """SurCo-prior and SurCo-hybrid, which the paper does not try on routes."""

    table: str
    train_seed: NonNegativeInt
    """Dataset seed of the grids for training."""
    train_graphs: PositiveInt
    hidden: PositiveInt
    training: Training
    differentiation: Differentiation
    search: Search
    """Of the hybrid."""


class Scip(Config):
    """One run of SCIP on the first graphs of the table."""

    seconds: PositiveFloat
    graphs: PositiveInt
    nonnegative: bool
    """Whether the objective variable keeps the lower bound of zero that it has in the released script."""


class CpSat(Config):
    """CP-SAT on the first graphs of the table."""

    graphs: PositiveInt
    pieces: PositiveInt
    work: PositiveFloat
    """Limit in CP-SAT's deterministic time."""


class Genetic(Config):
    """PyGAD on the first graphs of the table."""

    graphs: PositiveInt
    population: Annotated[int, Field(ge=4)]
    generations: PositiveInt


class Limited(Config):
    """General solvers under a limit of time or work."""

    table: str
    scip: dict[str, Scip]
    cpsat: CpSat
    genetic_edges: Genetic
    genetic_costs: Genetic


class Scaling(Config):
    """Time of one batch of shortest paths, and of a whole run of SurCo-zero, against the side of the grid."""

    sides: Sizes
    rows: PositiveInt
    """Cost vectors per batch."""


class RoutePlanning(Config):
    """The section `routes`."""

    deadlines: Deadlines
    tables: dict[str, Table]
    variants: dict[str, Variant]
    negative: NonNegativeInt
    """Negative kappas that the parametric search tries, for deadlines that even the mean misses."""
    ablation: Ablation
    prior: Prior
    limited: Limited
    scaling: Scaling

    @model_validator(mode="after")
    def _tables_exist(self) -> "RoutePlanning":
        for field in ("ablation", "prior", "limited"):
            if (name := getattr(self, field).table) not in self.tables:
                raise ValueError(f"{field}.table: unknown name {name!r}; known: {', '.join(self.tables)}")
        if missing := {"surco_zero", "patient", "multi_start"} - set(self.variants):
            raise ValueError(f"variants: {sorted(missing)[0]} must stay; others are compared with it")
        return self
