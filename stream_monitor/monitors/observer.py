"""The observer of a fleet: it is called with each update of the monitors."""

from __future__ import annotations

from typing import Protocol

from stream_monitor.core.arrays import ColumnKind
from stream_monitor.core.events import ModelVersion
from stream_monitor.monitors.comparison import Comparison
from stream_monitor.performance.realized import Performance
from stream_monitor.signals.columns import Column
from stream_monitor.signals.encoder import CategoryEncoder


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

    def comparison(self) -> Comparison:
        """Return the newest values with the reference."""
        ...


class Observer(Protocol):
    """Called by the monitors after each update, in the order of the stream; it changes nothing.

    The recorder of a report is one. The sidecar has none.
    """

    def on_signal(self, signal: ObservedSignal, column: Column) -> None:
        """Handle an update of a signal with its next finite values, at least one."""
        ...

    def on_performance(self, key: ModelVersion, performance: Performance, at: int) -> None:
        """Handle an update of a version's performance; ``at`` is the position of the newest outcome's prediction."""
        ...
