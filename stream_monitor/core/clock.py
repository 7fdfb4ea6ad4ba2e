"""The clock interface, which tests replace by a clock of their own."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """A clock."""

    def now(self) -> float:
        """Return the wall-clock time in seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go backwards, to measure durations."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()
