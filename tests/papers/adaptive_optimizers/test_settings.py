"""Every shipped scale is valid; every fault of a person is a line that says what, where and what there is."""

import sys
from pathlib import Path

import pytest
import yaml

from common.config import SCALES, ConfigError, load, load_at_scale, overlay, read_yaml
from papers.adaptive_optimizers.__main__ import main
from papers.adaptive_optimizers.settings import HERE, Params

SHIPPED = read_yaml(HERE / "params.yaml")


@pytest.mark.parametrize("scale", SCALES)
def test_the_shipped_parameters_are_valid_at_every_scale(scale):
    params = load_at_scale(Params, HERE, scale)
    assert params.scale == scale
    assert set(params.run) <= set(params.workloads)
    assert len(params.lecture.widths) == 2  # "small" and "lazy"


def test_the_conventions_of_the_paper_are_compared_with_tuning_at_every_scale():
    for scale in SCALES:
        assert load_at_scale(Params, HERE, scale).conventions == ("paper_era", "torch", "tuned")


def faults(folder: Path, changes: dict) -> list[str]:
    file = folder / "params.yaml"
    file.write_text(yaml.safe_dump(overlay(SHIPPED, changes), sort_keys=False))
    with pytest.raises(ConfigError) as caught:
        load(Params, file)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{file}: ") for line in lines)
    return [line.removeprefix(f"{file}: ") for line in lines]


def workload(**changes) -> dict:
    return {"workloads": {"mnist_classification": changes}}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"chekcs": 3}, "chekcs: unknown key (got 3)"),
        (workload(epoch=3), "workloads.mnist_classification.epoch: unknown key (got 3)"),
        (workload(epochs="three"), "workloads.mnist_classification.epochs: should be a valid integer"),
        ({"seeds": []}, "seeds: Tuple should have at least 1 item"),
        ({"seeds": [0, -1]}, "seeds.1: should be greater than or equal to 0 (got -1)"),
        ({"seeds": [0, 1, 0]}, "seeds: entries must differ; repeated: 0"),
        ({"checks": 0}, "checks: should be greater than 0 (got 0)"),
        ({"target_quantile": 1.5}, "target_quantile: should be less than or equal to 1 (got 1.5)"),
        ({"tuning": {"points": 2}}, "tuning.points: should be greater than or equal to 3 (got 2)"),
        ({"lecture": {"boundary_grid": 1}}, "lecture.boundary_grid: should be greater than or equal to 2"),
        ({"lecture": {"test_points": 201}}, "lecture: test_points: not a multiple of the 5 classes (got 201)"),
        ({"lecture": {"widths": [32, 64]}}, "lecture: no number of seeds for width [64]"),
        ({"conventions": ["keras", "tuned"]}, "conventions.0: should be 'paper_era', 'torch' or 'tuned'"),
        ({"conventions": ["torch"]}, "convention tuned and optimizer momentum must stay"),
        ({"optimizers": ["sgd", "adm"]}, "optimizers: unknown name 'adm'; known: sgd, momentum"),
        ({"lecture": {"optimizers": ["sdg"]}}, "lecture.optimizers: unknown name 'sdg'; known: sgd, momentum"),
        ({"run": ["mnist"]}, "run: unknown name 'mnist'; known: digits_classification"),
        ({"tuning": {"seeds": [2, 100]}}, "seeds and tuning.seeds share [2]; they must be disjoint"),
        (workload(channels=[4]), "workloads.mnist_classification: channels: net_2c2d has 2 convolutions (got 1)"),
        (workload(network="net_4c4d"), "workloads.mnist_classification.network: should be 'net_2c2d', 'net_3c3d'"),
        (workload(network="conv_autoencoder"), "workloads.mnist_classification: network conv_autoencoder cannot do"),
        (
            {"workloads": {"mnist_autoencoder": {"hidden": [8, 8]}}},
            "workloads.mnist_autoencoder: hidden: an autoencoder has one code size (got 2)",
        ),
    ],
)
def test_a_fault_is_named_with_its_key(tmp_path: Path, changes, fault):
    (line,) = faults(tmp_path, changes)
    assert line.startswith(fault)


def test_several_faults_are_told_at_once(tmp_path: Path):
    lines = faults(tmp_path, {"checks": -1, "seed": 0, "lecture": {"epochs": 1.5}, **workload(batch_size=0)})
    assert [line.split(":")[0] for line in lines] == [
        "checks",
        "workloads.mnist_classification.batch_size",
        "lecture.epochs",
        "seed",
    ]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ("train", "mnist_clasification"),
            "train has no 'mnist_clasification'; did you mean 'mnist_classification'? (known: digits_classification, ",
        ),
        (("lecture", "8193"), "lecture has no '8193'; did you mean '8192'? (known: 32, "),
        (("sweep",), "sweep needs a selector (known: digits_classification, "),
        (("costs", "sgd"), "costs takes no selector (got 'sgd')"),
    ],
)
def test_a_selector_that_is_none_is_one_line_with_the_near_match(arguments, complaint, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["adaptive_optimizers", *arguments])
    with pytest.raises(SystemExit, match="1"):
        main()
    said = capsys.readouterr()
    assert said.err.startswith(f"error: {complaint}")
    assert len((said.out + said.err).splitlines()) == 1
