"""What a sink of detections is."""

from __future__ import annotations

from typing import Protocol

from stream_monitor.core.events import Detection


class Sink(Protocol):
    """Somewhere to tell of a detection."""

    def send(self, detection: Detection) -> None:
        """Deliver one; `SinkError` when that is not possible now. It may come again, with the same id."""
        ...
