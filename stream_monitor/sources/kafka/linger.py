"""Linger: live records wait a little at the broker, so that a poll brings many at a time.

While a partition is behind, a fetch is answered as soon as there is anything. Once all of them are caught up, brokers
wait for a full batch or for the next tick, which is the same for all of them: their answers make one batch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping
from typing import Any

from kafka import KafkaConsumer

from stream_monitor.core.clock import Clock

#: Seconds to wait for an answer that makes a batch longer: a batch costs as much as some records.
ROUND_TRIP = 0.02
#: Share of the maximum latency for which a record may wait at its broker; the rest is for its way from there.
_AT_BROKER = 0.8
#: Share of it for which the answers of other brokers are waited for.
_FOR_OTHERS = 0.1


class Linger:
    """Sets how long a broker waits for more before it answers a fetch.

    Args:
        clock: The time.
        max_latency: Seconds for which a record may wait from its arrival at the broker until it is polled.
        fixed: Settings of the client that the user gave, which are left alone.
    """

    def __init__(self, clock: Clock, max_latency: float, fixed: Collection[str]) -> None:
        self._clock = clock
        self._period = _AT_BROKER * max_latency
        self._patience = min(_FOR_OTHERS * max_latency, ROUND_TRIP)
        self._fixed = frozenset(fixed)
        self._tick = clock.monotonic() - self._period
        self._is_behind = True

    def attach(self, consumer: KafkaConsumer) -> None:
        """Set the wait of every fetch that a client sends from now on."""
        fetcher = consumer._fetcher
        send, given = fetcher.send_fetches, dict(fetcher.config)

        def send_fetches() -> Any:
            self._is_behind = any(map(_is_behind, list(fetcher._subscriptions.assignment.values())))
            waits = given if self._is_behind else self._waits(given)
            for key in ("fetch_min_bytes", "fetch_max_wait_ms"):
                if key not in self._fixed:
                    fetcher.config[key] = waits[key]
            return send()

        fetcher.send_fetches = send_fetches

    def gather(self, consumer: KafkaConsumer) -> bool:
        """At a tick, wait until the other brokers have answered too, but not long; return True when there are any."""
        if self._is_behind or self._clock.monotonic() < self._tick or not consumer._fetcher.in_flight_fetches():
            return False
        deadline = time.monotonic() + self._patience
        while consumer._fetcher.in_flight_fetches() and time.monotonic() < deadline:
            time.sleep(0.001)
        return True

    def _waits(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings of a fetch that is answered at the next tick, or with so much that it is worth it."""
        now = self._clock.monotonic()
        if now >= self._tick:
            self._tick = max(self._tick + self._period, now)
        # Of one partition the broker never counts more than it may send.
        enough = min(given["max_partition_fetch_bytes"], given["fetch_max_bytes"])
        return {"fetch_min_bytes": enough, "fetch_max_wait_ms": math.ceil((self._tick - now) * 1000)}


def _is_behind(state: Any) -> bool:
    """Return True while a partition may have records that were not fetched."""
    return state.position is None or state.highwater is None or bool(state.position.offset < state.highwater)
