"""Many independent jobs in worker processes, with a progress bar; finished jobs are kept when one fails."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from threadpoolctl import threadpool_limits

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
        threads: of each worker, in torch, numpy and scipy alike. Two busy threads per core are slower than one.
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
        processes = pool._processes  # ours to keep: the pool forgets them when it breaks or shuts down
        with _sigterm_as_interrupt():
            try:
                futures = [pool.submit(_work, function, job) for job in jobs]
                for future in as_completed(futures):
                    _advanced(future.result(), advance)
            except BrokenProcessPool:
                _wait(processes.values())  # the pool has told the others to stop
                raise WorkerLost(
                    f"{label}: a worker process was killed (out of memory?); run again to go on from the finished jobs"
                ) from None
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for process in processes.values():
                    process.terminate()
                _wait(processes.values())
                raise
        pool.shutdown()
        return [future.result() for future in futures]


def _advanced(result: Result, advance: Callable[[], None]) -> Result:
    advance()
    return result


def _wait(processes: Iterable[BaseProcess]) -> None:
    for process in processes:
        process.join(timeout=SECONDS_TO_SAVE)
        process.kill()


@contextmanager
def _sigterm_as_interrupt():
    def interrupt(signum, frame):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


_stopping = threading.Event()
"""Set in a worker that has been told to stop."""


def _start_worker(threads: int) -> None:
    # A worker that dies breaks the pool, and the pool then sends SIGTERM to all: to a run that is saving its
    # checkpoint it would be a second signal, and the end. So no worker dies of a signal. Ctrl-C reaches all
    # processes of a terminal, but only the parent hears it, and passes it on as SIGTERM.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, lambda *_: _stopping.set())
    _set_threads(threads)


def _work(function: Callable[[Job], Result], job: Job) -> Result:
    """Do one job in a worker; SIGTERM ends it in `Interrupted`, and those that the pool has queued after it."""
    if _stopping.is_set():
        raise Interrupted(signal.SIGTERM, 0)
    idle = signal.signal(signal.SIGTERM, _interrupt)
    try:
        return function(job)
    except Interrupted:
        _stopping.set()
        raise
    finally:
        signal.signal(signal.SIGTERM, idle)


def _interrupt(signum: int, frame: object) -> None:
    raise Interrupted(signum, 0)


def _set_threads(threads: int) -> None:
    os.environ["OMP_NUM_THREADS"] = str(threads)  # for what is loaded later
    import torch  # noqa: PLC0415  (costs a second; callers that never run a job must not pay it)

    torch.set_num_threads(threads)
    threadpool_limits(threads)  # numpy's and scipy's, which were loaded before this worker was forked


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
