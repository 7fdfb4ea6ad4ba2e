"""The configuration out of flags, environment and file, in that order, with errors that name a value's origin."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from stream_monitor.config.base import Settings
from stream_monitor.core.errors import ConfigError

PREFIX = "STREAM_MONITOR_"
_Config = TypeVar("_Config", bound=Settings)


def load_config(
    kind: type[_Config], flags: Mapping[str, Any], environment: Mapping[str, str], file: Path | None
) -> _Config:
    """Return a configuration.

    Args:
        kind: Its class.
        flags: Values by the name of the setting; None and () are not given.
        environment: Environment variables.
        file: YAML file.

    Raises:
        ConfigError: A value is wrong; one line that names the flag, variable or key and what is allowed.
    """
    layers = {
        f"{file}: ": _read_yaml(file, kind) if file else {},
        PREFIX: _from_environment(kind, environment),
        "--": {name: value for name, value in flags.items() if value not in (None, ())},
    }
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, values in layers.items():
        for name, value in values.items():
            merged[name], origins[name] = value, origin
    try:
        return kind.model_validate(merged)
    except ValidationError as error:
        raise ConfigError(_explain(error, origins)) from None


def flag(name: str) -> str:
    """Return the flag of a setting."""
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def _explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    first, *others = error.errors(include_url=False, include_input=False)
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "missing":
        message = f"{flag(name)}: is required (or {variable(name)}, or {name} in the file)"
    else:
        text = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
        message = f"{_origin(name, origins)}: {text}"
    return message + (f" (and {len(others)} more)" if others else "")


def _origin(name: str, origins: Mapping[str, str]) -> str:
    origin = origins.get(name, "--")
    if origin == "--":
        return flag(name)
    return variable(name) if origin == PREFIX else origin + name


def _from_environment(kind: type[Settings], environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment[variable(name)] for name in kind.model_fields if environment.get(variable(name))}


def _read_yaml(path: Path, kind: type[Settings]) -> dict[str, Any]:
    import yaml  # 20 ms, which every start would pay

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--config: can't read {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"--config: {path} is not YAML: {' '.join(str(error).split())}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"--config: {path} holds a {type(content).__name__}; allowed: keys with values")
    values = {str(key).replace("-", "_"): value for key, value in content.items()}
    for key in values:
        if key not in kind.model_fields:
            near = difflib.get_close_matches(key, kind.model_fields, n=1)
            hint = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(kind.model_fields)}"
            raise ConfigError(f"--config: {path}: unknown key {key!r}; {hint}")
    return {key: value for key, value in values.items() if value is not None}


def shown(config: Settings) -> dict[str, Any]:
    """Return a configuration as plain values; a secret is shown as the file or variable that has it."""
    return config.model_dump(mode="json", fallback=lambda value: getattr(value, "name", None) or str(value))
