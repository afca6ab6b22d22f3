"""Fan the stages of a paper's pipeline out: side by side on this machine, or as jobs of a SLURM cluster.

DVC runs one stage at a time. Here each stage is a `dvc repro --single-item` of its own, started as soon as
the stages it depends on are done. They share DVC's locks and cache, so every node of a cluster has to see
this checkout.
"""

import re
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from common.at_scale import at_scale
from common.errors import RepriseError
from common.pipeline import environment

POLL_SECONDS = 0.5


class SweepError(RepriseError):
    """A stage failed, or the cluster refused it."""


def sweep(
    paper_dir: Path,
    scale: str = "laptop",
    *,
    jobs: int = 1,
    cluster: str | None = None,
    options: Mapping[str, int | str] | None = None,
) -> None:
    """Run every stage of a paper's pipeline that is out of date, many at once.

    Args:
        paper_dir: the paper's folder, `<root>/papers/<key>`.
        scale: one of `common.config.SCALES`.
        jobs: stages at a time on this machine.
        cluster: None for this machine; "slurm"; or "local", submitit's dry run of a cluster.
        options: of the cluster's jobs, as submitit names them: gpus_per_node, timeout_min, ...

    Raises:
        SweepError: a stage failed. No other was started after it; those that were running were finished.
    """
    root = paper_dir.parent.parent
    with at_scale(paper_dir, scale) as lock:
        pool = _cluster(root, cluster, options or {}) if cluster else ThreadPoolExecutor(jobs)
        # A cluster's job is another process on another machine: it cannot inherit the lock.
        failed = _run_all(stages(paper_dir), pool, root, None if cluster else lock)
    if failed:
        raise SweepError(f"failed: {', '.join(failed)}; the reasons stand above, finished stages are kept")


def stages(paper_dir: Path) -> dict[str, set[str]]:
    """Return every stage of a paper's pipeline with the stages that it depends on."""
    root, file = paper_dir.parent.parent, f"papers/{paper_dir.name}/dvc.yaml"
    dot = subprocess.run(
        [sys.executable, "-m", "dvc", "dag", "--dot", file],
        cwd=root,
        env=environment(root),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    graph = {}
    for line in dot.splitlines():
        names = re.findall(r'"([^"]+)"', line)
        graph.setdefault(names[-1], set()).update(names[:-1]) if names else None
    return graph


def _run_all(graph: dict[str, set[str]], pool: Any, root: Path, lock: TextIO | None) -> list[str]:
    """Submit each stage to `pool` once its dependencies have succeeded; return the stages that failed."""
    sorter, running, failed = TopologicalSorter(graph), {}, []
    sorter.prepare()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("stages", total=len(graph))
        try:
            while running or (sorter.is_active() and not failed):
                for stage in () if failed else sorter.get_ready():
                    running[stage] = _submit(pool, root, stage, lock)
                time.sleep(POLL_SECONDS)
                for stage in [stage for stage, job in running.items() if job.done()]:
                    code, output = _outcome(running.pop(stage))
                    bar.console.print(output, markup=False, highlight=False, end="")
                    if code:
                        failed.append(stage)
                    else:
                        sorter.done(stage)
                        bar.advance(task)
        finally:  # params.yaml must not change under a stage that still runs
            for job in running.values():
                job.cancel()
            while not all(job.done() for job in running.values()):
                time.sleep(POLL_SECONDS)
    return failed


def _submit(pool: Any, root: Path, stage: str, lock: TextIO | None) -> Any:
    try:
        return pool.submit(run_stage, root, stage, lock and lock.fileno())
    except RuntimeError as error:  # submitit: the cluster does not take the job
        raise SweepError(f"cannot submit {stage}: {' '.join(str(error).split())}") from None


def _outcome(job: Any) -> tuple[int, str]:
    try:
        return job.result()
    except RuntimeError as error:  # submitit: the cluster ended the job
        return 1, f"{error}\n"


def run_stage(root: Path, stage: str, lock: int | None = None) -> tuple[int, str]:
    """Run one stage and return DVC's exit code and output; `lock` is a descriptor for DVC to hold."""
    command = [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--single-item", stage]
    done = subprocess.run(
        command,
        cwd=root,
        env=environment(root),
        pass_fds=() if lock is None else (lock,),
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


def _cluster(root: Path, cluster: str, options: Mapping[str, int | str]) -> Any:
    import submitit  # noqa: PLC0415  (only clusters need it)

    try:
        executor = submitit.AutoExecutor(folder=root / ".scratch" / "sweep", cluster=cluster)
        executor.update_parameters(**options)
    except (AssertionError, NameError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise SweepError(f"submitit refuses cluster {cluster!r} with {dict(options)}: {reason}") from None
    return executor
