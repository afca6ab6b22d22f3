"""What the section `sharding` of params.yaml may hold."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from common.choices import Names, Rates, Sizes
from common.config import Config
from papers.surco.choices import Differentiation, EstimatorName, LinkName, Search, Training

Share = Annotated[float, Field(gt=0, le=1)]


class Setting(Config):
    """One kind of instances."""

    source: Literal["locality", "inventory"]
    """Of the tables; see `papers.surco.sharding.tables`."""
    devices: Annotated[int, Field(ge=2)]
    gigabytes: PositiveFloat
    """Memory of each device where `filled` says nothing."""
    filled: Share | None
    """Share of the fullest device that an even packing of an instance fills, which then decides what devices have."""
    tables: Sizes
    """Numbers of tables of an instance."""


class CostTraining(Config):
    """The training of the cost network."""

    learning_rate: PositiveFloat
    steps: PositiveInt
    placements: PositiveInt
    """Random placements in each step."""
    tested: PositiveInt
    """Random placements on which errors are measured."""
    seed: NonNegativeInt


class Variant(Config):
    """SurCo-zero, from random costs or from those that give the greedy placement."""

    start: Literal["uniform", "greedy"]
    starts: PositiveInt
    differentiation: Differentiation
    search: Search


class Prior(Config):
    """SurCo-prior, and the hybrid that starts from it; `prior_released` has no hybrid."""

    hidden: PositiveInt
    spread: PositiveFloat
    """Of `prior`, root mean square of an instance's costs; of `prior_released`, factor on the last layer's weights."""
    training: Training
    differentiation: Differentiation
    """Of the training."""
    hybrid: Differentiation
    search: Search
    """Of the hybrid."""


class PriorLambda(Config):
    """SurCo-prior-lambda: `prior`'s network, trained along with the training instances' own costs (equation 5)."""

    hidden: PositiveInt
    spread: PositiveFloat
    weight: NonNegativeFloat
    """Of the distance between an instance's own costs and the predicted ones; lambda of equation 5."""
    learning_rate: PositiveFloat
    """Of the network."""
    differentiation: Differentiation
    search: Search
    """Of the instances' own costs."""


class DreamShard(Config):
    """The policy that places one table after another, trained by REINFORCE."""

    learning_rate: PositiveFloat
    iterations: PositiveInt
    tasks: PositiveInt
    """Instances of each iteration."""
    episodes: Annotated[int, Field(ge=2)]
    """Of each of these instances; their mean is the baseline."""
    entropy: Annotated[float, Field(ge=0)]
    """Weight of the policy's entropy."""


class Genetic(Config):
    """PyGAD on the device of each table."""

    population: Annotated[int, Field(ge=4)]
    generations: PositiveInt


class Prediction(Config):
    """A network that predicts solutions, trained on those that local search finds."""

    hidden: PositiveInt
    learning_rate: PositiveFloat
    steps: PositiveInt


class Ablation(Config):
    """All estimators in SurCo-zero, on the same instances, with the same number of solver calls."""

    settings: Names
    tables: PositiveInt
    tasks: PositiveInt
    """Test instances, the first ones."""
    tuning: PositiveInt
    """Training instances on which strength and learning rate are chosen."""
    calls: PositiveInt
    """Solver calls for each instance."""
    link: LinkName
    betas: tuple[NonNegativeFloat, NonNegativeFloat]
    """Of Adam."""
    learning_rates: Rates
    factors: Rates
    """On the strengths of the estimators."""
    estimators: dict[str, Differentiation]


class Sharding(Config):
    """The section `sharding`."""

    settings: dict[str, Setting]
    train: PositiveInt
    """Training instances of each number of tables."""
    test: PositiveInt
    runs: PositiveInt
    """Seeds that are used of the paper's list."""
    task_seed: NonNegativeInt
    """Of the training instances; the test instances have the next."""
    cost: CostTraining
    random: PositiveInt
    """Placements of random search."""
    search_steps: PositiveInt
    """Greatest number of moves of local search."""
    genetic: Genetic
    variants: dict[str, Variant]
    priors: dict[Literal["prior", "prior_released"], Prior]
    prior_lambda: PriorLambda
    dreamshard: DreamShard
    prediction: Prediction
    ablation: Ablation

    @model_validator(mode="after")
    def _names_exist(self) -> "Sharding":
        for name in self.ablation.settings:
            if name not in self.settings:
                raise ValueError(f"ablation.settings: unknown name {name!r}; known: {', '.join(self.settings)}")
        if "zero" not in self.variants:
            raise ValueError("variants: zero, SurCo-zero from random costs, must stay")
        return self


def solver_calls(name: EstimatorName, samples: int) -> int:
    """Problems that an estimator solves in one step, the runs' own solution among them."""
    return {"blackbox": 2, "imle": 2 * samples, "perturbed": samples + 1, "identity": 1, "quadratic": 2}[name]
