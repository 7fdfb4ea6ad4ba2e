"""A detector's parameters in words, read off its config: for the command line and the documentation."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args, get_origin

from stream_monitor.detectors.base import DetectorConfig

_SIGNS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


class Parameter(NamedTuple):
    """One parameter: its name, default, what is allowed, and what it does."""

    name: str
    default: str
    allowed: str
    description: str


def describe(config: type[DetectorConfig]) -> list[Parameter]:
    """The parameters of a detector."""
    return [
        Parameter(
            name,
            f"{field.default:g}" if isinstance(field.default, float) else str(field.default),
            _allowed(field.annotation, field.metadata),
            field.description or "",
        )
        for name, field in config.model_fields.items()
        if name != "kind"
    ]


def _allowed(annotation: Any, metadata: list[Any]) -> str:
    if get_origin(annotation) is Literal:
        return "|".join(get_args(annotation))
    limits = [
        f"{sign} {getattr(limit, name):g}"
        for limit in metadata
        for name, sign in _SIGNS.items()
        if hasattr(limit, name)
    ]
    return " ".join([annotation.__name__, ", ".join(limits)]).strip()
