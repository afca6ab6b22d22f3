"""The settings of one training run, apart from the core so that reading parameters does not import torch."""

from typing import Literal, Self

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from common.config import Config


class TrainSettings(Config):
    """What `common.training.fit` needs to know beside the module and the data.

    The number of processes is not a setting: it comes from the launcher (`torchrun`, `srun`), one per device.
    """

    max_epochs: PositiveInt
    """Passes over the training batches."""
    max_steps: PositiveInt | None = None
    """Stop after this many steps even within an epoch."""
    seed: NonNegativeInt = 0
    """Seeds Python, NumPy and torch as training starts (rank r of many takes seed + r)."""
    threads: PositiveInt = 2
    """CPU threads of torch. Fixed rather than "all", since the order of a sum depends on it."""
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    precision: Literal["auto", "32", "64", "bf16-mixed"] = "auto"
    """`auto` is bf16-mixed on a GPU and 32 on a CPU."""
    deterministic: bool = False
    """Let torch refuse operations whose result varies from run to run; on a CPU there are hardly any."""
    gradient_clip: PositiveFloat | None = None
    """Largest Euclidean norm of the whole gradient."""
    checkpoint: Literal["last", "best"] = "last"
    """Which weights the module holds afterwards; `best` by `monitor`."""
    monitor: str | None = None
    """The validation metric that `best` goes by."""
    mode: Literal["min", "max"] = "min"
    """Whether a low or a high `monitor` is good."""
    validate_every: PositiveInt | None = None
    """Steps between validations; None is once at the end of each epoch, also of one cut short by `max_steps`."""
    log_every: PositiveInt = 50
    """Steps between rows of the history; a row's train_loss is the mean over these steps."""
    checkpoint_every_seconds: PositiveFloat = 60.0
    checkpoint_every_steps: PositiveInt | None = None
    progress: bool = True
    """Show a progress bar where the output is a terminal."""

    @model_validator(mode="after")
    def _best_needs_a_metric(self) -> Self:
        if self.checkpoint == "best" and self.monitor is None:
            raise ValueError("checkpoint: best needs `monitor`, the name of a validation metric")
        return self
