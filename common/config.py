"""`params.yaml` as frozen, validated values: the only place a hyperparameter may come from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from common.errors import RepriseError

ROOT = Path(__file__).resolve().parent.parent
"""The repository's root."""

SCALES = ("smoke", "laptop", "overnight", "paper")
"""The scales from the cheapest to the published setting; `laptop` is what params.yaml itself says."""


class ConfigError(RepriseError):
    """One line per fault of a configuration file."""


class Config(BaseModel):
    """A frozen settings object. Unknown keys are faults, so that a typo cannot pass as a default."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


AnyConfig = TypeVar("AnyConfig", bound=BaseModel)


def load(model: type[AnyConfig], path: Path | str) -> AnyConfig:
    """Read the YAML file at `path` into `model`.

    Args:
        model: the pydantic model that says what the file must hold.
        path: the file; messages show it relative to the root.

    Returns:
        The validated, frozen settings. Where the file is missing or no YAML, or breaks the model, a
        `ConfigError` has a line `FILE: key.path: what was expected (got VALUE)` for every fault.
    """
    return validate(model, read_yaml(path), path)


def validate(model: type[AnyConfig], values: dict[str, Any], source: Path | str) -> AnyConfig:
    """Check `values` against `model`; `source` names their origin in the messages of `ConfigError`."""
    return _validate(model, values, lambda _: source)


def read_yaml(path: Path | str) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises:
        ConfigError: no such file, no YAML (with line and column), a key given twice, or not a mapping at
            the top.
    """
    try:
        values = yaml.load(Path(path).read_text(encoding="utf-8"), _UniqueKeys)
    except FileNotFoundError:
        raise ConfigError(f"{shown(path)}: no such file") from None
    except OSError as error:
        raise ConfigError(f"{shown(path)}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{shown(path)}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{shown(path)}: expected a mapping of keys to values (got {_brief(values)})")
    return values


def overlay(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with `changes` laid over it: mappings merge key by key, all else is replaced."""
    merged = dict(base)
    for key, value in changes.items():
        both_mappings = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = overlay(merged[key], value) if both_mappings else value
    return merged


def load_at_scale(model: type[AnyConfig], paper_dir: Path, scale: str) -> AnyConfig:
    """Read a paper's params.yaml with `scales/<scale>.yaml` laid over it (`laptop` has no overlay)."""
    params = paper_dir / "params.yaml"
    values = read_yaml(params)
    if scale == "laptop":
        return validate(model, values, params)
    overlay_file = paper_dir / "scales" / f"{scale}.yaml"
    changes = read_yaml(overlay_file)
    return _validate(model, overlay(values, changes), lambda key: overlay_file if _holds(changes, key) else params)


def shown(path: Path | str) -> str:
    """Return `path` as messages show it: relative to the root where it lies inside."""
    path = Path(path)
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


class _UniqueKeys(yaml.SafeLoader):
    """YAML as usual, but a key given twice in one mapping is a fault, where PyYAML takes the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} is given twice", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _validate(
    model: type[AnyConfig], values: dict[str, Any], source_of: Callable[[list[str | int]], Path | str]
) -> AnyConfig:
    """Check `values` against `model`; `source_of` maps the key of a fault to the file that it stands in."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        lines = []
        for fault in error.errors():
            key = _key(values, fault)
            place = f"{shown(source_of(key))}: {'.'.join(map(str, key))}".removesuffix(": ")
            lines.append(f"{place}: {_complaint(fault)}")
        raise ConfigError("\n".join(lines)) from None


def _key(values: Any, fault: ErrorDetails) -> list[str | int]:
    """Return the keys that lead to a fault: pydantic's `loc` less its names for the members of a union."""
    key = []
    for part in fault["loc"]:
        if _holds(values, [part]):
            values = values[part]
            key.append(part)
    if fault["type"] == "missing":
        key.append(fault["loc"][-1])
    elif fault["type"].startswith("union_tag"):
        key.append(fault["ctx"]["discriminator"].strip("'"))
    return key


def _holds(values: Any, key: list[str | int]) -> bool:
    """Say whether `key` leads to something in nested mappings and lists."""
    for part in key:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _complaint(fault: ErrorDetails) -> str:
    given = fault["input"]
    match fault["type"]:
        case "extra_forbidden":
            message = "unknown key"
        case "missing" | "union_tag_not_found":
            return "missing"
        case "union_tag_invalid":
            message, given = f"should be one of {fault['ctx']['expected_tags']}", fault["ctx"]["tag"]
        case _:
            message = fault["msg"].removeprefix("Input ").removeprefix("Value error, ")
    if fault["type"] == "value_error" and isinstance(given, dict | list):
        return message  # a validator of several keys names what it found itself
    return f"{message} (got {_brief(given)})"


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
