"""Many jobs in worker processes: order, and what is left when one of them, or all, are stopped."""

import os
import signal
import subprocess
import sys
import time
from ast import literal_eval
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common.config import ROOT
from common.errors import RepriseError
from common.parallel import WorkerLost, run_all
from tests.common.toy_stage import JOBS, LAST, run

SQUARES = [number**2 for number in range(JOBS)]


def started(folder: Path) -> list[int]:
    """The numbers of the jobs that began, in their order."""
    return [int(line.split()[0]) for line in (folder / "started").read_text().splitlines()]


def test_results_come_in_the_order_of_the_jobs_not_of_their_ends(tmp_path: Path):
    assert run("square", tmp_path, workers=3) == SQUARES
    assert sorted(started(tmp_path)) == list(range(JOBS))


def test_workers_are_other_processes(tmp_path: Path):
    _, processes = zip(*run("threads", tmp_path, workers=2), strict=True)
    assert 1 <= len(set(processes)) <= 2
    assert os.getpid() not in processes


@pytest.mark.parametrize("workers", [1, 2])
def test_every_library_gets_the_threads_asked_for(tmp_path: Path, workers, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    with program("threads", tmp_path, workers) as process:
        output, complaint = process.communicate()
    assert process.returncode == 0, complaint
    assert {threads for threads, _ in literal_eval(output)} == {1}


def test_one_worker_is_this_process(tmp_path: Path):
    assert run("square", tmp_path, workers=1) == SQUARES
    _, processes = zip(*run("threads", tmp_path, workers=1), strict=True)
    assert set(processes) == {os.getpid()}


def test_a_failing_job_says_so_itself_and_the_finished_ones_are_kept(tmp_path: Path):
    with pytest.raises(RepriseError, match=r"^toy: there is no sixth job$"):
        run("failing", tmp_path, workers=2)
    assert run("failing", tmp_path, workers=2) == SQUARES
    assert sorted(started(tmp_path)) == [*range(JOBS), LAST]


def test_a_worker_that_is_killed_is_one_line_and_the_finished_jobs_are_kept(tmp_path: Path):
    with pytest.raises(WorkerLost, match=r"^toy: a worker process was killed .*; run again to go on from the finished"):
        run("killed", tmp_path, workers=2)
    assert run("killed", tmp_path, workers=2) == SQUARES
    assert sorted(started(tmp_path)) == [*range(JOBS), LAST]


def test_no_jobs_are_no_work(tmp_path: Path):
    assert run_all(abs, [], workers=2, threads=1, label="nothing", preload=["torch"]) == []


@contextmanager
def program(name: str, folder: Path, workers: int) -> Iterator[subprocess.Popen]:
    command = [sys.executable, "-m", "tests.common.toy_stage", name, str(folder), str(workers)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, process_group=0) as process:
        try:
            yield process
        finally:
            if process.poll() is None:  # the test has failed
                os.killpg(process.pid, signal.SIGKILL)


def wait_for_workers(folder: Path, process: subprocess.Popen, workers: int) -> list[int]:
    """Process numbers of the workers, once each has begun a job."""
    file = folder / "started"
    while not (file.exists() and len(file.read_text().splitlines()) == workers):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    return [int(line.split()[1]) for line in file.read_text().splitlines()]


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize(
    ("name", "number", "to_group"),
    [("sleeping", signal.SIGTERM, False), ("saving", signal.SIGINT, True)],
    ids=["SIGTERM", "Ctrl-C while training"],
)
def test_a_signal_ends_the_workers_and_starts_no_other_job(tmp_path: Path, name, number, to_group):
    with program(name, tmp_path, workers=2) as process:
        workers = wait_for_workers(tmp_path, process, 2)
        (os.killpg if to_group else os.kill)(process.pid, number)
        _, complaint = process.communicate()
    assert process.returncode == 130
    assert "interrupted: finished work is kept" in complaint
    assert "Traceback" not in complaint
    assert not [worker for worker in workers if is_running(worker)]
    assert sorted(started(tmp_path)) == [0, 1]
    if name == "saving":
        assert (tmp_path / "saved 0").exists()


def test_a_stage_that_is_killed_goes_on_from_its_finished_jobs(tmp_path: Path):
    with program("killed", tmp_path, workers=1) as process:
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert started(tmp_path) == list(range(JOBS))
    with program("killed", tmp_path, workers=1) as process:
        assert process.communicate()[0] == f"{SQUARES}\n"
    assert started(tmp_path) == [*range(JOBS), LAST]
