"""Finished parts of an unfinished stage, kept outside its outputs so that the next start goes on from them.

DVC deletes a stage's outputs before it runs the command again. What took long therefore waits here, under a
key that hashes everything which decides the result, and is removed when the stage has succeeded.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from common.config import ROOT
from common.errors import RepriseError

LIBRARIES = ("torch", "pytorch-lightning", "numpy", "numba", "networkx")
"""Packages whose version is part of every key."""


class Scratch:
    """The finished parts of one stage, one folder for each key.

    Args:
        stage: names the stage, such as "adaptive_optimizers/train/mnist"; one stage runs at a time.
    """

    def __init__(self, stage: str) -> None:
        self._folder = ROOT / ".scratch" / stage

    def once(self, key: str, compute: Callable[[Path], Any]) -> Any:
        """Return the result kept under `key`, or compute it and keep it.

        Args:
            key: see `run_key`.
            compute: called with a folder for checkpoints; returns JSON values.
        """
        folder = self._folder / key[:32]
        file = folder / "result.json"
        if not file.exists():
            write_json(file, compute(folder))
        return json.loads(file.read_text(encoding="utf-8"))

    def clear(self) -> None:
        """Forget everything: the stage has succeeded."""
        shutil.rmtree(self._folder, ignore_errors=True)


def run_key(*configs: BaseModel | dict | str | float, modules: Iterable[str]) -> str:
    """Hash all that decides a result: settings, the source of the code, the libraries' versions.

    Args:
        configs: settings and selectors; equal values give equal keys.
        modules: dotted names of the modules, or of packages with all their modules, that compute the result.

    Returns:
        A SHA-256 in hex.
    """
    digest = hashlib.sha256()
    for config in configs:
        values = config.model_dump(mode="json") if isinstance(config, BaseModel) else config
        digest.update(json.dumps(values, sort_keys=True).encode() + b"\0")
    for file in sorted({file for name in modules for file in _sources(name)}):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    for library in LIBRARIES:
        digest.update(f"{library} {importlib.metadata.version(library)}\0".encode())
    return digest.hexdigest()


def _sources(name: str) -> list[Path]:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise RepriseError(f"run_key: no source for module {name!r}")
    origin = Path(spec.origin)
    return sorted(origin.parent.rglob("*.py")) if spec.submodule_search_locations else [origin]


def write_json(file: Path, value: Any) -> None:
    """Write `value` to `file` as JSON with sorted keys, whole or not at all; NaN is refused."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, sort_keys=True, indent=1, allow_nan=False) + "\n"
    partial = file.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)
