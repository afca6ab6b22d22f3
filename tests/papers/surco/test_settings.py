"""Every shipped scale is valid; a person's fault is a line that says what and where; what the README says runs."""

import re
import sys
from pathlib import Path

import pytest
import yaml

from common.config import SCALES, ConfigError, load, load_at_scale, overlay, read_yaml
from papers.surco.__main__ import main
from papers.surco.settings import EXPERIMENTS, HERE, Params

SHIPPED = read_yaml(HERE / "params.yaml")


@pytest.mark.parametrize("scale", SCALES)
def test_the_shipped_parameters_are_valid_at_every_scale(scale):
    assert load_at_scale(Params, HERE, scale).scale == scale


def test_the_released_recipe_is_run_as_released_at_every_scale():
    for scale in SCALES:
        released = load_at_scale(Params, HERE, scale).routes.variants["surco_zero"]
        assert (released.start, released.starts) == ("normal", 1)
        assert (released.search.steps, released.search.patience) == (30, 6)
        assert released.differentiation.estimator == "blackbox"
        assert released.differentiation.strength == 1000


def test_the_printed_settings_are_those_of_script_and_text():
    tables = load_at_scale(Params, HERE, "paper").routes.tables
    assert (tables["paper"].side, tables["paper"].low, tables["paper"].high) == (10, 0.1, 0.2)
    assert (tables["text"].side, tables["text"].low, tables["text"].high) == (5, 0.1, 1.0)


def test_tuning_and_training_use_other_grids_than_the_tests():
    routes = load_at_scale(Params, HERE, "laptop").routes
    tested = {table.dataset_seed for table in routes.tables.values()}
    assert not tested & {routes.ablation.tuning_seed, routes.prior.train_seed}


def test_photonics_is_that_of_section_5_2_at_paper_scale():
    photonics = load_at_scale(Params, HERE, "paper").photonics
    assert {(counts.train, counts.test) for counts in photonics.devices.values()} == {(25, 25)}
    assert len(photonics.devices) == 4
    assert photonics.steps == 200


@pytest.mark.parametrize("scale", ["overnight", "paper"])
def test_sharding_is_that_of_section_5_1(scale):
    sharding = load_at_scale(Params, HERE, scale).sharding
    loose = sharding.settings["loose"]
    assert (loose.devices, loose.gigabytes, loose.tables) == (4, 5, (10, 20, 30, 40, 50, 60))
    assert (sharding.train, sharding.test) == (50, 50)


def test_an_experiment_is_a_folder_a_section_and_a_stage():
    stages = read_yaml(HERE / "dvc.yaml")["stages"]
    assert set(stages) == {*EXPERIMENTS, "results"}
    for name in EXPERIMENTS:
        assert name in SHIPPED
        assert all((HERE / name / f"{part}.py").exists() for part in ("settings", "run", "record", "figures"))


def fault(folder: Path, changes: dict) -> str:
    file = folder / "params.yaml"
    file.write_text(yaml.safe_dump(overlay(SHIPPED, changes), sort_keys=False))
    with pytest.raises(ConfigError) as caught:
        load(Params, file)
    (line,) = str(caught.value).splitlines()
    return line.removeprefix(f"{file}: ")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sede": 1}, "sede: unknown key (got 1)"),
        ({"seeds": [0, 0]}, "seeds: entries must differ; repeated: 0"),
        ({"routes": {"ablation": {"table": "txt"}}}, "routes: ablation.table: unknown name 'txt'; known: paper, text"),
        ({"routes": {"tables": {"text": {"high": 1.5}}}}, "routes.tables.text: need low < high <= 1 (got 0.1 and 1.5)"),
        (
            {"routes": {"prior": {"differentiation": {"estimator": "black"}}}},
            "routes.prior.differentiation.estimator: should be 'blackbox', 'imle'",
        ),
        ({"routes": {"tables": {"text": {"side": 1}}}}, "routes.tables.text.side: should be greater than or equal"),
        ({"lipschitz": {"samples": []}}, "lipschitz.samples: Tuple should have at least"),
        ({"photonics": {"devices": {"bent": {"train": 1, "test": 1}}}}, "photonics: devices: unknown name 'bent'"),
        ({"photonics": {"sweep": {"devices": ["wdm"]}}}, "photonics: sweep.devices: 'wdm' is not among devices (bend,"),
        ({"photonics": {"sweep": {"instances": 9}}}, "photonics: sweep.instances: bend has 3 for training (got 9)"),
        ({"photonics": {"network": {"kernel": 4}}}, "photonics.network: kernel: must be odd (got 4)"),
        ({"sharding": {"ablation": {"settings": ["tigt"]}}}, "sharding: ablation.settings: unknown name 'tigt'"),
        ({"sharding": {"settings": {"loose": {"source": "dlrm"}}}}, "sharding.settings.loose.source: should be"),
    ],
)
def test_a_fault_is_named_with_its_key(tmp_path: Path, changes, told):
    assert fault(tmp_path, changes).startswith(told)


def test_an_unknown_stage_is_refused_with_the_known_ones(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["surco", "rotes"])
    with pytest.raises(SystemExit):
        main()
    assert "lipschitz" in capsys.readouterr().err


def test_the_example_of_the_readme_runs_and_is_short(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", (HERE / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 20
    exec(compile(code, "README.md", "exec"), {})
    assert re.match(r"mean risk \d+\.\d+ after \d+ solver calls each", capsys.readouterr().out)
