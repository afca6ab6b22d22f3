"""The house rules that code can break without failing: who may import whom, what a paper's folder holds."""

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from common.claims import paper_dirs
from common.config import ROOT

FOLDERS = ("common", "papers", "benchmarks", "tests")
MODULES = {
    str(file.relative_to(ROOT)): ast.parse(file.read_text(encoding="utf-8"))
    for folder in FOLDERS
    for file in sorted((ROOT / folder).rglob("*.py"))
}
LIGHT = (  # what commands need that do not train
    "at_scale",
    "claims",
    "cli",
    "config",
    "datasets",
    "doctor",
    "figures",
    "metrics",
    "pipeline",
    "report",
    "scoreboard",
    "statistics",
    "sweep",
)
A_PAPER_HAS = (
    "README.md",
    "__main__.py",
    "claims.yaml",
    "dvc.yaml",
    "params.yaml",
    "report.typ",
    "scales/paper.yaml",
    "scales/smoke.yaml",
    "slides.typ",
)


def imports(tree: ast.AST) -> set[tuple[str, ...]]:
    """What a module imports, as the parts of dotted names; `from a import b` is a.b, since b may be a module."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return {tuple(name.split(".")) for name in names}


def test_common_knows_no_paper():
    wrong = {
        (file, name)
        for file, tree in MODULES.items()
        for name in imports(tree)
        if file.startswith("common/") and name[0] in FOLDERS[1:]
    }
    assert not wrong


def test_a_paper_imports_common_and_itself_only():
    wrong = {
        (file, name)
        for file, tree in MODULES.items()
        for name in imports(tree)
        if file.startswith("papers/") and name[0] in FOLDERS[1:] and name[:2] != Path(file).parts[:2]
    }
    assert not wrong


def test_there_is_one_lightning_and_no_torchvision():
    wrong = {"lightning", "torchvision"}
    assert not [file for file, tree in MODULES.items() if wrong & {name[0] for name in imports(tree)}]


def test_what_does_not_train_starts_without_torch():
    code = f"""if 1:
        import importlib, sys
        for name in {LIGHT}:
            importlib.import_module("common." + name)
            assert not {{"torch", "pytorch_lightning"}} & set(sys.modules), name
    """
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_files_are_short():
    lines = {file: len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in MODULES}
    assert not [file for file, count in lines.items() if count > 400]
    assert statistics.median(lines.values()) < 120


PAPERS = sorted(file.parent for file in (ROOT / "papers").glob("*/__init__.py"))


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_a_paper_has_what_every_paper_has(paper):
    assert not [name for name in A_PAPER_HAS if not (paper / name).exists()]


@pytest.mark.parametrize("paper", paper_dirs().values(), ids=lambda paper: paper.name)
def test_every_output_of_a_paper_is_kept_apart_by_scale(paper):
    pipeline = yaml.safe_load((paper / "dvc.yaml").read_text(encoding="utf-8"))
    for stage in pipeline["stages"].values():
        for output in stage.get("outs", []) + stage.get("metrics", []) + stage.get("plots", []):
            path = output if isinstance(output, str) else next(iter(output))
            assert "${scale}" in path
            assert path.startswith(("build/", "results/"))


def test_the_root_has_a_stage_for_every_paper_and_the_scoreboard():
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    assert set(pipeline["stages"]) == {*paper_dirs(), "scoreboard"}
