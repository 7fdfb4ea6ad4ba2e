"""Detections as log lines, so many a minute."""

from __future__ import annotations

import logging

from stream_monitor.actions.message import fields, line
from stream_monitor.core.clock import Clock
from stream_monitor.core.events import Detection
from stream_monitor.core.ratelimit import RateLimit

logger = logging.getLogger(__name__)


class LogSink:
    """Writes one line a detection; what is past the bound is in the metrics all the same."""

    def __init__(self, clock: Clock, per_minute: int = 60) -> None:
        self._limit = RateLimit(clock, per_minute)

    def send(self, detection: Detection) -> None:
        if self._limit.allow():
            logger.warning("%s", line(detection), extra={"fields": {"event": "drift", **fields(detection)}})
