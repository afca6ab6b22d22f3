"""`params.yaml` as frozen, validated values: the only place a hyperparameter may come from."""

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
        path: the file; shown in messages as given.

    Returns:
        The validated, frozen settings.

    Raises:
        ConfigError: the file is missing or no YAML, or breaks the model; every fault has a line
            `FILE: key.path: what was expected (got VALUE)`.
    """
    return validate(model, read_yaml(path), path)


def validate(model: type[AnyConfig], values: dict[str, Any], source: Path | str) -> AnyConfig:
    """Check `values` against `model`; `source` names their origin in the messages of `ConfigError`."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(_line(source, fault) for fault in error.errors())) from None


def read_yaml(path: Path | str) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises:
        ConfigError: no such file, no YAML (with line and column), or not a mapping at the top.
    """
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: expected a mapping of keys to values (got {type(values).__name__})")
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
    return validate(model, overlay(values, read_yaml(overlay_file)), overlay_file)


def _line(source: Path | str, fault: ErrorDetails) -> str:
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"{source}: {where}: unknown key (got {fault['input']!r})"
    if fault["type"] == "missing":
        return f"{source}: {where}: missing"
    message = fault["msg"].removeprefix("Input ").removeprefix("Value error, ")
    return f"{source}: {where}: {message} (got {fault['input']!r})"
