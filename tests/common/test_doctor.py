import subprocess
import sys

import pytest
import torch

from common import datasets, doctor
from common.config import ROOT
from common.datasets import Row


def by_name(checks):
    return {check.name: check for check in checks}


def test_this_environment_lacks_nothing():
    found = by_name(doctor.examine())
    assert not [check for check in found.values() if check.state == "missing"]
    assert found["torch"].found.startswith(torch.__version__)
    assert found["python"].found.endswith(sys.executable)


@pytest.mark.parametrize(
    ("package", "cuda", "state"),
    [("torchvision", None, "missing"), ("torchvision", "13.0", "ok"), ("lightning", None, "missing")],
)
def test_what_clashes_with_pytorch_lightning_is_found(monkeypatch, package, cuda, state):
    monkeypatch.setattr(doctor, "_version", lambda name: "1.0" if name == package else None)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    check = by_name(doctor.examine(ROOT))[f"no {package}"]
    assert check.state == state
    assert check.todo == (f"`pip uninstall {package}`" if state == "missing" else "")


@pytest.mark.parametrize(
    ("lock", "state", "found"),
    [
        ("numpy==0.1\n", "advice", "(pinned 0.1)"),
        ("# comment\nnosuchpackage==1\n", "missing", "not installed: nosuchpackage"),
    ],
)
def test_packages_are_compared_with_the_lock(tmp_path, lock, state, found):
    (tmp_path / "requirements.lock").write_text(lock)
    check = by_name(doctor.examine(tmp_path))["packages"]
    assert check.state == state
    assert found in check.found


def test_a_folder_that_is_no_checkout_is_reported(tmp_path):
    (tmp_path / "requirements.lock").touch()
    checks = by_name(doctor.examine(tmp_path))
    assert checks["git"].state == "missing"
    assert checks["DVC"].state == "missing"


def test_what_a_killed_run_left_is_reported(tmp_path):
    (tmp_path / "requirements.lock").touch()
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    for name in (".dvc/config", ".scratch/scale/demo/params.yaml"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    checks = by_name(doctor.examine(tmp_path))
    assert checks["git"].state == "ok"
    assert checks["DVC"].state == "advice"
    assert "`reprise repro demo`" in checks["DVC"].todo


def test_a_dataset_that_is_not_here_says_how_to_get_it(monkeypatch):
    rows = [Row("here", "", 1, "cached", ""), Row("away", "", 1, "missing", "")]
    monkeypatch.setattr(datasets, "overview", lambda: rows)
    checks = by_name(doctor.examine(ROOT))
    assert checks["data: here"].state == "ok"
    assert (checks["data: away"].state, checks["data: away"].todo) == ("advice", "`reprise data fetch away`")


def test_a_mirror_that_is_not_there_is_reported(monkeypatch, tmp_path):
    monkeypatch.setenv("REPRISE_DATA", str(tmp_path / "nowhere"))
    assert by_name(doctor.examine(ROOT))["REPRISE_DATA"].state == "advice"
