"""Many independent jobs in worker processes, with a progress bar; finished jobs are kept when one fails."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from common.errors import RepriseError
from common.interruption import Interrupted

Job = TypeVar("Job")
Result = TypeVar("Result")

SECONDS_TO_SAVE = 30
"""What a worker gets to save its checkpoint before it is killed."""


class WorkerLost(RepriseError):
    """A worker process died, most often because the machine ran out of memory."""


def run_all(
    function: Callable[[Job], Result],
    jobs: Sequence[Job],
    *,
    workers: int,
    threads: int,
    label: str,
    preload: Sequence[str] = (),
) -> list[Result]:
    """Apply `function` to every job, in worker processes, and return the results in the order of the jobs.

    Args:
        function: a module-level function of one job.
        jobs: what to work on; each must pickle.
        workers: processes; 1 works in this process, as a debugger or a GPU wants it.
        threads: torch threads of each worker. Two busy threads per core are slower than one.
        label: what the progress bar calls the jobs.
        preload: modules that the workers need; imported once, before the workers are forked.

    Returns:
        One result for each job.

    Raises:
        WorkerLost: a worker was killed. What `function` itself kept (see `common.scratch`) is not lost.
    """
    if workers == 1:
        _set_threads(threads)
    with _progress(label, len(jobs)) as advance:
        if workers == 1:
            return [_advanced(function(job), advance) for job in jobs]
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(preload))
        pool = ProcessPoolExecutor(min(workers, max(len(jobs), 1)), context, _start_worker, (threads,))
        with _sigterm_as_interrupt():
            try:
                futures = [pool.submit(_work, function, job) for job in jobs]
                for future in as_completed(futures):
                    _advanced(future.result(), advance)
            except BrokenProcessPool:
                raise WorkerLost(
                    f"{label}: a worker process was killed (out of memory?); run again to go on from the finished jobs"
                ) from None
            except BaseException:
                _stop(pool)
                raise
        pool.shutdown()
        return [future.result() for future in futures]


def _advanced(result: Result, advance: Callable[[], None]) -> Result:
    advance()
    return result


def _stop(pool: ProcessPoolExecutor) -> None:
    # Workers get SIGTERM, so that a training run among them saves its checkpoint before it ends.
    workers = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(timeout=SECONDS_TO_SAVE)
        worker.kill()


@contextmanager
def _sigterm_as_interrupt():
    def interrupt(signum, frame):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _work(function: Callable[[Job], Result], job: Job) -> Result:
    try:
        return function(job)
    except Interrupted as stop:  # saved itself on SIGTERM; the pool would have this worker begin the next job
        os._exit(stop.code)


def _start_worker(threads: int) -> None:
    # Ctrl-C reaches all processes of a terminal. Were it followed by the SIGTERM of `_stop`, a run that is
    # saving its checkpoint would die of the second signal; so the parent alone hears it, and passes it on.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    _set_threads(threads)


def _set_threads(threads: int) -> None:
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import torch  # noqa: PLC0415  (costs a second; callers that never run a job must not pay it)

    torch.set_num_threads(threads)


@contextmanager
def _progress(label: str, total: int) -> Iterator[Callable[[], None]]:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(label, total=total)
        yield lambda: bar.advance(task)
