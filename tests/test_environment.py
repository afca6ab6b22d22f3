"""pyproject.toml, requirements.lock and environment.yml say the same."""

import re
import tomllib
from importlib.metadata import distributions

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from common.config import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = [
    line for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines() if not line.startswith("#")
]
PINS = {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in LOCK}
DIRECT = [Requirement(text) for text in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def test_the_lock_holds_exact_versions_that_any_registry_has():
    for line in LOCK:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", line), line  # no +cpu, no path, no URL


def test_the_lock_leaves_cuda_to_torch():
    assert not [name for name in PINS if name.startswith(("nvidia-", "cuda-", "triton"))]


@pytest.mark.parametrize("requirement", DIRECT, ids=str)
def test_every_requirement_is_pinned_within_its_bounds(requirement):
    assert Version(PINS[canonicalize_name(requirement.name)]) in requirement.specifier


def test_the_lock_is_closed_under_requirements():
    installed = {canonicalize_name(d.name): d for d in distributions()}
    for name in PINS:
        for text in installed[name].requires or []:
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                pin = PINS[canonicalize_name(needed.name)]
                assert Version(pin) in needed.specifier, f"{name} needs {needed}, the lock has {pin}"


def test_what_is_installed_is_what_is_locked():
    installed = {canonicalize_name(d.name): d.version.split("+")[0] for d in distributions()}
    assert {name: installed.get(name) for name in PINS} == PINS


@pytest.mark.parametrize("package", ["lightning", "torchvision"])
def test_what_clashes_with_pytorch_lightning_is_not_locked(package):
    assert package not in PINS


def test_extras_outside_the_lock_are_pinned_where_they_stand():
    extras = PROJECT["optional-dependencies"]
    for text in [text for name in extras if name != "dev" for text in extras[name]]:
        assert "==" in text, text


def test_conda_installs_the_same_lock_and_this_package():
    pip = next(entry["pip"] for entry in ENVIRONMENT["dependencies"] if isinstance(entry, dict))
    assert pip == ["-r requirements.lock", "-e ."]


def test_conda_has_a_python_that_the_package_takes():
    python = next(
        entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str) and entry.startswith("python=")
    )
    assert Version(python.removeprefix("python=")) in Requirement(f"x{PROJECT['requires-python']}").specifier
