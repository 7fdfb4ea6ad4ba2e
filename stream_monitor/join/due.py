"""Work that is due as stream time advances."""

from __future__ import annotations

import math
from collections.abc import Collection

from stream_monitor.core.records import TopicPartition
from stream_monitor.join.expiry import Expiry
from stream_monitor.join.outcomes import Outcomes
from stream_monitor.join.stream_time import StreamTime


class DueWork:
    """Advances stream time and does what is due by it: expiry, and the release of mature outcomes."""

    def __init__(self, time: StreamTime, expiry: Expiry, outcomes: Outcomes) -> None:
        self._time, self._expiry, self._outcomes = time, expiry, outcomes

    def advance(self, ts: float | None, restoring: Collection[TopicPartition]) -> float:
        """Take the time of an event, and do what is due: at each event, so that results don't depend on batches.

        Args:
            ts: The event's time, None when it has none.
            restoring: Partitions whose outcomes are not emitted.

        Returns:
            The stream time of the event's arrival, inf before any time is known.
        """
        time, expiry, outcomes = self._time, self._expiry, self._outcomes
        if ts is not None:
            time.observe(ts)
        now = time.now
        if expiry.next_due < now:
            expiry.expire(expiry.MAX_PER_EVENT)
        if outcomes.next_due <= now:
            outcomes.release(expiry.MAX_PER_EVENT, restoring)
        return now if now > -math.inf else math.inf

    @property
    def is_behind(self) -> bool:
        """True while more is due than events have triggered so far."""
        return self._expiry.next_due < self._time.now or self._outcomes.next_due <= self._time.now

    def catch_up(self, limit: int, restoring: Collection[TopicPartition]) -> None:
        """Do what is due without an event, at most so much of each kind."""
        self._expiry.expire(limit)
        self._outcomes.release(limit, restoring)
