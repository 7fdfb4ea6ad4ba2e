"""Alerts between their detection and their delivery: none is lost when a sink is down or the process is killed."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from stream_monitor.actions.base import Sink
from stream_monitor.core.errors import SinkError
from stream_monitor.core.events import Detection

logger = logging.getLogger(__name__)

#: Alerts that wait for one sink at most; past it the oldest is dropped.
MAX_PENDING = 10_000


class Outbox:
    """Gives every detection to every sink, in order, until the sink has taken it.

    What is pending is part of the saved state. After a crash an alert may come again, with the same id.
    """

    def __init__(self, sinks: Mapping[str, Sink]) -> None:
        self._sinks = sinks
        self._pending: dict[str, deque[Detection]] = {name: deque(maxlen=MAX_PENDING) for name in sinks}

    def put(self, detections: Sequence[Detection]) -> None:
        """Take detections; nothing is sent yet."""
        for pending in self._pending.values():
            pending.extend(detections)

    def send(self) -> None:
        """Deliver what is pending, as far as the sinks take it."""
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
        """Take up what was pending for the sinks that are still there."""
        for name, pending in self._pending.items():
            pending.extend(Detection(*saved) for saved in state.get(name, ()))
