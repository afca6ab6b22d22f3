"""The pipelines that users run, on a copy of this checkout at smoke scale. A new paper is tested by being there."""

import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from common.claims import judge, paper_dirs
from common.config import ROOT, overlay, read_yaml
from common.pipeline import environment
from tests.common.toy_pipeline import commit, git

pytestmark = pytest.mark.timeout(1200)
VARIES = ("provenance", "timing_")
UP_TO_DATE = "Data and pipelines are up to date."


@dataclass(frozen=True)
class Checkout:
    """A copy of this checkout whose paper `key` is at smoke scale."""

    root: Path
    key: str

    @property
    def paper(self) -> Path:
        return self.root / "papers" / self.key

    def start(self, *arguments: str, cwd: Path | None = None) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "dvc", *arguments],
            cwd=cwd or self.root,
            env=environment(self.root),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def dvc(self, *arguments: str, cwd: Path | None = None) -> str:
        process = self.start(*arguments, cwd=cwd)
        output, _ = process.communicate()
        assert process.returncode == 0, output
        return output

    def results(self) -> dict[str, bytes]:
        """Everything that has to be the same in every run; not provenance and timings, which tell how each run was."""
        folder = self.paper / "results" / "smoke"
        files = [file for file in folder.rglob("*") if file.is_file() and not file.name.startswith(VARIES)]
        return {str(file.relative_to(folder)): file.read_bytes() for file in files}


@pytest.fixture(scope="module", params=paper_dirs())
def checkout(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    root = tmp_path_factory.mktemp(request.param)
    for name in git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        made_here = {"build", "results", "dvc.lock"} & set(Path(name).parts)
        if (ROOT / name).is_file() and not made_here:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    at_smoke = Checkout(root, request.param)
    params = at_smoke.paper / "params.yaml"
    values = overlay(read_yaml(params), read_yaml(at_smoke.paper / "scales" / "smoke.yaml"))
    params.write_text(yaml.safe_dump(values, sort_keys=False))
    git(root, "init", "--quiet")
    commit(root)
    at_smoke.dvc("repro", request.param)
    commit(root)
    return at_smoke


def test_the_root_stage_builds_results_and_reports(checkout):
    assert {"metrics.json", "samples.json"} < checkout.results().keys()
    built = {file.name for file in (checkout.root / "reports" / checkout.key).iterdir()}
    assert built >= {"report.pdf", "report.html", "slides.pdf", "slides.html"}


def test_every_claim_finds_its_metrics(checkout):
    assert judge(checkout.paper, "smoke")


@pytest.mark.parametrize("inside", [False, True], ids=["at the root", "in the paper's folder"])
def test_a_second_repro_does_nothing_at_once(checkout, inside):
    arguments, cwd = (["repro"], checkout.paper) if inside else (["repro", checkout.key], None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert UP_TO_DATE in checkout.dvc(*arguments, cwd=cwd)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 4


def test_the_questions_that_dvc_users_ask_have_answers(checkout):
    assert checkout.key in checkout.dvc("dag")
    assert f"papers/{checkout.key}/results/smoke/metrics.json" in checkout.dvc("metrics", "show")
    assert not checkout.dvc("params", "diff")
    params = checkout.paper / "params.yaml"
    committed = params.read_text()
    params.write_text(committed.replace("scale: smoke", "scale: laptop"))
    assert "laptop" in checkout.dvc("params", "diff")
    params.write_text(committed)


def test_two_repros_at_once_end_in_one_clear_message(checkout):
    before = checkout.results()
    again = ["repro", "--force", "--single-item", f"papers/{checkout.key}/dvc.yaml:results"]
    first = checkout.start(*again)
    output = [next(line for line in first.stdout if line.startswith("> "))]  # its command runs
    second = checkout.start(*again)
    message, _ = second.communicate()
    output += first.communicate()[0]
    assert first.returncode == 0, output
    assert second.returncode
    assert message.count("ERROR") == 1
    assert "is busy, it is being blocked by" in message
    assert checkout.results() == before
    commit(checkout.root)
    assert UP_TO_DATE in checkout.dvc("repro", f"papers/{checkout.key}/dvc.yaml")


@pytest.mark.slow
def test_a_forced_run_gives_the_same_bytes(checkout):
    before = checkout.results()
    checkout.dvc("repro", "--force", checkout.key)
    assert different(checkout.results(), before) == []


@pytest.mark.slow
def test_an_experiment_changes_parameters_from_the_command_line(checkout):
    params = checkout.paper / "params.yaml"
    path, seeds = seeds_in(read_yaml(params))
    output = checkout.dvc("exp", "run", checkout.key, "-S", f"papers/{checkout.key}/params.yaml:{path}={seeds[:1]}")
    assert "Ran experiment" in output
    assert seeds_in(read_yaml(params)) == (path, seeds[:1])


def seeds_in(values: dict) -> tuple[str, list[int]] | None:
    """Where a paper's first list of seeds stands, and the list."""
    for key, value in values.items():
        if key == "seeds":
            return key, value
        if isinstance(value, dict) and (found := seeds_in(value)):
            return f"{key}.{found[0]}", found[1]
    return None


def different(first: dict[str, bytes], second: dict[str, bytes]) -> Sequence[str]:
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
