"""Settings of the experiment that trains REINFORCE on the environments."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from common.choices import Seeds
from common.config import Config
from papers.solution_samplers.choices import ObjectiveName

LARGEST = {"max_cut": 24, "tsp": 16, "matching": 200}
"""Sizes up to which the optimum of an instance takes well below a second."""


def _with_vanilla(objectives: tuple[str, ...]) -> tuple[str, ...]:
    if "vanilla" not in objectives or len(set(objectives)) < len(objectives):
        raise ValueError("objectives must differ, and vanilla must be among them")
    return objectives


class Task(Config):
    """One environment, and the runs on it."""

    size: Annotated[int, Field(ge=4)]
    """Vertices, cities or workers of an instance."""
    objectives: Annotated[tuple[ObjectiveName, ...], AfterValidator(_with_vanilla)]
    steps: PositiveInt
    """Gradient steps of one run."""
    entropy_weight: PositiveFloat
    """lambda at the first step, in units of the cost."""


class Reinforce(Config):
    """Which policies are trained, how, and on what they are judged."""

    tasks: dict[Literal["max_cut", "tsp", "matching"], Task]
    seeds: Seeds
    """One run each: initial weights, training instances and held-out instances."""
    width: PositiveInt
    """Features of a node inside the policy."""
    rounds: PositiveInt
    """Rounds of messages between the nodes before an action is scored."""
    learning_rate: PositiveFloat
    gradient_clip: PositiveFloat
    instances: PositiveInt
    """Training instances in one gradient step, all new."""
    copies: Annotated[int, Field(ge=2)]
    """Solutions sampled for each of them; the mean cost of the others is the baseline of each."""
    mixture_weight: Annotated[float, Field(gt=0, lt=1)]
    """The paper's beta*: share of the slow part in the distribution of actions."""
    inverse_temperature: Annotated[float, Field(gt=0, lt=1)]
    """The paper's rho*: factor on the scores of the slow part."""
    halvings: NonNegativeInt
    """How often lambda is halved, evenly over a run."""
    held_out: PositiveInt
    """Instances per seed that no run trains on; as many others serve for the learning curve."""
    samples: PositiveInt
    """Solutions per held-out instance of which the best counts, for trained and untrained policies alike."""
    checks: PositiveInt
    """Points of a learning curve, evenly over a run."""

    @model_validator(mode="after")
    def _can_run(self) -> "Reinforce":
        for name, task in self.tasks.items():
            if task.size > LARGEST[name]:
                raise ValueError(f"tasks.{name}.size: the optimum is found up to {LARGEST[name]} (got {task.size})")
            if task.steps < self.checks:
                raise ValueError(f"tasks.{name}.steps: fewer than the {self.checks} checks (got {task.steps})")
        return self
