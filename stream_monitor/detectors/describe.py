"""A detector's parameters in words, read off its config: for the command line and the documentation."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args, get_origin

from stream_monitor.detectors.base import DetectorConfig

_SIGNS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


#: The default of a parameter that the budget decides.
FROM_BUDGET = "from --expected-run-length unless given"


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
            FROM_BUDGET if name == config.budgeted else _spelled(field.default),
            _allowed(field.annotation, field.metadata),
            field.description or "",
        )
        for name, field in config.model_fields.items()
        if name != "kind"
    ]


def remark(config: type[DetectorConfig]) -> str:
    """What to know of a detector that the budget does not reach; nothing of any other."""
    alarms = "How often it raises a false alarm is its own affair: --expected-run-length does not reach it."
    return "" if config.budgeted else alarms


def _spelled(default: Any) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default)


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
