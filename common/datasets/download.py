"""One file over HTTP: resumable, checked, with progress."""

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from common.datasets.errors import SourceError

TIMEOUT_SECONDS = 10.0
"""Longest wait for a connection and for each next piece of a download."""

_ATTEMPTS = 5
_PIECE_BYTES = 1 << 18
_NETWORK_FAULTS = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError)

Report = Callable[[int, int | None], None]
"""Called with the bytes here and the bytes in all (None when unknown)."""


def download(url: str, target: Path, sha256: str | None, report: Report) -> Path:
    """Bring `url` to `target`, going on from `target.part` if an earlier download was cut.

    A cut connection is taken up again a few times while that brings something; what came stays in
    `target.part` for the next call. Without a `sha256` the check is the caller's.

    Returns:
        `target`, which exists only when whole and right.

    Raises:
        SourceError: not reachable, cut for good, or another file than the one with `sha256`.
    """
    part = target.with_name(target.name + ".part")
    reason = ""
    for _ in range(_ATTEMPTS):
        before = _size(part)
        try:
            total = _transfer(url, part, report)
        except _NETWORK_FAULTS as error:
            reason = _reason(error)
        else:
            if _size(part) >= total:
                break
            reason = f"cut at {_size(part)} of {total} bytes"
        if _size(part) == before:
            raise SourceError(reason)
    else:
        raise SourceError(f"{reason}; the next try goes on from there")
    if sha256 is not None and (got := sha256_of(part)) != sha256:
        part.unlink()
        raise SourceError(f"{target.name}: wrong checksum: sha256 {got}, expected {sha256}")
    return part.replace(target)


def _transfer(url: str, part: Path, report: Report) -> int:
    """Append to `part` until the server ends; return the whole file's size as the server states it."""
    have = _size(part)
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            return have
        raise
    with response, part.open("ab") as file:
        if response.status != http.client.PARTIAL_CONTENT:
            file.truncate(0)
            have = 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else None
        while piece := response.read(_PIECE_BYTES):
            file.write(piece)
            have += len(piece)
            report(have, total)
    return total if total is not None else have


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.reason}"
    return f"cannot be reached: {error.reason if isinstance(error, urllib.error.URLError) else error}"
