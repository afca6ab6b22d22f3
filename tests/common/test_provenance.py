import json
import subprocess
from pathlib import Path

import torch

from common.provenance import provenance, write_provenance


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True)


def repository(root: Path) -> Path:
    (root / "papers/toy/results/laptop").mkdir(parents=True)
    (root / "papers/toy/toy.py").write_text("x = 1\n")
    (root / "papers/toy/results/laptop/metrics.json").write_text("{}\n")
    git(root, "init")
    git(root, "add", ".")
    git(root, "commit", "-m", "first")
    return root


def test_names_versions_hardware_and_cost():
    facts = provenance(1.23456, threads=2)
    assert facts["packages"]["torch"] == torch.__version__
    assert facts["cpu"] and facts["cores"] >= 1 and facts["memory_gib"] > 0
    assert facts["seconds"] == 1.235 and facts["threads"] == 2


def test_changed_code_is_dirty_and_changed_results_are_not(tmp_path):
    root = repository(tmp_path)
    assert provenance(0, root=root)["dirty"] is False
    (root / "papers/toy/results/laptop/metrics.json").write_text('{"a": 1}\n')
    assert provenance(0, root=root)["dirty"] is False
    (root / "papers/toy/new.py").write_text("x = 2\n")
    facts = provenance(0, root=root)
    assert facts["dirty"] is True and len(facts["commit"]) == 40


def test_outside_git_there_is_no_commit(tmp_path):
    facts = provenance(0, root=tmp_path)
    assert facts["commit"] is None and facts["dirty"] is None


def test_writes_the_callers_details_beside_its_own(tmp_path):
    write_provenance(tmp_path / "laptop", seconds=2.0, details={"stages": {"train": 1.5}})
    facts = json.loads((tmp_path / "laptop/provenance.json").read_text())
    assert facts["stages"] == {"train": 1.5} and facts["seconds"] == 2.0
