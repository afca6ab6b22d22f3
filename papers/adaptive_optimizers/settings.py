"""What params.yaml may hold. Every field's meaning is here; where each value is from stands in params.yaml."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from common.choices import Compute, Distinct, Names, Seeds, Sizes
from common.config import Config, load

HERE = Path(__file__).parent

Widths = Annotated[tuple[PositiveInt, ...], Field(min_length=1)]


class Workload(Config):
    """One dataset, one network and the budget that every optimizer gets on them."""

    task: Literal["classification", "autoencoder"]
    dataset: str
    network: Literal["net_2c2d", "net_3c3d", "conv_autoencoder"]
    channels: Widths
    """Output channels of the convolutions, first to last."""
    hidden: Widths
    """Units of the fully connected layers before the last; for an autoencoder its one code size."""
    train_examples: PositiveInt | None
    """Size of the training subset, drawn once from a fixed seed; null takes all that validation leaves."""
    valid_examples: PositiveInt
    """Examples split off the official training set, for tuning and for the curves."""
    test_examples: PositiveInt | None
    """Size of the test subset; null takes the whole test set."""
    batch_size: PositiveInt
    tuning_examples: PositiveInt | None
    """Size of the part of the training subset that tuning runs see; null takes all of it."""
    tuning_epochs: PositiveInt
    """Epochs of one tuning run."""
    epochs: PositiveInt
    """Epochs of one final run."""

    @model_validator(mode="after")
    def _network_fits_task(self) -> "Workload":
        if (self.network == "conv_autoencoder") != (self.task == "autoencoder"):
            raise ValueError(f"network {self.network} cannot do task {self.task}")
        needed = {"net_2c2d": 2, "net_3c3d": 3}.get(self.network, len(self.channels))
        if len(self.channels) != needed:
            raise ValueError(f"channels: {self.network} has {needed} convolutions (got {len(self.channels)})")
        if self.task == "autoencoder" and len(self.hidden) != 1:
            raise ValueError(f"hidden: an autoencoder has one code size (got {len(self.hidden)})")
        return self


class Tuning(Config):
    """The declared protocol of convention (c): every optimizer gets the same grid size and the same seeds."""

    points: Annotated[int, Field(ge=3)]
    """Learning rates per optimizer, half a decade apart, around the centre of its search range."""
    extend: NonNegativeInt
    """While the best learning rate is an end of the grid, up to so many more beyond that end."""
    seeds: Seeds
    """Seeds of the tuning runs, disjoint from those of the final runs."""


class Lecture(Config):
    """The lecture's comparison of six optimizers on a two-dimensional toy problem."""

    optimizers: Names
    classes: PositiveInt
    train_points: PositiveInt
    valid_points: PositiveInt
    test_points: PositiveInt
    batch_size: PositiveInt
    epochs: PositiveInt
    points: Annotated[int, Field(ge=3)]
    """Learning rates per optimizer, half a decade apart."""
    extend: NonNegativeInt
    """As in `Tuning`."""
    widths: Sizes
    seeds: dict[PositiveInt, PositiveInt]
    """Width -> number of final runs, with seeds 0, 1, 2, ..."""
    tuning_seeds: dict[PositiveInt, PositiveInt]
    """Width -> number of tuning runs per learning rate, with seeds 1000, 1001, ..."""
    boundary_grid: Annotated[int, Field(ge=2)]
    """Points per side of the grid on which decision boundaries are drawn and measured."""

    @model_validator(mode="after")
    def _fits_together(self) -> "Lecture":
        if missing := set(self.widths) - (set(self.seeds) & set(self.tuning_seeds)):
            raise ValueError(f"no number of seeds for width {sorted(missing)}")
        for field in ("train_points", "valid_points", "test_points"):
            if getattr(self, field) % self.classes:
                raise ValueError(f"{field}: not a multiple of the {self.classes} classes (got {getattr(self, field)})")
        return self


class Controls(Config):
    """The classical methods that the learned ones are compared with."""

    components: PositiveInt
    """Principal components that the support-vector machine sees."""
    most_examples: PositiveInt
    """Training examples of the support-vector machine, whose time grows with their square."""


class Params(Config):
    """All of params.yaml."""

    scale: Literal["smoke", "laptop", "overnight", "paper"]
    seeds: Seeds
    optimizers: Names
    conventions: Annotated[tuple[Literal["paper_era", "torch", "tuned"], ...], Distinct]
    split_seed: NonNegativeInt
    """Fixes which training images are kept for validation, and which subsets are taken."""
    checks: PositiveInt
    """How often a final run is validated, evenly over its steps."""
    tuning: Tuning
    run: Names
    """The workloads of this scale."""
    workloads: dict[str, Workload]
    lecture: Lecture
    step_timing: Annotated[int, Field(ge=10)]
    """Steps over which the time of one optimizer step is measured."""
    target_quantile: Annotated[float, Field(ge=0, le=1)]
    controls: Controls
    compute: Compute

    @model_validator(mode="after")
    def _names_exist(self) -> "Params":
        from common.optimizers import OPTIMIZERS  # noqa: PLC0415  (imports torch; only needed when validating)

        for field, names, known in (
            ("optimizers", self.optimizers, OPTIMIZERS),
            ("lecture.optimizers", self.lecture.optimizers, OPTIMIZERS),
            ("run", self.run, self.workloads),
        ):
            if unknown := [name for name in names if name not in known]:
                raise ValueError(f"{field}: unknown name {unknown[0]!r}; known: {', '.join(known)}")
        if shared := set(self.seeds) & set(self.tuning.seeds):
            raise ValueError(f"seeds and tuning.seeds share {sorted(shared)}; they must be disjoint")
        if "tuned" not in self.conventions or "momentum" not in self.optimizers:
            raise ValueError("convention tuned and optimizer momentum must stay: they set the steps-to-target")
        return self


def read_params() -> Params:
    """Read and check this paper's params.yaml; see `common.config.load` for the faults it reports."""
    return load(Params, HERE / "params.yaml")
