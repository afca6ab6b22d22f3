"""Checkpoints for resuming: plain data, written so that a crash at any time leaves a whole one."""

import io
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric.plugins import CheckpointIO

from common.errors import RepriseError


class CheckpointError(RepriseError):
    """A checkpoint cannot be written or read."""


class AtomicCheckpoints(CheckpointIO):
    """Gives Lightning our way of reading and writing: at all times the older or the newer checkpoint is whole."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str, storage_options: None = None) -> None:
        """Replace the file `path`, or fail with `CheckpointError` and leave it; the rest as Lightning says."""
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        write_atomically(Path(path), buffer.getbuffer())

    def load_checkpoint(self, path: str, map_location: Any = None, weights_only: bool | None = True) -> dict[str, Any]:
        """Read a checkpoint.

        Args:
            path: the file.
            map_location: no choice; every tensor goes to the CPU first.
            weights_only: no choice; nothing but tensors and plain values is ever read.

        Returns:
            What was saved.

        Raises:
            CheckpointError: the file is no checkpoint of ours.
        """
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            reason = str(error).splitlines()[0]
            raise CheckpointError(f"cannot read {path}: {reason}; delete it to start afresh") from error

    def remove_checkpoint(self, path: str) -> None:
        """Delete the checkpoint at `path`, and what an earlier crash left beside it."""
        for file in Path(path).parent.glob(f"{Path(path).name}*"):
            file.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Write beside `path`, flush to the disk, and rename into place.

    Args:
        path: the file; its folder exists.
        content: all of it.

    Raises:
        CheckpointError: the disk is full or not writable; what was at `path` is untouched.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise CheckpointError(
            f"cannot write {path} ({len(content) / 2**20:.1f} MiB): {error.strerror}; "
            "make room and start again: training goes on from the checkpoint before"
        ) from None


def rng_state() -> dict[str, Any]:
    """Tell the state of this process's global random generators, in tensors and plain values."""
    name, words, *rest = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(words.astype(np.int64)), *rest),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
    }


def set_rng_state(state: dict[str, Any]) -> None:
    """Undo all draws since `rng_state` gave `state`."""
    name, words, *rest = state["numpy"]
    random.setstate(state["python"])
    np.random.set_state((name, words.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state["torch"])
    if state["cuda"] is not None:
        torch.cuda.set_rng_state(state["cuda"])
