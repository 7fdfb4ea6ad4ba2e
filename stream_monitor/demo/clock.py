"""The time of the scenario, in which a day passes in about a minute."""

from __future__ import annotations

import time

from stream_monitor.demo.scenario import LENGTH, RATE

#: Seconds of a day of the scenario, and days before today at which it begins: event times stay in the past for hours.
DAY, _DAYS_BEFORE = 86_400.0, 365


class DemoClock:
    """A clock that shows the real time, or one that begins at a midnight and runs fast.

    Args:
        is_fast: True for a day of 24 hours, False for one that takes as long as its events.

    Attributes:
        speed: Seconds of the scenario in a second.
    """

    def __init__(self, is_fast: bool) -> None:
        self._real = self._begin = time.time()
        self.speed = DAY * RATE / LENGTH if is_fast else 1.0
        if is_fast:
            self._begin = (self._real // DAY - _DAYS_BEFORE) * DAY

    def start(self) -> None:
        """Begin the first day now."""
        begun = time.time()
        self._begin += begun - self._real if self.speed == 1.0 else 0.0
        self._real = begun

    def now(self) -> float:
        """Return the time of the scenario, in seconds since the Unix epoch."""
        return self._begin + (time.time() - self._real) * self.speed

    def at(self, day: int, event: int) -> float:
        """Return the time of an event of a day, counted from 0."""
        return self._begin + (day * LENGTH + event) / RATE * self.speed


def clock_text(seconds: float) -> str:
    """Return the time of day.

    >>> clock_text(45_300.0)
    '12:35'
    """
    return time.strftime("%H:%M", time.gmtime(seconds))


def duration_of(seconds: float) -> str:
    """Return how long something took, in minutes or hours.

    >>> duration_of(90.0), duration_of(5_430.0)
    ('2 min', '1 h 30 min')
    """
    minutes = max(round(seconds / 60), 0)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
