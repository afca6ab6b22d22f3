"""Types that the settings of all experiments share."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveFloat, PositiveInt

from common.config import Config


def _distinct(values: tuple) -> tuple:
    if repeated := sorted({value for value in values if values.count(value) > 1}):
        raise ValueError(f"entries must differ; repeated: {', '.join(map(str, repeated))}")
    return values


Names = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_distinct)]
Seeds = Annotated[tuple[NonNegativeInt, ...], Field(min_length=1), AfterValidator(_distinct)]
Sizes = Annotated[tuple[PositiveInt, ...], Field(min_length=1), AfterValidator(_distinct)]
Rates = Annotated[tuple[PositiveFloat, ...], Field(min_length=1), AfterValidator(_distinct)]
ObjectiveName = Literal["vanilla", "mixture", "entropy", "both"]
ObjectiveNames = Annotated[tuple[ObjectiveName, ...], Field(min_length=1), AfterValidator(_distinct)]


class Compute(Config):
    """How the machine is used; changes no result."""

    workers: PositiveInt
    """Worker processes."""
    threads: PositiveInt
    """Threads of each worker."""
