"""A list of notices, for a replay and for tests."""

from __future__ import annotations

from stream_monitor.actions.notice import Notice
from stream_monitor.core.events import Detection


class MemorySink:
    """Appends each notice to ``notices``."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def send(self, notice: Notice) -> None:
        self.notices.append(notice)

    @property
    def detections(self) -> list[Detection]:
        """The detections among them."""
        return [notice for notice in self.notices if isinstance(notice, Detection)]
