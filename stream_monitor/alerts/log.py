"""Detections as log lines, so many a minute."""

from __future__ import annotations

import logging

from stream_monitor.clock import Clock
from stream_monitor.events import Detection
from stream_monitor.ratelimit import RateLimit
from stream_monitor.timestamps import format_timestamp

logger = logging.getLogger(__name__)


class LogSink:
    """Writes one line a detection; what is past the bound is in the metrics all the same."""

    def __init__(self, clock: Clock, per_minute: int = 60) -> None:
        self._limit = RateLimit(clock, per_minute)

    def send(self, detection: Detection) -> None:
        if not self._limit.allow():
            return
        fields = {"id": detection.id, **detection._asdict(), "ts": format_timestamp(detection.ts)}
        logger.warning(
            "drift in %s of %s/%s: mean %.6g -> %.6g (%s, prediction %d)",
            detection.signal,
            detection.model,
            detection.version,
            detection.before,
            detection.after,
            detection.detector,
            detection.index,
            extra={"fields": {"event": "drift", **fields}},
        )
