from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, PositiveFloat, PositiveInt

from common.config import ROOT, Config, ConfigError, load, load_at_scale, overlay, read_yaml, shown, validate


class Train(Config):
    lr: PositiveFloat
    epochs: PositiveInt
    optimizer: Literal["sgd", "adam"] = "adam"


class Digits(Config):
    kind: Literal["digits"]


class Synthetic(Config):
    kind: Literal["synthetic"]
    points: PositiveInt


class Params(Config):
    scale: str
    train: Train
    data: Annotated[Digits | Synthetic, Field(discriminator="kind")] = Digits(kind="digits")
    limit: PositiveFloat | Literal["none"] = "none"


GOOD = "scale: laptop\ntrain: {lr: 1e-3, epochs: 5}\n"


@pytest.fixture
def params(tmp_path: Path) -> Path:
    path = tmp_path / "params.yaml"
    path.write_text(GOOD)
    return path


def faults(path: Path, text: str) -> list[str]:
    """The lines that `load` complains with, without the file's name."""
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(Params, path)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


def test_a_good_file_becomes_a_frozen_value_and_numbers_like_1e_minus_3_are_read(params: Path):
    settings = load(Params, params)
    assert settings.train == Train(lr=0.001, epochs=5, optimizer="adam")
    with pytest.raises(ValueError, match="frozen"):
        settings.train.lr = 1.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD + "seed: 3\n", "seed: unknown key (got 3)"),
        ("scale: laptop\ntrain: {lr: 1, epochs: 5, lrs: 2}\n", "train.lrs: unknown key (got 2)"),
        ("scale: laptop\ntrain: {lr: 1}\n", "train.epochs: missing"),
        ("scale: laptop\ntrain: {lr: -1, epochs: 5}\n", "train.lr: should be greater than 0 (got -1)"),
        ("scale: laptop\ntrain: {lr: .nan, epochs: 5}\n", "train.lr: should be a finite number (got nan)"),
        (
            "scale: laptop\ntrain: {lr: 1, epochs: many}\n",
            "train.epochs: should be a valid integer, unable to parse string as an integer (got 'many')",
        ),
        (
            "scale: laptop\ntrain: {lr: 1, epochs: 5, optimizer: adm}\n",
            "train.optimizer: should be 'sgd' or 'adam' (got 'adm')",
        ),
        (
            "scale: laptop\ntrain: 7\n",
            "train: should be a valid dictionary or instance of Train (got 7)",
        ),
        (GOOD + "data: {kind: digts}\n", "data.kind: should be one of 'digits', 'synthetic' (got 'digts')"),
        (GOOD + "data: {points: 3}\n", "data.kind: missing"),
        (GOOD + "data: {kind: synthetic}\n", "data.points: missing"),
        (
            GOOD + "data: {kind: synthetic, points: 0}\n",
            "data.points: should be greater than 0 (got 0)",
        ),
    ],
)
def test_a_fault_is_one_line_with_file_key_path_expectation_and_value(params: Path, text: str, expected: str):
    assert faults(params, text) == [expected]


def test_all_faults_are_told_at_once(params: Path):
    assert faults(params, "train: {lr: 0, epochs: 1.5, momentum: 1}\n") == [
        "scale: missing",
        "train.lr: should be greater than 0 (got 0)",
        "train.epochs: should be a valid integer, got a number with a fractional part (got 1.5)",
        "train.momentum: unknown key (got 1)",
    ]


def test_a_value_that_fits_no_member_of_a_union_is_told_by_its_key_alone(params: Path):
    assert [line.split(":")[0] for line in faults(params, GOOD + "limit: some\n")] == ["limit", "limit"]


def test_a_long_value_is_cut(params: Path):
    (line,) = faults(params, f"scale: [{'x, ' * 200}]\ntrain: {{lr: 1, epochs: 1}}\n")
    assert line.startswith("scale: should be a valid string (got ['x', 'x'") and len(line) < 140


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: [1, 2\nb: 3\n", r"not valid YAML: .*line 2"),
        (b"a: 1\na: 2\n", r"not valid YAML: key 'a' is given twice .*line 2"),
        (b"t:\n  lr: 1\n  lr: 2\n", r"not valid YAML: key 'lr' is given twice .*line 3"),
        (b"\xff\xfe\x00", "not valid YAML"),
        (b"", r"expected a mapping of keys to values \(got None\)"),
        (b"- 1\n- 2\n", r"expected a mapping of keys to values \(got \[1, 2\]\)"),
    ],
)
def test_broken_yaml_is_one_line(params: Path, content: bytes, expected: str):
    params.write_bytes(content)
    with pytest.raises(ConfigError, match=expected) as caught:
        read_yaml(params)
    assert str(caught.value).startswith(f"{params}: ") and "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"gone\.yaml: no such file"):
        load(Params, tmp_path / "gone.yaml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(Params, tmp_path)


def test_anchors_and_merge_keys_still_work(params: Path):
    params.write_text("base: &base {lr: 1, epochs: 2}\ntrain: {<<: *base, lr: 3}\n")
    assert read_yaml(params)["train"] == {"lr": 3, "epochs": 2}


def test_overlay_merges_mappings_and_replaces_the_rest_without_touching_its_arguments():
    base = {"a": {"b": 1, "c": [1, 2]}, "d": 4}
    changes = {"a": {"c": [3]}, "d": {"e": 5}}
    assert overlay(base, changes) == {"a": {"b": 1, "c": [3]}, "d": {"e": 5}}
    assert base == {"a": {"b": 1, "c": [1, 2]}, "d": 4}


def test_a_scale_overlays_the_params_and_laptop_needs_no_overlay(params: Path):
    (params.parent / "scales").mkdir()
    (params.parent / "scales" / "smoke.yaml").write_text("scale: smoke\ntrain: {epochs: 1}\n")
    assert load_at_scale(Params, params.parent, "laptop").train.epochs == 5
    smoke = load_at_scale(Params, params.parent, "smoke")
    assert (smoke.scale, smoke.train.lr, smoke.train.epochs) == ("smoke", 0.001, 1)
    with pytest.raises(ConfigError, match=r"scales/paper\.yaml: no such file"):
        load_at_scale(Params, params.parent, "paper")


def test_a_fault_at_a_scale_is_told_of_the_file_it_stands_in(params: Path):
    params.write_text("scale: laptop\ntrain: {lr: -1, epochs: 5}\n")
    overlay_file = params.parent / "scales" / "smoke.yaml"
    overlay_file.parent.mkdir()
    overlay_file.write_text("train: {epochs: 0, epoch: 1}\n")
    with pytest.raises(ConfigError) as caught:
        load_at_scale(Params, params.parent, "smoke")
    assert str(caught.value).splitlines() == [
        f"{params}: train.lr: should be greater than 0 (got -1)",
        f"{overlay_file}: train.epochs: should be greater than 0 (got 0)",
        f"{overlay_file}: train.epoch: unknown key (got 1)",
    ]


def test_messages_show_paths_relative_to_the_root():
    assert shown(ROOT / "papers" / "x" / "params.yaml") == "papers/x/params.yaml"
    with pytest.raises(ConfigError, match=r"^papers/x/params\.yaml: scale: missing\n"):
        validate(Params, {}, ROOT / "papers" / "x" / "params.yaml")
