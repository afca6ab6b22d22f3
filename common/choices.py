"""Types that the settings of several papers share."""

from typing import Annotated

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveFloat, PositiveInt

from common.config import Config


def _distinct(values: tuple) -> tuple:
    if repeated := sorted({value for value in values if values.count(value) > 1}):
        raise ValueError(f"entries must differ; repeated: {', '.join(map(str, repeated))}")
    return values


Distinct = AfterValidator(_distinct)
"""Annotates a tuple that may hold nothing twice."""

Names = Annotated[tuple[str, ...], Field(min_length=1), Distinct]
Seeds = Annotated[tuple[NonNegativeInt, ...], Field(min_length=1), Distinct]
Sizes = Annotated[tuple[PositiveInt, ...], Field(min_length=1), Distinct]
Rates = Annotated[tuple[PositiveFloat, ...], Field(min_length=1), Distinct]


class Compute(Config):
    """How the machine is used; changes no result."""

    workers: PositiveInt
    """Worker processes."""
    threads: PositiveInt
    """Threads of each worker."""
