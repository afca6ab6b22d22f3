"""What the rest of the project calls: names, info, load, fetch, verify, overview."""

import contextlib
import errno
import pickle
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from common.datasets import readers, registry, sources, splits, store
from common.datasets.download import Report
from common.datasets.errors import DatasetError, SourceError, unknown
from common.datasets.registry import Entry, FolderSource, Source

_DISK_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_UNREADABLE = (
    SourceError,
    OSError,
    EOFError,
    KeyError,
    ValueError,
    zlib.error,
    pickle.UnpicklingError,
    tarfile.TarError,
    zipfile.BadZipFile,
)
"""What a source that is absent or damaged raises somewhere between its first byte and its arrays."""


@dataclass(frozen=True)
class Dataset:
    """Images [N, H, W, C] uint8 from 0 to 255, labels [N] int64, and the classes' names by label.

    The images may be mapped from the cache, copy-on-write. `classes` is empty where labels are only ids.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One dataset for a table: `state` says where it would come from now; `nbytes` is its decoded size.

    Of a collection of texts in the state "samples" only the files shipped in `data/` are here.
    """

    name: str
    title: str
    nbytes: int
    state: Literal["cached", "mirror", "installed", "samples", "missing"]
    licence: str


def names() -> tuple[str, ...]:
    """The names of all datasets."""
    return tuple(registry.read())


def info(name: str) -> Entry:
    """The registry's entry of a dataset: title, licence, citation, arrays, sources.

    Raises:
        DatasetError: no such dataset; suggests the near one.
    """
    entries = registry.read()
    if name not in entries:
        raise DatasetError(unknown("dataset", name, entries))
    return entries[name]


def load(name: str, progress: bool = True) -> Dataset:
    """Return a dataset, fetching it first if this machine has not got it (see `fetch` for what may fail).

    Only dtype, shape and size of cached arrays are checked here; `verify` reads them all.
    """
    entry = info(name)
    fetch(name, progress)
    arrays = store.open_arrays(name, entry)
    if entry.split is not None:
        x, y = arrays["x"], arrays["y"]
        train, test = splits.indices(y, entry.split)
        arrays = {"x_train": x[train], "y_train": y[train], "x_test": x[test], "y_test": y[test]}
    for key in ("y_train", "y_test"):
        arrays[key] = arrays[key].astype(np.int64)
    return Dataset(name=name, classes=entry.classes, **arrays)


def fetch(name: str, progress: bool = True, force: bool = False) -> Path:
    """Bring a dataset into the cache unless it is there; of two processes one fetches, the other waits.

    Args:
        name: the dataset.
        progress: show a progress bar on stderr while it lasts.
        force: fetch again even what is there, as after `verify` found a fault.

    Returns:
        The cache folder with one .npy file per array.

    Raises:
        DatasetError: unknown name, no source has it (lists each with its reason and the way by hand), no
            space left, or the cache cannot be written.
    """
    entry = info(name)
    if store.is_whole(name, entry) and not force:
        return store.folder(name, entry)
    try:
        with store.locked(name):
            if force or not store.is_whole(name, entry):
                _fetch_from_first(name, entry, progress)
    except OSError as error:
        raise DatasetError(_disk_message(name, entry, error)) from error
    return store.folder(name, entry)


def verify(name: str) -> list[str]:
    """Read all cached arrays of a dataset and compare them with the registry.

    Returns:
        One line per fault, none when all is right; "not in the cache" when it was never fetched.
    """
    entry = info(name)
    if not store.folder(name, entry).exists():
        return ["not in the cache"]
    if not store.is_whole(name, entry):
        return ["incomplete: an array is missing, cut or of another shape"]
    return store.faults(store.open_arrays(name, entry), entry)


def overview() -> list[Row]:
    """A row per dataset, in registry order."""
    return [Row(n, e.title, e.nbytes, _state(n, e), e.licence) for n, e in registry.read().items()]


def _state(name: str, entry: Entry) -> Literal["cached", "mirror", "installed", "missing"]:
    if store.is_whole(name, entry):
        return "cached"
    for source in entry.sources:
        if sources.at_hand(source):
            return "mirror" if isinstance(source, FolderSource) else "installed"
    return "missing"


def _fetch_from_first(name: str, entry: Entry, progress: bool) -> None:
    """Try the sources in order until one gives the registry's arrays, and store those."""
    scratch = store.root() / "downloads" / name
    scratch.mkdir(parents=True, exist_ok=True)
    tried = []
    with _progress(name, progress) as start:
        for source in entry.sources:
            try:
                arrays = _arrays(source, entry, scratch, start(source))
            except _UNREADABLE as error:
                if isinstance(error, OSError) and error.errno in _DISK_FAULTS:
                    raise
                tried.append(f"  {source.label}: {_one_line(error)}")
                continue
            store.write(name, entry, arrays, source.label)
            shutil.rmtree(scratch)
            return
    raise DatasetError("\n".join([f"dataset {name!r} cannot be fetched; tried:", *tried, *_by_hand(entry)]))


def _arrays(source: Source, entry: Entry, scratch: Path, report: Report) -> readers.Arrays:
    """Read one source and hold the result against the registry.

    Raises:
        SourceError: the arrays are not the registry's.
    """
    found = readers.READERS[source.reader](sources.read(source, scratch, report))
    arrays = {key: np.ascontiguousarray(array) for key, array in found.items()}
    if wrong := store.faults(arrays, entry):
        raise SourceError("; ".join(wrong))
    return arrays


def _by_hand(entry: Entry) -> Iterator[str]:
    yield f"by hand: {entry.manual}"
    for source in entry.sources:
        if isinstance(source, FolderSource):
            files = ", ".join(file.name for file in source.outer_files)
            base = sources.mirror()
            where = base / source.path if base else f"FOLDER/{source.path} and set REPRISE_DATA=FOLDER"
            yield f"  put {files} into {where}"


def _disk_message(name: str, entry: Entry, error: OSError) -> str:
    return (
        f"dataset {name!r} cannot be stored in {store.root()}: {error.strerror or error}; it needs "
        f"{entry.nbytes / 1e6:.0f} MB and its download: make room, or set REPRISE_CACHE to another folder"
    )


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, SourceError) else f"unreadable: {text or type(error).__name__}"


@contextlib.contextmanager
def _progress(name: str, show: bool) -> Iterator[Callable[[Source], Report]]:
    """Yield a function that starts the bar of a source (a line, in a log) and returns what moves it."""
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    console = Console(stderr=True, quiet=not show)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(name, total=None)

        def start(source: Source) -> Report:
            if not console.is_terminal:
                console.print(f"{name}: trying {source.label}")
            bars.reset(task, total=None, description=f"{name}: trying {source.label}")
            return lambda have, total: bars.update(task, completed=have, total=total)

        yield start
