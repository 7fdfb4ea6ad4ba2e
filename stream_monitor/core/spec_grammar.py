"""The grammar ``KIND[:PARAMETER=VALUE,...]``, which detectors, decoders and sinks are chosen by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

_Config = TypeVar("_Config", bound=BaseModel)


def kinds_of(union: Any) -> dict[str, Any]:
    """Return the config classes of a union by their ``kind``.

    Args:
        union: One class, ``A | B``, or ``Annotated[A | B, ...]``; each class has a field ``kind`` with a default.
    """
    if hasattr(union, "__metadata__"):
        union = get_args(union)[0]
    return {config.model_fields["kind"].default: config for config in get_args(union) or (union,)}


def parse_config(text: str, kinds: Mapping[str, type[_Config]], noun: str, shown: str | None = None) -> _Config:
    """Return the config that a text specifies.

    Args:
        text: ``KIND[:PARAMETER=VALUE,...]``.
        kinds: The config classes by kind.
        noun: What a kind is a kind of, such as ``detector``; used in errors.
        shown: The text to quote in errors, where that is more than ``text``.

    Raises:
        ValueError: The kind, a parameter's name or its value is wrong; one line that names it and what is allowed.
    """
    shown = text if shown is None else shown
    kind, _, parameters = text.partition(":")
    if kind not in kinds:
        raise ValueError(f"{shown!r}: unknown {noun} {kind!r}; allowed: {', '.join(sorted(kinds))}")
    config = kinds[kind]
    try:
        return config(**_read_parameters(parameters, kind, parameters_of(config), shown))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join((kind, *map(str, first["loc"])))
        raise ValueError(f"{shown!r}: {where}: {first['msg'].removeprefix('Value error, ')}") from None


def parameters_of(config: type[BaseModel]) -> list[str]:
    """Return the names of a config's parameters."""
    return [name for name in config.model_fields if name != "kind"]


def usages(kinds: Mapping[str, type[BaseModel]]) -> str:
    """Return each kind with its parameters and their defaults, as they are written."""
    return ", ".join(":".join(filter(None, (kind, _defaults(config)))) for kind, config in kinds.items())


def _defaults(config: type[BaseModel]) -> str:
    fields = config.model_fields
    return ",".join(
        f"{name}={'...' if fields[name].is_required() else fields[name].default}" for name in parameters_of(config)
    )


def _read_parameters(text: str, kind: str, allowed: list[str], shown: str) -> dict[str, str]:
    found = {}
    for part in filter(str.strip, text.split(",")):
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals:
            raise ValueError(f"{shown!r}: {name!r} is not PARAMETER=VALUE")
        if name not in allowed:
            raise ValueError(f"{shown!r}: {kind} has no parameter {name!r}; allowed: {', '.join(allowed) or 'none'}")
        found[name] = value.strip()
    return found
