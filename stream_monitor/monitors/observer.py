"""The observer of a fleet: it is shown what the monitors take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from stream_monitor.core.arrays import ColumnKind
from stream_monitor.core.events import ModelVersion
from stream_monitor.performance.realized import Performance
from stream_monitor.signals.columns import Column
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.stats.distances import Distance


class ObservedSignal(Protocol):
    """The monitor of one signal, as an observer sees it."""

    @property
    def key(self) -> ModelVersion: ...
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> ColumnKind: ...
    @property
    def categories(self) -> CategoryEncoder | None: ...

    def distances(self) -> Mapping[str, Distance]:
        """Return the distances of the newest values to the reference, by measure."""
        ...


class Observer(Protocol):
    """Sees what the monitors take, in the order of the stream; it changes nothing.

    The recorder of a report is one. The sidecar has none.
    """

    def take_signal(self, signal: ObservedSignal, column: Column) -> None:
        """The next finite values of a signal."""
        ...

    def take_performance(self, key: ModelVersion, performance: Performance, at: int) -> None:
        """The performance after a batch of outcomes, whose newest is that of the prediction at this position."""
        ...
