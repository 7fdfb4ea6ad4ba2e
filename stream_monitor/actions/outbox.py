"""The outbox: notices that wait for delivery. None is lost when a sink is down or the process is killed."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from stream_monitor.actions.base import Sink
from stream_monitor.actions.notice import Notice, restored, saved
from stream_monitor.core.errors import SinkError

logger = logging.getLogger(__name__)

#: Notices that wait for one sink; above it the oldest is dropped.
MAX_PENDING = 10_000


class Outbox:
    """Delivers every notice to every sink, in order, and repeats one that failed.

    Pending notices are part of the saved state. After a crash one may be delivered again, with the same id.
    """

    def __init__(self, sinks: Mapping[str, Sink]) -> None:
        self._sinks = sinks
        self._pending: dict[str, deque[Notice]] = {name: deque(maxlen=MAX_PENDING) for name in sinks}

    def put(self, notices: Sequence[Notice]) -> None:
        """Append notices; nothing is sent yet."""
        for pending in self._pending.values():
            pending.extend(notices)

    def send(self) -> None:
        """Deliver pending notices, of each sink up to the first that fails."""
        for name, pending in self._pending.items():
            try:
                while pending:
                    self._sinks[name].send(pending[0])
                    pending.popleft()
            except SinkError as error:
                logger.warning("alert sink %s: %s; %d notices wait", name, error, len(pending))

    def state(self) -> dict[str, Any]:
        return {name: list(map(saved, pending)) for name, pending in self._pending.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore the pending notices of sinks that still exist."""
        for name, pending in self._pending.items():
            pending.extend(map(restored, state.get(name, ())))
