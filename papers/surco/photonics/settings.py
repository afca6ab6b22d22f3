"""What the section `photonics` of params.yaml may hold."""

from typing import Annotated

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from common.choices import Names
from common.config import Config
from papers.surco.choices import Differentiation, LinkName, Search, Training

Floats = Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]


class Counts(Config):
    """Instances of one device; those of training and of test are different ones."""

    train: PositiveInt
    test: PositiveInt


class Start(Config):
    """Where the parameters u of a search start: a bias towards solid, and noise that makes pixels differ."""

    bias: PositiveFloat
    """Distance of the mean from zero, towards solid."""
    noise: NonNegativeFloat
    """Standard deviation."""


class Zero(Config):
    """SurCo-zero; SurCo-hybrid is the same from another start."""

    start: Start
    differentiation: Differentiation
    search: Search


class Sweep(Config):
    """What SurCo-zero is tuned over, on training instances alone; all combinations, and the blackbox estimator."""

    devices: Names
    """On whose training instances; the best setting serves all devices."""
    instances: PositiveInt
    """How many training instances of each."""
    starts: dict[str, Start]
    strengths: Floats
    """lambda, in units of the costs: see `Differentiation.scaled`."""
    learning_rates: Floats
    link: LinkName
    betas: tuple[NonNegativeFloat, NonNegativeFloat]

    def settings(self, steps: int) -> dict[str, Zero]:
        """Name -> one combination."""
        return {
            f"{name} {strength:g} {rate:g}": Zero(
                start=start,
                differentiation=Differentiation(
                    estimator="blackbox", strength=strength, scaled=True, samples=1, noise=0.0
                ),
                search=Search(
                    link=self.link, learning_rate=rate, betas=self.betas, steps=steps, patience=steps, warn_after=steps
                ),
            )
            for name, start in self.starts.items()
            for strength in self.strengths
            for rate in self.learning_rates
        }


class PassThrough(Config):
    """The straight-through search of Schubert et al. (2022)."""

    start: Start
    beta: PositiveFloat
    """Steepness of tanh."""
    learning_rate: PositiveFloat
    betas: tuple[NonNegativeFloat, NonNegativeFloat]
    """Of Adam."""


class Network(Config):
    """SurCo-prior's network."""

    channels: PositiveInt
    kernel: PositiveInt
    """Pixels per side of the kernels; odd."""
    dilations: tuple[PositiveInt, PositiveInt, PositiveInt]
    """Of the three convolutions."""

    @model_validator(mode="after")
    def _kernel_has_a_centre(self) -> "Network":
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel: must be odd (got {self.kernel})")
        return self


class Genetic(Config):
    """PyGAD's budget, for each kind of mutation."""

    population: Annotated[int, Field(ge=4)]
    generations: PositiveInt
    mutation: Annotated[float, Field(gt=0, lt=1)]
    """Chance that random mutation changes a pixel."""


class Photonics(Config):
    """The section `photonics`."""

    devices: Annotated[dict[str, Counts], Field(min_length=1)]
    instance_seed: NonNegativeInt
    """Of the draws of instances."""
    steps: PositiveInt
    """Designs that a method on the fly may simulate."""
    pass_through: PassThrough
    sweep: Sweep
    straight: Zero
    """Our repair, not tuned: the identity for the solver's derivative, as in pass-through, in place of blackbox."""
    network: Network
    rms: PositiveFloat
    """Of the free parameters u that the repaired priors predict, about a mean of zero."""
    known: PositiveFloat
    """Size of the free parameters where a search starts from a known design: minus this where it is solid."""
    training: Training
    """Of SurCo-prior, as in the paper and with that scale."""
    straight_training: Training
    """Of the network with that scale and the identity for the solver's derivative."""
    direct: Training
    """Of the network that predicts designs."""
    smoothness: PositiveFloat
    """Radius of the filter of random rewards, pixels."""
    genetic: Genetic
    keep: tuple[PositiveInt, ...]
    """Steps whose designs are shown."""
    spectrum: Annotated[int, Field(ge=2)]
    """Wavelengths of the pictured spectrum."""

    @model_validator(mode="after")
    def _devices_exist(self) -> "Photonics":
        from papers.surco.photonics.devices import DEVICES  # noqa: PLC0415  (imports numpy)

        for name in self.devices:
            if name not in DEVICES:
                raise ValueError(f"devices: unknown name {name!r}; known: {', '.join(DEVICES)}")
        for name in self.sweep.devices:
            if name not in self.devices:
                raise ValueError(f"sweep.devices: {name!r} is not among devices ({', '.join(self.devices)})")
            if self.sweep.instances > (count := self.devices[name].train):
                raise ValueError(f"sweep.instances: {name} has {count} for training (got {self.sweep.instances})")
        return self
