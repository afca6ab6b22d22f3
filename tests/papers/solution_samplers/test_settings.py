"""Every shipped scale is valid; a fault is a line that says what and where; every value says where it is from."""

import re
import sys

import pytest
import yaml

from common.claims import load_ledger
from common.config import SCALES, ConfigError, load, load_at_scale, overlay, read_yaml
from common.errors import RepriseError
from common.experiments import write_results
from papers.solution_samplers.__main__ import main
from papers.solution_samplers.settings import EXPERIMENTS, HERE, Params

SHIPPED = HERE / "params.yaml"


@pytest.mark.parametrize("scale", SCALES)
def test_the_shipped_parameters_are_valid_at_every_scale(scale):
    assert load_at_scale(Params, HERE, scale).scale == scale


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"large_graph": {}}, "large_graph: unknown key (got {})"),
        ({"landscape": {"stepp": 3}}, "landscape.stepp: unknown key (got 3)"),
        ({"small_graphs": {"graph_seeds": [1, 1]}}, "small_graphs.graph_seeds: entries must differ; repeated: 1"),
        ({"compute": {"workers": 0}}, "compute.workers: should be greater than 0 (got 0)"),
    ],
)
def test_a_fault_is_one_line_that_names_it(tmp_path, changes, fault):
    file = tmp_path / "params.yaml"
    file.write_text(yaml.safe_dump(overlay(read_yaml(SHIPPED), changes)))
    with pytest.raises(ConfigError) as caught:
        load(Params, file)
    assert str(caught.value).startswith(f"{file}: {fault}")
    assert len(str(caught.value).splitlines()) == 1


def test_every_value_says_where_it_is_from():
    """At the end of its line, or on the line below it."""
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    bare = [
        line
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if re.match(r"\s*[a-z_0-9]+: [^#]", line) and "#" not in line and not following.strip().startswith("#")
    ]
    assert not bare


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_is_judged_by_claims(experiment):
    paths = {path for claim in load_ledger(HERE).claims for _, path in claim.metric_paths()}
    assert any(path.startswith(f"{experiment}.") for path in paths)


def test_an_unknown_stage_is_refused_with_the_list(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["solution_samplers", "landscap"])
    with pytest.raises(SystemExit):
        main()
    assert "landscape" in capsys.readouterr().err


def test_results_name_the_stage_that_has_not_been_run(tmp_path):
    with pytest.raises(RepriseError, match=r"landscape\.json: .*; run: python -m papers\.solution_samplers landscape$"):
        write_results("papers.solution_samplers", EXPERIMENTS, tmp_path / "build", tmp_path / "results")
