"""What this machine has of what the reproductions need: found, missing, and what to do about it."""

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from common import datasets
from common.config import ROOT
from common.errors import RepriseError

GIGABYTE = 1e9


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Attributes:
        name: of the thing.
        state: "missing" stops the work, "advice" does not.
        found: what is there.
        todo: what to do, where something is to be done.
    """

    name: str
    state: Literal["ok", "advice", "missing"]
    found: str
    todo: str = ""


def examine(root: Path = ROOT) -> Iterator[Check]:
    """Yield the checks of this machine and of the checkout at `root`, one after the other."""
    yield _python()
    yield _packages(root / "requirements.lock")
    yield from _torch()
    yield _rival("torchvision", "beside a CPU torch it breaks `import pytorch_lightning`", _torch_is_for_cpu)
    yield _rival("lightning", "it clashes with pytorch-lightning, the same library under another name")
    yield _threads()
    yield _disk(root)
    yield _git(root)
    yield _dvc(root)
    yield from _data()
    yield _chinese()
    yield _cluster()


def _python() -> Check:
    return Check("python", "ok", f"{platform.python_version()} at {sys.executable}")


def _packages(lock: Path) -> Check:
    pins = re.findall(r"^([\w.-]+)==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    missing, other = [], []
    for name, pin in pins:
        found = _version(name)
        if found is None:
            missing.append(name)
        elif found.split("+")[0] != pin:
            other.append(f"{name} {found} (pinned {pin})")
    renew = "`make setup`, or `pip install -r requirements.lock`"
    if missing:
        return Check("packages", "missing", f"not installed: {', '.join(missing)}", renew)
    if other:
        return Check("packages", "advice", ", ".join(other), f"digits may differ; {renew}")
    return Check("packages", "ok", f"all {len(pins)} of requirements.lock, as pinned")


def _torch() -> Iterator[Check]:
    if importlib.util.find_spec("torch") is None:
        yield Check("torch", "missing", "not installed", "`make setup`")
        return
    import torch  # noqa: PLC0415  (takes a second: only here)

    yield Check("torch", "ok", f"{torch.__version__}, {torch.get_num_threads()} threads")
    if torch.cuda.is_available():
        cards = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
        yield Check("GPU", "ok", ", ".join(f"{c.name} ({c.total_memory / GIGABYTE:.0f} GB)" for c in cards))
    elif shutil.which("nvidia-smi"):
        yield Check("GPU", "advice", "there, but torch does not see it", "install a torch that fits its driver")
    else:
        yield Check("GPU", "ok", "none; every scale but `paper` is made for the CPU")


def _torch_is_for_cpu() -> bool:
    import torch  # noqa: PLC0415  (takes a second: only here)

    return torch.version.cuda is None


def _rival(package: str, harm: str, harmful: Callable[[], bool] = lambda: True) -> Check:
    found = _version(package)
    if found is None:
        return Check(f"no {package}", "ok", "not installed, as it should be")
    if not harmful():
        return Check(f"no {package}", "ok", f"{found}, does no harm here")
    return Check(f"no {package}", "missing", f"{found}: {harm}", f"`pip uninstall {package}`")


def _threads() -> Check:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    limit = os.environ.get("OMP_NUM_THREADS")
    return Check("threads", "ok", f"{cores} cores" + (f", OMP_NUM_THREADS={limit}" if limit else ""))


def _disk(root: Path) -> Check:
    free = shutil.disk_usage(root).free / GIGABYTE
    if free < 2:
        return Check("disk", "advice", f"{free:.1f} GB free", "make room: data and caches take 2 GB")
    return Check("disk", "ok", f"{free:.0f} GB free")


def _git(root: Path) -> Check:
    if shutil.which("git") is None:
        return Check("git", "missing", "not installed", "install git: DVC needs it")
    command = ["git", "-C", str(root), "rev-parse", "--is-inside-work-tree"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return Check("git", "missing", f"{root} is no checkout", "clone the repository, or `git init`")
    return Check("git", "ok", f"{root} is a checkout")


def _dvc(root: Path) -> Check:
    found = _version("dvc")
    if found is None or not (root / ".dvc" / "config").exists():
        return Check("DVC", "missing", "not installed" if found is None else "no .dvc/config", "`make setup`")
    left = sorted(file.parent.name for file in (root / ".scratch" / "scale").glob("*/params.yaml"))
    if left:
        todo = f"if that run was killed, `reprise repro {left[0]}` puts it back"
        return Check("DVC", "advice", f"params.yaml of {', '.join(left)} is replaced for a run", todo)
    return Check("DVC", "ok", found)


def _data() -> Iterator[Check]:
    mirror = os.environ.get("REPRISE_DATA")
    if mirror and not Path(mirror).is_dir():
        yield Check("REPRISE_DATA", "advice", f"{mirror} is no folder", "point it at a mirror, or unset it")
    for row in (*datasets.overview(), *datasets.texts.overview()):
        name, size = f"data: {row.name}", f"{row.nbytes / 1e6:.1f} MB"
        if row.state == "missing":
            yield Check(name, "advice", f"not here ({size})", f"`reprise data fetch {row.name}`")
        else:
            yield Check(name, "ok", f"{row.state} ({size})")


def _chinese() -> Check:
    from common.fonts import fonts_for  # noqa: PLC0415  (starts Typst)

    try:
        return Check("Chinese font", "ok", str(fonts_for("汉字")[1]))
    except RepriseError:
        todo = "for reports in Chinese: `pip install 'mplfonts==0.0.11'`, or install Noto CJK"
        return Check("Chinese font", "advice", "none", todo)


def _cluster() -> Check:
    found = "SLURM: `reprise sweep KEY --cluster slurm`" if shutil.which("sbatch") else "none; not needed"
    return Check("cluster", "ok", found)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
