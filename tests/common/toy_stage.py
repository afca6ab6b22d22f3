"""A stage of toy jobs that go wrong in the ways of real ones; run as a program, it can be killed.

`python -m tests.common.toy_stage FUNCTION FOLDER WORKERS`: every job notes in FOLDER/started that it began.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

from threadpoolctl import threadpool_info

from common import scratch
from common.errors import RepriseError, one_line_errors
from common.interruption import Interrupted, StopSignals
from common.parallel import run_all
from common.scratch import Scratch, run_key

JOBS = 6
LAST = JOBS - 1


class Job(NamedTuple):
    folder: Path
    number: int

    def begins(self) -> None:
        with (self.folder / "started").open("a") as file:
            file.write(f"{self.number} {os.getpid()}\n")

    def first_time(self) -> bool:
        mark = self.folder / f"tried {self.number}"
        tried = mark.exists()
        mark.touch()
        return not tried


def square(job: Job) -> int:
    job.begins()
    time.sleep(0.05 * (JOBS - job.number))  # the first job ends last
    return job.number**2


def threads(job: Job) -> tuple[int, int]:
    """The most threads of any library that computes, and the process."""
    import scipy.linalg  # noqa: F401  (loads a BLAS of its own)
    import torch

    pools = [pool["num_threads"] for pool in threadpool_info()]
    return max([torch.get_num_threads(), *pools]), os.getpid()


def killed(job: Job) -> int:
    """The last job dies of the first attempt, like one that the kernel kills for its memory."""
    return _kept(job, lambda: os.kill(os.getpid(), signal.SIGKILL))


def failing(job: Job) -> int:
    """The last job fails at the first attempt."""

    def fail() -> None:
        raise RepriseError("toy: there is no sixth job")

    return _kept(job, fail)


def _kept(job: Job, misfortune) -> int:
    scratch.ROOT = job.folder

    def compute(_: Path) -> int:
        job.begins()
        if job.number == LAST:
            time.sleep(0.5)  # all others are done
            if job.first_time():
                misfortune()
        return job.number**2

    return Scratch("toy").once(run_key(job.number, modules=()), compute)


def sleeping(job: Job) -> None:
    job.begins()
    time.sleep(60)


def saving(job: Job) -> None:
    """Every second job is like a training run: a signal lets it save, slowly, and end with `Interrupted`."""
    if job.number % 2:
        sleeping(job)
    with StopSignals() as signals:
        job.begins()
        for step in range(600):
            time.sleep(0.1)
            if signals.received is not None:
                time.sleep(1)
                (job.folder / f"saved {job.number}").touch()
                raise Interrupted(signals.received, step)


FUNCTIONS = {function.__name__: function for function in (square, threads, killed, failing, sleeping, saving)}


def run(name: str, folder: Path, workers: int) -> list:
    jobs = [Job(folder, number) for number in range(JOBS)]
    return run_all(FUNCTIONS[name], jobs, workers=workers, threads=1, label="toy", preload=["torch", "scipy.linalg"])


@one_line_errors
def main() -> None:
    name, folder, workers = sys.argv[1:]
    print(run(name, Path(folder), int(workers)))


if __name__ == "__main__":
    main()
