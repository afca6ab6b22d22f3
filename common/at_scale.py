"""A paper held at a scale other than laptop: its overlay is laid over params.yaml while the pipeline runs.

Then params.yaml and dvc.lock come back, so that the laptop pipeline is as up to date as it was. The results
stay, because every output of a paper's pipeline has `${scale}` in its path. What a kill leaves behind, the
next start puts right.
"""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import yaml

from common.config import overlay, read_yaml
from common.errors import RepriseError

_NOTE = """\
# {key} at scale {scale}, written for one run; do not edit. The real params.yaml waits in .scratch/scale/{key}
# and comes back when the run ends, or with the next `reprise repro` if it was killed.
"""


class ScaleError(RepriseError):
    """A paper has no such scale, or is being run already."""


@contextmanager
def at_scale(paper_dir: Path, scale: str) -> Iterator[TextIO]:
    """Keep everybody else from running a paper, and its params.yaml at `scale`, meanwhile.

    Args:
        paper_dir: the paper's folder, `<root>/papers/<key>`.
        scale: one of `common.config.SCALES`.

    Yields:
        The lock. A process that inherits it keeps the paper locked, even if this process is killed.
    """
    with _locked(paper_dir) as lock:
        recover(paper_dir)
        if scale == "laptop":
            yield lock
            return
        text = _overlaid(paper_dir, scale)
        _save(paper_dir, text)
        try:
            (paper_dir / "params.yaml").write_text(text, encoding="utf-8")
            yield lock
        finally:
            _restore(paper_dir)


def recover(paper_dir: Path) -> None:
    """Put back the params.yaml and dvc.lock that a killed run at another scale had replaced."""
    if _backup(paper_dir).exists():
        print(f"{paper_dir.name}: a killed run had replaced params.yaml; it is back", file=sys.stderr)
        _restore(paper_dir)


@contextmanager
def _locked(paper_dir: Path) -> Iterator[TextIO]:
    file = _backup(paper_dir).with_suffix(".lock")
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ScaleError(f"{paper_dir.name} is being run already; wait for it or stop it") from None
        yield lock


def _overlaid(paper_dir: Path, scale: str) -> str:
    file = paper_dir / "scales" / f"{scale}.yaml"
    if not file.exists():
        known = ", ".join(["laptop", *sorted(path.stem for path in file.parent.glob("*.yaml"))])
        raise ScaleError(f"{paper_dir.name} has no scale '{scale}' (known: {known})")
    values = overlay(read_yaml(paper_dir / "params.yaml"), read_yaml(file))
    if values.get("scale") != scale:
        raise ScaleError(f"{file}: scale: must be '{scale}' (got {values.get('scale')!r})")
    return _NOTE.format(key=paper_dir.name, scale=scale) + yaml.safe_dump(values, sort_keys=False)


def _backup(paper_dir: Path) -> Path:
    return paper_dir.parent.parent / ".scratch" / "scale" / paper_dir.name


def _save(paper_dir: Path, overlaid: str) -> None:
    partial = _discard(_backup(paper_dir))
    partial.mkdir(parents=True)
    for name in ("params.yaml", "dvc.lock"):
        if (paper_dir / name).exists():
            shutil.copy2(paper_dir / name, partial)
    (partial / "overlaid.yaml").write_text(overlaid, encoding="utf-8")
    partial.rename(_backup(paper_dir))


def _restore(paper_dir: Path) -> None:
    backup, params = _backup(paper_dir), paper_dir / "params.yaml"
    expected = [(backup / name).read_bytes() for name in ("params.yaml", "overlaid.yaml")]
    if params.exists() and params.read_bytes() not in expected:
        params.replace(paper_dir / "params.edited.yaml")
        print(f"{params} was edited during the run; the edit is in params.edited.yaml", file=sys.stderr)
    for name in ("params.yaml", "dvc.lock"):
        if (backup / name).exists():
            copy = shutil.copy2(backup / name, paper_dir / f"{name}.partial")
            Path(copy).replace(paper_dir / name)
        else:
            (paper_dir / name).unlink(missing_ok=True)
    # DVC staged the other scale's lock (core.autostage): stage the real one. No Git, no matter.
    stage = ["git", "add", "--all", "--", "dvc.lock"]
    subprocess.run(stage, cwd=paper_dir, check=False, stderr=subprocess.DEVNULL)
    _discard(backup)


def _discard(backup: Path) -> Path:
    # Renamed first: a folder that is half deleted must not look like a backup.
    partial = backup.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    if backup.exists():
        backup.rename(partial)
        shutil.rmtree(partial)
    return partial
