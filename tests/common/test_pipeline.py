import os
import signal
import subprocess
import sys
import time

import pytest

from common import pipeline
from common.at_scale import ScaleError
from common.pipeline import PipelineError
from tests.common import toy_pipeline
from tests.common.toy_pipeline import PARAMS, commit, git


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    """A paper whose laptop scale has been run and committed."""
    paper = toy_pipeline.make(tmp_path_factory.mktemp("repository"))
    pipeline.repro(paper, "laptop")
    commit(paper.parent.parent)
    return paper


def dvc(root, *arguments):
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


def start(paper, scale):
    """Run `repro` in a process of its own, and wait until its stage runs."""
    (paper / "running").unlink(missing_ok=True)
    (paper / "saved").unlink(missing_ok=True)
    code = f"import pathlib; from common.pipeline import repro; repro(pathlib.Path({str(paper)!r}), {scale!r})"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    wait_for(paper / "running")
    return process


def wait_for(file):
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline, f"{file} never came"
        time.sleep(0.05)


def test_laptop_builds_results_report_and_scoreboard(paper):
    root = paper.parent.parent
    assert (paper / "results" / "laptop" / "metrics.json").read_text() == "laptop" * 2
    assert (root / "reports" / "index.html").read_text() == "laptop\n"


def test_another_scale_leaves_its_results_and_nothing_else(paper):
    root = paper.parent.parent
    lock = (paper / "dvc.lock").read_bytes()
    pipeline.repro(paper, "smoke")
    assert (paper / "results" / "smoke" / "metrics.json").read_text() == "smoke"
    assert (root / "reports" / "index.html").read_text() == "laptop\nsmoke\n"  # the report knows it
    assert (paper / "params.yaml").read_text() == PARAMS
    assert (paper / "dvc.lock").read_bytes() == lock
    assert "up to date" in dvc(root, "status")
    assert "papers/toy/dvc.lock" not in git(root, "diff", "--name-only", "HEAD")


def test_a_failed_stage_leaves_params_yaml_whole(paper, capfd):
    with pytest.raises(PipelineError, match=r"^`dvc repro papers/toy/dvc.yaml` failed"):
        pipeline.repro(paper, "paper")
    assert "no such part" in capfd.readouterr().err
    assert (paper / "params.yaml").read_text() == PARAMS


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_stage_save_before_anything_comes_back(paper, number):
    process = start(paper, "overnight")
    process.send_signal(number)
    assert process.wait(timeout=60)
    assert (paper / "saved").exists()
    assert (paper / "params.yaml").read_text() == PARAMS


def test_after_kill_9_the_paper_stays_held_until_its_stage_has_ended(paper, capfd):
    process = start(paper, "overnight")
    listing = ["ps", "-o", "pid=", "--ppid", str(process.pid)]
    group = int(subprocess.run(listing, check=True, capture_output=True, text=True).stdout)
    process.kill()
    process.wait()
    with pytest.raises(ScaleError, match="toy is being run already"):
        pipeline.repro(paper, "laptop")
    os.killpg(group, signal.SIGINT)
    for _ in range(100):
        try:
            pipeline.repro(paper, "laptop")
            break
        except ScaleError:  # the stage is still saving
            time.sleep(0.1)
    assert "a killed run had replaced params.yaml" in capfd.readouterr().err
    assert (paper / "params.yaml").read_text() == PARAMS


def test_stages_find_this_interpreter_and_this_checkout_first(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    found = pipeline.environment(tmp_path)
    assert found["PATH"].split(os.pathsep)[0] == os.path.dirname(sys.executable)
    assert found["PYTHONPATH"].split(os.pathsep) == [str(tmp_path), "elsewhere"]
