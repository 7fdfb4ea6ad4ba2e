"""Who may look on while a fleet takes its columns."""

from __future__ import annotations

from typing import Protocol

from stream_monitor.core.events import ModelVersion
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.performance.realized import Performance
from stream_monitor.signals.columns import Column


class Observer(Protocol):
    """Is shown by the monitors what they have just taken, in the order of the stream; it changes nothing.

    The recorder of a report is one. The sidecar has none.
    """

    def take_signal(self, signal: SignalMonitor, column: Column) -> None:
        """The next finite values of a signal."""
        ...

    def take_performance(self, key: ModelVersion, performance: Performance, at: int) -> None:
        """The performance after a batch of outcomes, whose newest is that of the prediction at this position."""
        ...
