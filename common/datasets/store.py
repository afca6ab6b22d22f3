"""The cache: decoded arrays as .npy files, one folder per dataset, written whole or not at all."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import filelock
import numpy as np
import platformdirs
from rich.console import Console

from common.datasets.readers import Arrays
from common.datasets.registry import Array, Entry

STAMP = "stamp.json"


def root() -> Path:
    """The cache folder of this machine: `REPRISE_CACHE`, or the platform's (`~/.cache/reprise` on Linux)."""
    named = os.environ.get("REPRISE_CACHE")
    return Path(named).expanduser().absolute() if named else platformdirs.user_cache_path("reprise")


def folder(name: str, entry: Entry) -> Path:
    """Where the arrays of this version of the dataset belong."""
    return root() / f"{name}-{entry.fingerprint}"


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the dataset's lock; say so once if another process has it."""
    root().mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(root() / f"{name}.lock")
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        Console(stderr=True).print(f"waiting for another process that fetches {name} ...")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def is_whole(name: str, entry: Entry) -> bool:
    """Whether all arrays are there with the right dtype, shape and size (contents are not read)."""
    home = folder(name, entry)
    return (home / STAMP).is_file() and all(
        _has_layout(home / f"{key}.npy", array) for key, array in entry.arrays.items()
    )


def _has_layout(path: Path, array: Array) -> bool:
    try:
        stored = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return False
    return stored.dtype == array.dtype and stored.shape == array.shape


def open_arrays(name: str, entry: Entry) -> Arrays:
    """Map the arrays into memory, copy-on-write: writing to them changes nothing on the disk."""
    home = folder(name, entry)
    return {key: np.asarray(np.load(home / f"{key}.npy", mmap_mode="c")) for key in entry.arrays}


def write(name: str, entry: Entry, arrays: Arrays, source: str) -> Path:
    """Put checked arrays into the cache by one rename. The caller holds the dataset's lock.

    Raises:
        OSError: the disk's own complaint, with nothing half-written left behind.
    """
    home = folder(name, entry)
    partial = home.with_name(f"{home.name}.partial")
    for stale in (partial, home):
        if stale.exists():
            shutil.rmtree(stale)
    try:
        partial.mkdir()
        for key, array in arrays.items():
            _save(partial / f"{key}.npy", array)
        stamp = {"dataset": name, "source": source, "sha256": {k: a.sha256 for k, a in entry.arrays.items()}}
        (partial / STAMP).write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
        return partial.replace(home)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _save(path: Path, array: np.ndarray) -> None:
    """`numpy.save` whose failures keep their errno, and which is on the disk when it returns."""
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
        file.write(array.data)
        file.flush()
        os.fsync(file.fileno())


def faults(arrays: Arrays, entry: Entry) -> list[str]:
    """Compare arrays with the registry: one line per array that is missing or differs."""
    lines = []
    for key, spec in entry.arrays.items():
        array = arrays.get(key)
        if array is None:
            lines.append(f"{key}: missing")
        elif array.dtype != spec.dtype or array.shape != spec.shape:
            lines.append(f"{key}: {array.dtype} {array.shape}, expected {spec.dtype} {spec.shape}")
        elif (got := hashlib.sha256(array.data).hexdigest()) != spec.sha256:
            lines.append(f"{key}: wrong checksum: sha256 {got}, expected {spec.sha256}")
    return lines
