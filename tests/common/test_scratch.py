"""Finished parts of a stage: computed once, kept over a crash, computed again when what decides them changes."""

import json
from pathlib import Path

import pytest

from common import scratch
from common.config import Config
from common.errors import RepriseError
from common.scratch import Scratch, run_key, write_json


class Settings(Config):
    lr: float
    betas: tuple[float, float] = (0.9, 0.999)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(scratch, "ROOT", tmp_path)
    return tmp_path


def test_a_result_is_computed_once_for_each_key(root: Path):
    calls = []

    def compute(folder: Path) -> dict:
        calls.append(folder)
        return {"n": len(calls), "pair": (1, 2)}

    first = Scratch("stage").once("a" * 64, compute)
    assert Scratch("stage").once("a" * 64, compute) == first == {"n": 1, "pair": [1, 2]}  # as it will be read
    assert Scratch("stage").once("b" * 64, compute)["n"] == 2
    assert Scratch("other").once("a" * 64, compute)["n"] == 3
    assert len(set(calls)) == 3


def test_what_an_interrupted_computation_left_in_its_folder_is_there_the_next_time(root: Path):
    def interrupted(folder: Path) -> int:
        folder.mkdir(parents=True)
        (folder / "resume.ckpt").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Scratch("stage").once("key", interrupted)
    assert Scratch("stage").once("key", lambda folder: (folder / "resume.ckpt").read_text()) == "half"


def test_a_stage_that_succeeded_forgets_its_own_parts_only(root: Path):
    for stage in ("a/b", "a/c"):
        Scratch(stage).once("key", lambda _: 1)
    Scratch("a/b").clear()
    Scratch("a/b").clear()  # nothing left: no fault
    assert Scratch("a/b").once("key", lambda _: 2) == 2
    assert Scratch("a/c").once("key", lambda _: 2) == 1


def test_a_key_depends_on_every_value_and_on_nothing_else():
    key = run_key(Settings(lr=0.1), {"a": 1, "b": 2}, "adam", 3, modules=())
    assert key == run_key(Settings(lr=0.1, betas=(0.9, 0.999)), {"b": 2, "a": 1}, "adam", 3, modules=())
    assert len(key) == 64
    others = [
        run_key(Settings(lr=0.2), {"a": 1, "b": 2}, "adam", 3, modules=()),
        run_key(Settings(lr=0.1), {"a": 1, "b": 3}, "adam", 3, modules=()),
        run_key(Settings(lr=0.1), {"a": 1, "b": 2}, "adamw", 3, modules=()),
        run_key(Settings(lr=0.1), {"a": 1, "b": 2}, "adam", 4, modules=()),
        run_key(Settings(lr=0.1), {"a": 1, "b": 2}, "adam", modules=()),
    ]
    assert len({key, *others}) == 6


def test_a_key_depends_on_the_source_of_modules_and_of_all_of_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    package = tmp_path / "toy_package_of_scratch"
    (package / "deep").mkdir(parents=True)
    for name in ("__init__.py", "module.py", "deep/__init__.py", "deep/inner.py"):
        (package / name).write_text("")
    monkeypatch.syspath_prepend(tmp_path)

    def keys() -> tuple[str, str]:
        return (
            run_key(modules=["toy_package_of_scratch"]),
            run_key(modules=["toy_package_of_scratch.module"]),
        )

    before = keys()
    assert keys() == before
    (package / "deep" / "inner.py").write_text("changed = True\n")
    inner = keys()
    assert (inner[0] != before[0], inner[1] == before[1]) == (True, True)
    (package / "module.py").write_text("changed = True\n")
    assert keys()[1] != before[1]


def test_a_key_depends_on_the_versions_of_the_libraries(monkeypatch: pytest.MonkeyPatch):
    before = run_key(1, modules=())
    monkeypatch.setattr(scratch.importlib.metadata, "version", lambda library: "0.0")
    assert run_key(1, modules=()) != before


def test_a_module_that_is_not_there_is_named():
    with pytest.raises(RepriseError, match=r"no source for module 'common\.scratsch'"):
        run_key(modules=["common.scratsch"])


def test_json_is_written_whole_sorted_and_without_nan(tmp_path: Path):
    file = tmp_path / "new" / "file.json"
    write_json(file, {"b": 1, "a": [1.5, None]})
    assert file.read_text() == '{\n "a": [\n  1.5,\n  null\n ],\n "b": 1\n}\n'
    for refused in (float("nan"), float("inf"), object()):
        with pytest.raises((ValueError, TypeError)):
            write_json(file, {"a": refused})
    assert json.loads(file.read_text())["b"] == 1
    assert [path.name for path in file.parent.iterdir()] == ["file.json"]
