"""Minibatches of data that sits in memory: no worker processes, and any batch can be reached at once."""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from common.errors import RepriseError

Augment = Callable[[tuple[Tensor, ...], torch.Generator], tuple[Tensor, ...]]
"""Changes one batch; all its randomness must come from the generator."""


class TensorBatches:
    """Batches of equally long tensors, which may lie on a GPU.

    The order is a pure function of (seed, epoch), and what `augment` draws of (seed, epoch, batch, rank): so that
    the position, (epoch, batch), is all that resuming has to remember.
    """

    def __init__(
        self,
        tensors: Sequence[Tensor],
        batch_size: int,
        seed: int = 0,
        shuffle: bool = True,
        augment: Augment | None = None,
        drop_last: bool = True,
    ) -> None:
        """Take `tensors` of equal length.

        Args:
            tensors: each [N, ...], all on one device; not copied.
            batch_size: samples in a batch (of each process, if there are several).
            seed: of the order and of `augment`.
            shuffle: a new order in each epoch; else the order of the tensors.
            augment: applied to every batch.
            drop_last: leave out an incomplete last batch.

        Raises:
            RepriseError: lengths differ, or there is less than one batch.
        """
        self.tensors = tuple(tensors)
        self.batch_size, self.seed, self.shuffle = batch_size, seed, shuffle
        self.augment, self.drop_last = augment, drop_last
        self.epoch, self.batch, self.rank, self.world = 0, 0, 0, 1
        lengths = {len(tensor) for tensor in self.tensors}
        if len(lengths) != 1:
            raise RepriseError(f"the tensors of a batch must be equally long (got {sorted(lengths)})")
        self._require_a_batch()

    def __len__(self) -> int:
        """Batches in an epoch, for each process."""
        batches = len(self.tensors[0]) / (self.batch_size * self.world)
        return math.floor(batches) if self.drop_last or self.world > 1 else math.ceil(batches)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        """Yield the rest of the epoch from the position on; its last batch moves the position to the next epoch."""
        epoch, order = self.epoch, self._order()
        for batch in range(self.batch, len(self)):
            start = (batch * self.world + self.rank) * self.batch_size
            items = self._take(order, start)
            if self.augment is not None:
                items = self.augment(items, self._generator(epoch, batch, self.rank))
            following = batch + 1
            self.set_epoch(*((epoch, following) if following < len(self) else (epoch + 1, 0)))
            yield items

    def set_epoch(self, epoch: int, batch: int = 0) -> None:
        """Move to a position, for the next pass to start at."""
        self.epoch, self.batch = epoch, batch

    def shard(self, rank: int, world: int) -> None:
        """Give this process its part of every global batch of `world * batch_size` samples.

        An incomplete global batch is left out, so that all processes take equally many steps.
        """
        self.rank, self.world = rank, world
        self._require_a_batch()

    def to(self, device: torch.device) -> "TensorBatches":
        """Return the same batches with their data on `device`."""
        tensors = [tensor.to(device) for tensor in self.tensors]
        return TensorBatches(tensors, self.batch_size, self.seed, self.shuffle, self.augment, self.drop_last)

    def state_dict(self) -> dict[str, int]:
        """The position; with `load_state_dict` it makes this a stateful loader in torch's sense."""
        return {"epoch": self.epoch, "batch": self.batch}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Move to the position of `state`."""
        self.set_epoch(state["epoch"], state["batch"])

    def _order(self) -> Tensor | None:
        if not self.shuffle:
            return None
        order = torch.randperm(len(self.tensors[0]), generator=self._generator(self.epoch))
        return order.to(self.tensors[0].device)

    def _take(self, order: Tensor | None, start: int) -> tuple[Tensor, ...]:
        if order is None:
            return tuple(tensor[start : start + self.batch_size] for tensor in self.tensors)
        chosen = order[start : start + self.batch_size]
        return tuple(tensor.index_select(0, chosen) for tensor in self.tensors)

    def _generator(self, *position: int) -> torch.Generator:
        mixed = np.random.SeedSequence((self.seed, *position)).generate_state(1, np.uint64)[0]
        return torch.Generator().manual_seed(int(mixed) >> 1)

    def _require_a_batch(self) -> None:
        if len(self) == 0:
            samples, needed = len(self.tensors[0]), self.batch_size * self.world
            raise RepriseError(f"{samples} samples make no batch of {needed}: lower batch_size, or drop_last=False")
