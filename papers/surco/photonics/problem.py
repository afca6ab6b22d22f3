"""The design problem as SurCo sees it, and a record of every design that a method has simulated.

Shape suffixes: B rows of a batch, N pixels, W wavelengths, P ports.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from papers.surco.errors import SurcoError
from papers.surco.photonics import brush
from papers.surco.photonics.devices import Instance
from papers.surco.photonics.simulator import Simulator
from papers.surco.problem import Problem


@dataclass
class Record:
    """What one method has simulated of one instance, step by step.

    Attributes:
        losses: Schubert's loss of every design.
        changed: pixels in which each design but the first differs from the one before.
        latest: the last design.
        met_after: steps until the first design that meets the specification, which counts as one; None if none did.
        best: the design to hand over: the first that meets the specification, or the one of the least loss.
        powers: its powers [W, P].
        kept: step -> design, for the steps that were asked for.
    """

    losses: list[float] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    latest: np.ndarray | None = None
    met_after: int | None = None
    best: np.ndarray | None = None
    powers: np.ndarray | None = None
    kept: dict[int, np.ndarray] = field(default_factory=dict)


class Laboratory:
    """Simulators of some instances, each built once, and the records of the current methods.

    Args:
        keep: steps at which records keep the design.
    """

    def __init__(self, keep: Sequence[int] = ()) -> None:
        self.keep = frozenset(keep)
        self.records: dict[Instance, Record] = {}
        self._simulators: dict[Instance, Simulator] = {}
        self._last: dict[Instance, tuple[np.ndarray, tuple]] = {}

    def simulator(self, instance: Instance) -> Simulator:
        """Return the instance's simulator."""
        if instance not in self._simulators:
            self._simulators[instance] = Simulator.of(instance)
        return self._simulators[instance]

    def problem(self) -> Problem:
        """Start new records, and return the problem whose objective writes them."""
        self.records = {}
        return Problem(solve=brush.solve, objective=self.objective)

    def objective(self, x_BN: Tensor, instances: Sequence[Instance]) -> Tensor:
        """Schubert's loss, [B], with its gradient; not a number where the simulation fails."""
        values_B, slopes_BN = x_BN.new_full((len(x_BN),), torch.nan), torch.zeros_like(x_BN)
        for row, (x_N, instance) in enumerate(zip(x_BN.detach().double().numpy(), instances, strict=True)):
            with suppress(SurcoError):  # whoever asks for many sets aside those that fail
                loss, slope_N = self.simulate(x_N, instance)
                values_B[row], slopes_BN[row] = loss, torch.from_numpy(slope_N)
        # The second term is zero, and has the gradient that is known already.
        return values_B + ((x_BN - x_BN.detach()) * slopes_BN).sum(1)

    def simulate(self, x_N: np.ndarray, instance: Instance) -> tuple[float, np.ndarray]:
        """Simulate a design and enter it into the instance's record; return loss and gradient [N].

        Raises:
            SurcoError: the loss or its gradient is not finite.
        """
        last_N, result = self._last.get(instance, (None, None))
        if result is None or (last_N != x_N).any():  # a method that stands still asks for the same again
            result = self.simulator(instance).evaluate(x_N)
            self._last[instance] = (x_N.copy(), result)
        loss, slope_N, powers_WP = result
        if not (np.isfinite(loss) and np.isfinite(slope_N).all()):
            raise SurcoError(f"{instance.name}: the simulation gave a loss of {loss:.4g} or a non-finite gradient")
        record = self.records.setdefault(instance, Record())
        if record.met_after is None:
            met = instance.goals().met(powers_WP)
            if met or not record.losses or loss < min(record.losses):
                record.best, record.powers = x_N.copy(), powers_WP
            record.losses.append(loss)
            if record.latest is not None:
                record.changed.append(int((record.latest != x_N).sum()))
            record.latest = x_N.copy()
            if len(record.losses) in self.keep:
                record.kept[len(record.losses)] = x_N.copy()
            if met:
                record.met_after = len(record.losses)
        return loss, slope_N
