"""Where results come from: versions, hardware, commit and cost. Kept apart from the metrics, which must not vary."""

import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.config import ROOT

PACKAGES = (
    *("torch", "pytorch-lightning", "torch-geometric", "pytorch-optimizer"),
    *("numpy", "scipy", "numba", "networkx", "ortools", "dvc"),
)
"""The packages whose versions can change a number."""

CODE = (".", ":!reports", ":!papers/*/results/*", ":!*dvc.lock", ":!README*")
"""What makes a work tree dirty: anything but what a run itself writes; params.yaml holds another scale meanwhile."""


def provenance(seconds: float, threads: int | None = None, root: Path = ROOT) -> dict[str, Any]:
    """Describe this run.

    Args:
        seconds: wall time that the results cost.
        threads: CPU threads of each training process, for a run that trained.
        root: the repository.

    Returns:
        JSON values: python, packages (null where not installed), platform, cpu, cores (usable ones), memory_gib, gpus,
        threads, commit and dirty (null outside Git), seconds.
    """
    commit = _output("git", "-C", str(root), "rev-parse", "--verify", "--quiet", "HEAD")
    changes = _output("git", "-C", str(root), "status", "--porcelain", "--", *CODE)
    gpus = _output("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "gpus": gpus.splitlines() if gpus else [],
        "threads": threads,
        "commit": commit or None,
        "dirty": None if not commit or changes is None else bool(changes),
        "seconds": round(seconds, 3),
    }


def write_provenance(
    folder: Path, seconds: float, threads: int | None = None, details: Mapping[str, Any] | None = None
) -> None:
    """Write `provenance` to `folder`/provenance.json, with `details` of the caller's own beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = {**provenance(seconds, threads), **(details or {})}
    text = json.dumps(facts, indent=1, sort_keys=True) + "\n"
    (folder / "provenance.json").write_text(text, encoding="utf-8")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _output(*command: str) -> str | None:
    """Return what `command` prints, or None where it is missing or fails."""
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
