"""A rate limit, for log lines."""

from __future__ import annotations

from stream_monitor.core.clock import Clock


class RateLimit:
    """Allows at most ``per_minute`` events in each minute.

    >>> from stream_monitor.testing import FakeClock
    >>> limit = RateLimit(FakeClock(), per_minute=2)
    >>> [limit.allow() for _ in range(3)]
    [True, True, False]
    """

    def __init__(self, clock: Clock, per_minute: int) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._minute = -1
        self._count = 0

    def allow(self) -> bool:
        """Count an event; return True when it is within the limit."""
        minute = int(self._clock.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._count = minute, 0
        self._count += 1
        return self._count <= self._per_minute
