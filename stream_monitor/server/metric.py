"""One metric: its name, kind, help and label names."""

from __future__ import annotations

from typing import Literal, NamedTuple

PREFIX = "stream_monitor_"
Kind = Literal["counter", "gauge", "histogram"]
#: The label names of what belongs to a model version.
VERSION = ("model", "version")


class Metric(NamedTuple):
    """One metric. ``name`` is the full name, with ``_total`` for a counter."""

    name: str
    kind: Kind
    help: str
    label_names: tuple[str, ...] = ()


#: A metric, its label values in the order of its label names, and the value.
Sample = tuple[Metric, tuple[str, ...], float]


def metric(name: str, kind: Kind, text: str, *label_names: str) -> Metric:
    """Return a metric; its name is given without the prefix."""
    return Metric(PREFIX + name, kind, text, label_names)
