"""The rate limit of log lines."""

from __future__ import annotations

from stream_monitor.core.ratelimit import RateLimit
from stream_monitor.testing import FakeClock


def test_a_rate_limit_begins_anew_each_minute() -> None:
    clock = FakeClock()
    limit = RateLimit(clock, per_minute=2)
    allowed = []
    for _ in range(3):
        allowed.append([limit.allow() for _ in range(3)])
        clock.advance(60)
    assert allowed == [[True, True, False]] * 3
