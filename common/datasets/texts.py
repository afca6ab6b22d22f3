"""Collections of small text files (graphs, maps, tours), each file known by the sha256 of its lines.

`data/texts.yaml` says what they are. A few files of each lie in `data/<collection>/*.gz`; the others come from the
folder in `REPRISE_DATA`, from the cache, or from the web. Line ends and the width of gaps do not count, so that
every faithful copy passes.
"""

import functools
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from common import config
from common.config import Config
from common.datasets import sources, store
from common.datasets.access import Row
from common.datasets.download import download
from common.datasets.errors import DatasetError, SourceError, unknown
from common.datasets.registry import Sha256, Text

TEXTS = config.ROOT / "data" / "texts.yaml"


class Collection(Config):
    """What the files of a collection have in common. `mirror` and `urls` name a file by `{name}`."""

    title: Text
    licence: Text
    citation: Text
    manual: Text
    nbytes: PositiveInt
    mirror: Annotated[str, Field(pattern=r"/[^/]*\{name\}")]
    urls: Annotated[tuple[str, ...], Field(min_length=1)]
    files: Annotated[dict[str, Sha256], Field(min_length=1)]

    def file_name(self, name: str) -> str:
        """The file's own name, such as "G1.txt"."""
        return PurePosixPath(self.mirror.format(name=name)).name


class Collections(Config):
    """The whole of `data/texts.yaml`."""

    collections: dict[str, Collection]


@functools.cache
def collections() -> dict[str, Collection]:
    """The collections by name, in file order; `ConfigError` says what is wrong with the file."""
    return config.load(Collections, TEXTS).collections


def info(collection: str) -> Collection:
    """The entry of a collection.

    Raises:
        DatasetError: no such collection; suggests the near one.
    """
    if collection not in collections():
        raise DatasetError(unknown("collection", collection, collections()))
    return collections()[collection]


def read(collection: str, name: str) -> str:
    """Return the text of a file, fetching it first if this machine has not got it.

    Raises:
        DatasetError: no such collection or file, or no source has it (lists each with its reason).
    """
    entry = info(collection)
    if name not in entry.files:
        raise DatasetError(unknown(f"{collection} file", name, entry.files))
    tried = []
    for label, path in _places(collection, entry, name):
        try:
            return _checked(path, entry.files[name])
        except SourceError as error:
            tried.append(f"  {label}: {error}")
    try:
        for template in entry.urls:
            try:
                return _download(template.format(name=name), _cached(collection, entry, name), entry.files[name])
            except SourceError as error:
                tried.append(f"  {template.format(name=name)}: {error}")
    except OSError as error:
        reason = error.strerror or error
        raise DatasetError(f"{collection}: {name} cannot be stored in {store.root()}: {reason}") from error
    raise DatasetError("\n".join([f"{collection}: {name} cannot be had; tried:", *tried, _by_hand(entry, name)]))


def fetch(collection: str) -> Path:
    """Bring all files of a collection to this machine (see `read` for what may fail); return its cache folder."""
    for name in info(collection).files:
        read(collection, name)
    return store.root() / collection


def verify(collection: str) -> list[str]:
    """Read every copy that is here and hold it against its checksum: one line per fault."""
    entry = info(collection)
    faults = []
    for name, sha256 in entry.files.items():
        for _, path in _places(collection, entry, name):
            try:
                if path is not None and path.exists():
                    _checked(path, sha256)
            except SourceError as error:
                faults.append(str(error))
    return faults


def overview() -> list[Row]:
    """A row per collection, in file order."""
    return [Row(n, c.title, c.nbytes, _state(n, c), c.licence) for n, c in collections().items()]


def _state(collection: str, entry: Collection) -> Literal["cached", "mirror", "samples"]:
    here = [
        next((label for label, path in _places(collection, entry, name) if path and path.is_file()), None)
        for name in entry.files
    ]
    if None in here:
        return "samples"
    return "mirror" if any(label.startswith("$") for label in here) else "cached"


def _places(collection: str, entry: Collection, name: str) -> Iterator[tuple[str, Path | None]]:
    """Where a copy may lie on this machine, each with its label; None without `REPRISE_DATA`."""
    shipped = TEXTS.parent / collection / f"{entry.file_name(name)}.gz"
    yield config.shown(shipped), shipped
    below = entry.mirror.format(name=name)
    base = sources.mirror()
    yield f"${sources.MIRROR_VARIABLE}/{below}", base / below if base else None
    cached = _cached(collection, entry, name)
    yield str(cached), cached


def _cached(collection: str, entry: Collection, name: str) -> Path:
    return store.root() / collection / entry.file_name(name)


def _download(url: str, target: Path, sha256: str) -> str:
    """Bring a file into the cache, one process at a time, and return its text."""
    with store.locked(target.parent.name):
        target.parent.mkdir(exist_ok=True)
        download(url, target, None, lambda have, total: None)
        try:
            return _checked(target, sha256)
        except SourceError:
            target.unlink()
            raise


def _by_hand(entry: Collection, name: str) -> str:
    base = sources.mirror()
    where = f"{base or 'FOLDER'}/{entry.mirror.format(name=name)}"
    return f"by hand: {entry.manual} Put it at {where}" + ("" if base else " and set REPRISE_DATA=FOLDER")


def _checked(path: Path | None, sha256: str) -> str:
    """The text at `path`.

    Raises:
        SourceError: no such file, not to be read, or other lines than those with `sha256`.
    """
    if path is None:
        raise SourceError(f"{sources.MIRROR_VARIABLE} is not set")
    if not path.is_file():
        raise SourceError("not there")
    text = _lines(path)
    if (got := _digest(text)) != sha256:
        raise SourceError(f"{path}: wrong checksum: sha256 of the lines {got}, expected {sha256}")
    return text


def _lines(path: Path) -> str:
    """The lines of a text file or of its gzip, each without outer blanks and with single blanks inside."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("latin-1")
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: unreadable: {error}") from None
    return "".join(" ".join(line.split()) + "\n" for line in text.rstrip().splitlines())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("latin-1")).hexdigest()
