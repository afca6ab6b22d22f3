"""What the section `landscape` of params.yaml may hold."""

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from common.config import Config

Point = tuple[float, float]
Points = Annotated[tuple[Point, ...], Field(min_length=2)]


class Landscape(Config):
    """A toy with one fixed instance, small enough to draw: features in the plane, one weight per feature."""

    solutions: Points
    """X, the features of all solutions."""
    costs: Point
    """c: a solution x costs c . x."""
    starts: Points
    """w_0 of each descent."""
    entropy_weight: PositiveFloat
    """lambda; it does not change during the descent."""
    mixture_weight: Annotated[float, Field(gt=0, lt=1)]
    """beta, the share of the slow part."""
    inverse_temperature: Annotated[float, Field(gt=0, lt=1)]
    """rho of the slow part."""
    step: PositiveFloat
    """Step size of gradient descent."""
    steps: PositiveInt
    near: PositiveFloat
    """Distance to -c / lambda at which a descent has arrived."""
    horizon: PositiveFloat
    """Steps after which the gradient flow gives up."""
    path_points: Annotated[int, Field(ge=2)]
    """Points of a path that are kept, dense at its start."""
    reach: PositiveFloat
    """The pictures show the square [-reach, reach]^2."""
    grid: Annotated[int, Field(ge=2)]
    """Points per side of the grid under the contours."""
    ray_length: PositiveFloat
    """How far the gradient's norm is followed, from -c / lambda through the first start and beyond."""
    ray_points: Annotated[int, Field(ge=2)]

    @model_validator(mode="after")
    def _starts_are_on_the_picture(self) -> "Landscape":
        if outside := [start for start in self.starts if max(map(abs, start)) > self.reach]:
            raise ValueError(f"starts: {outside[0]} lies outside the picture, which reaches to {self.reach:g}")
        return self
