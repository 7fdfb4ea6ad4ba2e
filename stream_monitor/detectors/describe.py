"""Descriptions of a detector's parameters, read from its config, for the command line and the documentation."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args, get_origin

from stream_monitor.detectors.base import DetectorConfig

_SIGNS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


#: The default shown for a parameter that is computed from the false-alarm budget.
FROM_BUDGET = "from --expected-run-length unless given"


class Parameter(NamedTuple):
    """The name, default, allowed values and description of one parameter, as text."""

    name: str
    default: str
    allowed: str
    description: str


def describe(config: type[DetectorConfig]) -> list[Parameter]:
    """Return the parameters of a detector, in the order of its config."""
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
    """Return a note on the false-alarm rate of a detector that has no budgeted parameter, else an empty string."""
    alarms = "Its own parameters set its false-alarm rate: --expected-run-length does not reach it."
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
