"""Run a paper's DVC pipeline at a scale, in a way that an interrupt leaves whole."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TextIO

from common.at_scale import at_scale
from common.errors import RepriseError


class PipelineError(RepriseError):
    """A pipeline stopped."""


def repro(paper_dir: Path, scale: str, *, force: bool = False) -> None:
    """Bring the results and reports of one paper up to date at `scale`.

    At laptop scale that is `dvc repro KEY` and no more; `common.at_scale` says what the other scales do.

    Args:
        paper_dir: the paper's folder, `<root>/papers/<key>`.
        scale: one of `common.config.SCALES`.
        force: run every stage, even those that are up to date.
    """
    root, key = paper_dir.parent.parent, paper_dir.name
    target = key if scale == "laptop" else f"papers/{key}/dvc.yaml"
    with at_scale(paper_dir, scale) as lock:
        dvc(root, "repro", *(["--force"] if force else []), target, lock=lock)
    # Reports read the results of every scale that is there; alone, they do not start laptop's experiments.
    dvc(root, "repro", "--single-item", key, "scoreboard")


def dvc(root: Path, *arguments: str, lock: TextIO | None = None) -> None:
    """Run DVC in `root`, and hand it `lock` to hold if this process is killed.

    Raises:
        PipelineError: DVC failed; it has said why.
        KeyboardInterrupt: this process was interrupted or terminated; DVC and its stage have ended.
    """
    # DVC waits for its stage on SIGINT, but dies of SIGTERM and leaves the stage running. So every signal
    # reaches the whole group as SIGINT: the stage saves its checkpoint, DVC releases its locks, we go on.
    process = subprocess.Popen(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=root,
        env=environment(root),
        stdin=subprocess.DEVNULL,
        process_group=0,
        pass_fds=() if lock is None else (lock.fileno(),),
    )
    interrupted = False

    def pass_on(signum: int, frame: object) -> None:
        nonlocal interrupted
        interrupted = True
        os.killpg(process.pid, signal.SIGINT)

    caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = [signal.signal(number, pass_on) for number in caught]
    try:
        code = process.wait()
    finally:
        for number, handler in zip(caught, previous, strict=True):
            signal.signal(number, handler)
    if interrupted:
        raise KeyboardInterrupt
    if code:
        raise PipelineError(f"`dvc {' '.join(arguments)}` failed; the reason stands above")


def environment(root: Path) -> dict[str, str]:
    """Environment of a stage: `python` is this interpreter, and imports find the checkout `root` first."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    packages = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PATH": path, "PYTHONPATH": packages}
