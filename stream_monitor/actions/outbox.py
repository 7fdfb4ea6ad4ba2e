"""The outbox: alerts that wait for delivery. None is lost when a sink is down or the process is killed."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from stream_monitor.actions.base import Sink
from stream_monitor.core.errors import SinkError
from stream_monitor.core.events import Detection

logger = logging.getLogger(__name__)

#: Alerts that wait for one sink; above it the oldest is dropped.
MAX_PENDING = 10_000


class Outbox:
    """Delivers every detection to every sink, in order, and repeats one that failed.

    Pending alerts are part of the saved state. After a crash an alert may be delivered again, with the same id.
    """

    def __init__(self, sinks: Mapping[str, Sink]) -> None:
        self._sinks = sinks
        self._pending: dict[str, deque[Detection]] = {name: deque(maxlen=MAX_PENDING) for name in sinks}

    def put(self, detections: Sequence[Detection]) -> None:
        """Append detections; nothing is sent yet."""
        for pending in self._pending.values():
            pending.extend(detections)

    def send(self) -> None:
        """Deliver pending alerts, of each sink up to the first that fails."""
        for name, pending in self._pending.items():
            try:
                while pending:
                    self._sinks[name].send(pending[0])
                    pending.popleft()
            except SinkError as error:
                logger.warning("alert sink %s: %s; %d alerts wait", name, error, len(pending))

    def state(self) -> dict[str, Any]:
        return {name: list(pending) for name, pending in self._pending.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore the pending alerts of sinks that still exist."""
        for name, pending in self._pending.items():
            pending.extend(Detection(*saved) for saved in state.get(name, ()))
