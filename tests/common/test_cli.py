import json
import resource
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from common import cli, datasets, doctor, pipeline
from common.config import ROOT
from common.doctor import Check
from tests.common.demo_paper import make_paper


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run `reprise` in a repository that holds the paper "demo"."""
    make_paper(tmp_path)
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    return lambda *arguments: CliRunner().invoke(cli.app, arguments)


def test_help_takes_less_than_a_second():
    def seconds():  # of the CPU, which other processes do not lengthen
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "common.cli", "--help"], cwd=ROOT, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(3)) < 1


def test_papers_show_key_title_claims_last_run_and_cost(run):
    output = run("papers").output
    assert "demo" in output
    assert "Descent, played again" in output
    assert "4, 1 reproduced" in output
    assert "laptop: not committed, 10.2 min" in output
    assert "overnight: 1 h" in output


def test_claims_table_shows_paper_ours_interval_seeds_verdict(run):
    output = run("claims", "demo").output
    row = next(line for line in output.splitlines() if "adam_beats_sgd" in line)
    assert all(word in row for word in ("laptop", "1.5", "difference", "2.1", "[", "5", "reproduced"))
    assert "1 not reproduced" in output.splitlines()[-1]


def test_claims_as_json(run):
    rows = json.loads(run("claims", "--json").stdout)
    assert len(rows) == 4
    row = next(row for row in rows if row["id"] == "adam_beats_sgd")
    assert row.keys() >= {"paper", "scale", "value", "low", "high", "seeds", "paper_value"}
    assert (row["paper"], row["verdict"], row["seeds"], row["paper_value"]) == ("demo", "reproduced", 5, 1.5)
    assert row["low"] < row["value"] < row["high"]


def test_claims_at_one_scale(run):
    rows = json.loads(run("claims", "--json", "--scale", "paper").stdout)
    assert {row["verdict"] for row in rows} == {"not run at this scale"}


@pytest.mark.parametrize("arguments", [("claims", "dem"), ("repro", "dem"), ("sweep", "dem")])
def test_an_unknown_paper_suggests_the_near_one_in_one_line(run, arguments):
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.stderr == "error: no paper 'dem'; did you mean 'demo'? (known: demo)\n"


def test_an_unknown_scale_lists_the_known_ones(run):
    result = run("repro", "demo", "--scale", "huge")
    assert result.exit_code == 2
    assert all(scale in result.stderr for scale in ("smoke", "laptop", "overnight", "paper"))


def test_repro_runs_and_then_shows_claims_and_the_scoreboard(run, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(pipeline, "repro", lambda *args, **kwargs: calls.append((*args, kwargs)))
    result = run("repro", "demo", "--scale", "smoke", "--force")
    assert calls == [(tmp_path / "papers" / "demo", "smoke", {"force": True})]
    assert "adam_beats_sgd" in result.output
    assert result.output.splitlines()[-1] == f"scoreboard: {tmp_path / 'reports' / 'index.html'}"


def test_repro_without_a_key_runs_every_paper(run, tmp_path, monkeypatch):
    make_paper(tmp_path, "other")
    calls = []
    monkeypatch.setattr(pipeline, "repro", lambda folder, *args, **kwargs: calls.append(folder.name))
    run("repro")
    assert calls == ["demo", "other"]


def test_an_interrupt_ends_as_the_shell_expects(run, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "repro", interrupted)
    result = run("repro", "demo")
    assert result.exit_code == 130
    assert "the same command" in result.stderr


def test_sweep_refuses_an_option_without_a_value(run):
    result = run("sweep", "demo", "--option", "gpus")
    assert result.exit_code == 1
    assert result.stderr == "error: --option gpus: expected NAME=VALUE\n"


def test_data_list_names_every_dataset_with_its_licence(run):
    output = run("data", "list").output
    assert all(name in output for name in (*datasets.names(), *datasets.texts.collections()))
    assert "CC BY 4.0" in output


def test_data_fetch_checks_every_name_before_the_first_download(run, monkeypatch):
    fetched = []
    for holder in (datasets, datasets.texts):
        monkeypatch.setattr(holder, "fetch", fetched.append)
    result = run("data", "fetch", "digits", "cifar100")
    assert result.exit_code == 1
    assert "did you mean 'cifar10'?" in result.stderr
    assert not fetched
    run("data", "fetch")
    assert fetched == [*datasets.names(), *datasets.texts.collections()]


@pytest.mark.parametrize(("faults", "code"), [([], 0), (["x_train: wrong checksum"], 1)])
def test_data_verify_fails_when_a_dataset_is_damaged(run, monkeypatch, faults, code):
    monkeypatch.setattr(datasets, "verify", lambda name: faults)
    result = run("data", "verify", "digits")
    assert result.exit_code == code
    assert result.output.startswith("digits: " + (faults[0] if faults else "as it should be"))


@pytest.mark.parametrize(("state", "code"), [("ok", 0), ("advice", 0), ("missing", 1)])
def test_doctor_fails_only_for_what_is_needed(run, monkeypatch, state, code):
    monkeypatch.setattr(doctor, "examine", lambda: iter([Check("disk", state, "2 [GB]", "make room")]))
    result = run("doctor")
    assert result.exit_code == code
    assert result.output.split() == [state, "disk:", "2", "[GB]", "->", "make", "room"]


def test_a_fault_that_is_ours_keeps_its_traceback(run, monkeypatch):
    monkeypatch.setattr(datasets, "overview", lambda: 1 / 0)
    assert isinstance(run("data", "list").exception, ZeroDivisionError)
