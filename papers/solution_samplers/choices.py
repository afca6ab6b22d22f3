"""The arms of the ablation, as settings name them."""

from typing import Annotated, Literal

from pydantic import Field

from common.choices import Distinct

ObjectiveName = Literal["vanilla", "mixture", "entropy", "both"]
ObjectiveNames = Annotated[tuple[ObjectiveName, ...], Field(min_length=1), Distinct]
