"""The notices that wait for one sink."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Any

from stream_monitor.actions.base import Sink
from stream_monitor.actions.delivery import Delivery, RemoteSink
from stream_monitor.actions.notice import Notice, NoticeKind, kind_of, restored, saved
from stream_monitor.core.clock import Clock
from stream_monitor.core.errors import SinkError

logger = logging.getLogger(__name__)

#: Notices that wait for one sink; above it the oldest is dropped.
MAX_PENDING = 10_000
#: Notices of one delivery.
MAX_AT_ONCE = 100
#: Seconds between two attempts, at first and at most, but for the jitter.
MIN_BACK_OFF, MAX_BACK_OFF = 1.0, 300.0
#: Seconds for which a stop waits.
MAX_STOP = 5.0


class SinkQueue:
    """Holds the notices for one sink until they are delivered, in order.

    Args:
        name: The sink's name.
        sink: The sink, whose ``send`` does not wait.

    Attributes:
        delivered, failures, dropped: Notices that were delivered, attempts that failed, and notices that were dropped
            because too many waited.
    """

    def __init__(self, name: str, sink: Sink) -> None:
        self._name, self._sink = name, sink
        self._pending: deque[Notice] = deque()
        self.delivered = self.failures = self.dropped = 0

    @property
    def pending(self) -> int:
        """The number of notices that wait."""
        return len(self._pending)

    def put(self, notices: Sequence[Notice]) -> None:
        """Append notices; nothing is sent yet."""
        self._pending.extend(notices)
        excess = len(self._pending) - MAX_PENDING
        if excess > 0:
            self.dropped += excess
            logger.error("%s: more than %d notices wait: the oldest %d are dropped", self._name, MAX_PENDING, excess)
            for _ in range(excess):
                self._pending.popleft()

    @property
    def is_due(self) -> bool:
        """True if something is to be sent now, or was delivered."""
        return bool(self._pending)

    def advance(self) -> None:
        """Deliver what waits, up to the first that fails."""
        try:
            while self._pending:
                self._sink.send(self._pending[0])
                self._pending.popleft()
                self.delivered += 1
        except SinkError as error:
            self.failures += 1
            logger.warning("%s: %s; %d notices wait", self._name, error, len(self._pending))

    def close(self) -> None:
        """Do nothing: what waits is in the saved state."""

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "pending": list(map(saved, self._pending)),
            "counts": [self.delivered, self.failures, self.dropped],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        self._pending.extend(map(restored, state["pending"]))
        self.delivered, self.failures, self.dropped = state["counts"]


class RemoteQueue(SinkQueue):
    """Holds the notices for a sink that may take its time: they are sent in another thread.

    A notice stays in the queue, and in the saved state, until the sink has accepted it. After a failure the next
    attempt waits for a time that doubles with each failure.

    Args:
        name: The sink's name.
        sink: The sink.
        clock: The time, for the back-off.
        accepts: The kinds of notices that go to this sink; all of them by default.
    """

    def __init__(self, name: str, sink: RemoteSink, clock: Clock, accepts: Sequence[NoticeKind] = ()) -> None:
        super().__init__(name, sink)
        self._remote, self._clock, self._accepts = sink, clock, accepts
        self._delivery: Delivery | None = None
        self._failed, self._next_attempt = 0, clock.monotonic()

    def put(self, notices: Sequence[Notice]) -> None:
        """Append the notices that this sink accepts; nothing is sent yet."""
        super().put([notice for notice in notices if not self._accepts or kind_of(notice) in self._accepts])

    @property
    def is_due(self) -> bool:
        if self._delivery:
            return self._delivery.is_finished
        return bool(self._pending) and self._clock.monotonic() >= self._next_attempt

    def advance(self) -> None:
        """Take the result of a finished delivery, and begin the next one that is due."""
        if self._delivery and self._delivery.is_finished:
            self._finish(self._delivery)
        if not self._delivery and self.is_due:
            self._delivery = Delivery(self._remote, list(islice(self._pending, MAX_AT_ONCE)))

    def close(self) -> None:
        """Wait a little for what is being sent, and release the sink."""
        self.advance()
        if self._delivery:
            self._delivery.stop(MAX_STOP)
            self._finish(self._delivery)
        if self._pending:
            logger.warning("%s: %d notices are not delivered", self._name, len(self._pending))
        self._remote.close()

    def _finish(self, delivery: Delivery) -> None:
        """Drop what was delivered; wait before the next attempt if one has failed."""
        self._delivery = None
        done = delivery.notices[: delivery.delivered]
        self.delivered += len(done)
        for notice in done:
            # Notices that were too many may have been dropped meanwhile.
            if self._pending and self._pending[0] is notice:
                self._pending.popleft()
        if not delivery.error:
            self._failed = 0
            return
        self.failures += 1
        self._failed = 1 if done else self._failed + 1
        wait = back_off(delivery.notices[delivery.delivered].id, self._failed)
        self._next_attempt = self._clock.monotonic() + wait
        logger.warning(
            "%s: %s; %d notices wait; trying again in %.0f s", self._name, delivery.error, len(self._pending), wait
        )


def back_off(identity: str, failures: int) -> float:
    """Return the seconds to wait after so many failures in a row, with a jitter that follows from the notice's id.

    >>> [round(back_off("a", failures), 1) for failures in (1, 2, 3, 20)]
    [0.7, 1.9, 3.5, 236.4]
    """
    longest = min(MIN_BACK_OFF * 2.0 ** min(failures - 1, 20), MAX_BACK_OFF)
    digest = blake2b(f"{identity} {failures}".encode(), digest_size=8).digest()
    return longest * (0.5 + int.from_bytes(digest) / 2.0**65)
