"""What the section `lipschitz` of params.yaml may hold."""

from typing import Annotated

from pydantic import Field

from common.choices import Sizes
from common.config import Config


class Lipschitz(Config):
    """Theorem 4.4's toy: how steep the map from y to its solution looks, sampled ever more finely."""

    samples: Annotated[Sizes, Field(min_length=2)]
    """Numbers of sampled y, rising; the claims name 10, 100 and 1000."""
    queries: Annotated[int, Field(ge=10)]
    """Points between the samples at which the nearest neighbour is asked."""
