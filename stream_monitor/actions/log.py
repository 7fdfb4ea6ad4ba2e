"""Log lines: one a notice, at a limited rate."""

from __future__ import annotations

import logging
from typing import Literal

from pydantic import Field

from stream_monitor.actions.base import SinkConfig
from stream_monitor.actions.notice import Notice, kind_of, notice_fields, notice_line
from stream_monitor.core.clock import Clock
from stream_monitor.core.ratelimit import RateLimit

logger = logging.getLogger(__name__)

#: Lines a minute, unless the configuration says otherwise.
PER_MINUTE = 60


class LogSinkConfig(SinkConfig):
    """Log lines. Notices above the rate are in the metrics only."""

    kind: Literal["log"] = "log"
    per_minute: int = Field(PER_MINUTE, ge=1, description="lines a minute at most")

    def make(self, clock: Clock) -> LogSink:
        return LogSink(clock, self.per_minute)


class LogSink:
    """Writes a warning for each notice, and an information for a recovery, at most ``per_minute`` of them."""

    def __init__(self, clock: Clock, per_minute: int = PER_MINUTE) -> None:
        self._limit = RateLimit(clock, per_minute)

    def send(self, notice: Notice) -> None:
        if self._limit.allow():
            level = logging.INFO if kind_of(notice) == "recovery" else logging.WARNING
            logger.log(level, "%s", notice_line(notice), extra={"fields": notice_fields(notice)})
