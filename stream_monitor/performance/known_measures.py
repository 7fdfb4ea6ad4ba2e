"""Every measure of a model version's performance, however it is computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from stream_monitor.performance.class_measures import AVERAGED_MEASURES
from stream_monitor.performance.measures import MEASURES
from stream_monitor.performance.score_measures import SCORE_MEASURES


class KnownMeasure(Protocol):
    """A measure as it is described: see `stream_monitor.performance.measures.Measure`."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def is_unitless(self) -> bool: ...
    @property
    def minimum(self) -> float | None: ...
    @property
    def maximum(self) -> float | None: ...
    @property
    def is_share(self) -> bool: ...


_ALL: tuple[KnownMeasure, ...] = (*MEASURES.values(), *AVERAGED_MEASURES, *SCORE_MEASURES)
#: Every measure over all classes, by name.
KNOWN: Mapping[str, KnownMeasure] = {each.name: each for each in _ALL}
