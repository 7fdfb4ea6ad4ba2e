"""Reading of an input contract from a YAML file, with errors that name the key."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from stream_monitor.contract.feature import AnyFeature, FeatureSchema
from stream_monitor.contract.plain_yaml import read_yaml
from stream_monitor.core.errors import ConfigError
from stream_monitor.core.formatting import plain

#: The schemas of features, by their type.
SCHEMAS: Mapping[str, type[FeatureSchema]] = {
    str(kind.model_fields["type"].default): kind for kind in get_args(get_args(AnyFeature)[0])
}
_Contract = TypeVar("_Contract", bound=BaseModel)
_ANEW = "make one with stream-monitor contract"


def load(kind: type[_Contract], path: Path) -> _Contract:
    """Return the contract in a YAML file, as a model of this kind.

    Raises:
        ConfigError: The file can't be read or is no valid contract.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"can't read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not a text in UTF-8; {_ANEW}") from None
    try:
        return parse(kind, text)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def parse(kind: type[_Contract], text: str) -> _Contract:
    """Return the contract in a YAML text, as a model of this kind.

    Raises:
        ValueError: It is no valid contract; one line that says what came and what is allowed.

    >>> from stream_monitor import InputContract
    >>> parse(InputContract, "features: {age: {type: number, minimun: 18}}")
    Traceback (most recent call last):
    ValueError: age: unknown key 'minimun'; did you mean minimum?
    """
    try:
        content = read_yaml(text)
    except yaml.YAMLError as error:
        raise ValueError(f"is not YAML: {' '.join(str(error).split())}") from None
    if content is None:
        raise ValueError(f"is empty; {_ANEW}")
    if not isinstance(content, dict):
        raise ValueError(f"holds a {type(content).__name__}; allowed: keys with values; {_ANEW}")
    _check_keys("", content, kind.model_fields)
    _check_version(content, kind.model_fields["contract"].default)
    _check_features(content)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise ValueError(_explain(error)) from None


def _check_version(content: Mapping[str, Any], known: int) -> None:
    found = content.get("contract", known)
    if found != known or type(found) is not int:
        raise ValueError(f"contract: {_shown(found)} is an unknown version; allowed: {known}")


def _check_features(content: Mapping[str, Any]) -> None:
    """Raise `ValueError` where the contract has no features, or one of an unknown type or with an unknown key."""
    features = content.get("features")
    if not isinstance(features, dict) or not features:
        raise ValueError(f"features: {_shown(features)}; allowed: at least one feature with its type")
    for name, schema in features.items():
        if not isinstance(schema, dict):
            raise ValueError(f"{plain(name)}: {_shown(schema)}; allowed: keys such as type: number")
        kind = schema.get("type")
        if not isinstance(kind, str) or kind not in SCHEMAS:
            found = f"type: {_shown(kind)}" if "type" in schema else "has no type"
            raise ValueError(f"{plain(name)}: {found}; allowed: {', '.join(SCHEMAS)}")
        _check_keys(f"{plain(name)}: ", schema, SCHEMAS[kind].model_fields, f" for the type {kind}")


def _check_keys(where: str, content: Mapping[str, Any], known: Mapping[str, Any], of: str = "") -> None:
    for key in content:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"allowed{of}: {', '.join(known)}"
            raise ValueError(f"{where}unknown key {plain(repr(key))}; {hint}")


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return f"a {type(value).__name__}" if isinstance(value, list | dict) else plain(repr(value))


def _explain(error: ValidationError) -> str:
    first, *others = error.errors(include_url=False)
    _, *path = [str(part) for part in first["loc"]] or [""]
    names = [part for part in path if part not in SCHEMAS or part == path[0]]
    where = "".join(f"{plain(part)}: " for part in (names if first["loc"][:1] == ("features",) else first["loc"]))
    text = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    came = "" if first["type"] == "value_error" else f"{_shown(first['input'])} "
    return f"{where}{came}{text}" + (f" (and {len(others)} more)" if others else "")
