"""Streams with a season and no other change: daily and weekly cycles of the level, the variance and the shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from program import Floats

from stream_monitor.core.arrays import ColumnKind
from stream_monitor.signals.columns import Column

DAY_S = 86_400.0
#: The shares of the categories that a seasonal one takes from, relative to each other.
OTHERS = (0.4, 0.3, 0.2, 0.1)
Cycle = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Seasonal:
    """A stream with a season that goes on unchanged.

    Attributes:
        name: Its name.
        kind: The kind of its values.
        signal: The signal that it stands for, which sets its part of the budget: ``feature:x``, ``missing:x``,
            ``error`` or ``prediction``. Of a numeric feature, the spread is watched as well.
        period: The period in seconds; events come evenly.
        level: The mean of a number, or the share of ones or of the first category, at each time in seconds.
        deviation: The standard deviation of a number at each time.
    """

    name: str
    kind: ColumnKind
    signal: str
    period: float
    level: Cycle
    deviation: Cycle = np.ones_like

    def column(self, rng: np.random.Generator, days: float, per_day: int) -> Column:
        """Return so many days of it; it begins at any hour of the week.

        Args:
            rng: The source of its noise.
            days: Its length in days.
            per_day: The number of events a day.
        """
        index = np.arange(round(days * per_day))
        ts = (index / per_day + 7.0 * rng.random()) * DAY_S
        return Column(self._values(rng, ts), index, ts)

    def _values(self, rng: np.random.Generator, ts: Floats) -> Floats:
        if self.kind == "number":
            return self.level(ts) + self.deviation(ts) * rng.standard_normal(len(ts))
        is_first = rng.random(len(ts)) < self.level(ts)
        if self.kind == "share":
            return is_first.astype(np.float64)
        others = rng.choice(len(OTHERS), len(ts), p=OTHERS)
        return np.where(is_first, 0.0, others + 1.0)


def wave(middle: float, amplitude: float) -> Cycle:
    """Return a daily sine."""
    return lambda ts: middle + amplitude * np.sin(2.0 * np.pi * ts / DAY_S)


def night(low: float, high: float) -> Cycle:
    """Return a step: the first value by day, the second for eight hours of each night."""
    return lambda ts: np.where(ts % DAY_S < DAY_S / 3.0, high, low)


def weekend(low: float, high: float) -> Cycle:
    """Return a step: the first value on five days of the week, the second on two."""
    return lambda ts: np.where(ts % (7.0 * DAY_S) >= 5.0 * DAY_S, high, low)


def working_hours(middle: float, amplitude: float, step: float) -> Cycle:
    """Return a daily sine that is on another level at weekends."""
    daily, weekly = wave(middle, amplitude), weekend(0.0, step)
    return lambda ts: daily(ts) + weekly(ts)


def deviations(amplitude: float) -> Cycle:
    """Return a daily cycle of the standard deviation, of this amplitude in its logarithm."""
    cycle = wave(0.0, amplitude)
    return lambda ts: np.exp(cycle(ts))


STREAMS = [
    Seasonal("daily mean", "number", "feature:x", DAY_S, wave(0.0, 1.0)),
    Seasonal("daily variance", "number", "feature:x", DAY_S, wave(0.0, 0.0), deviations(0.5)),
    Seasonal("daily mean and variance", "number", "feature:x", DAY_S, wave(0.0, 1.0), deviations(0.5)),
    Seasonal("night step", "number", "feature:x", DAY_S, night(0.0, 1.0)),
    Seasonal("daily error", "share", "error", DAY_S, wave(0.2, 0.1)),
    Seasonal("daily missing", "share", "missing:x", DAY_S, wave(0.1, 0.08)),
    Seasonal("daily category", "category", "feature:x", DAY_S, wave(0.3, 0.2)),
    Seasonal("weekend step", "number", "feature:x", 7.0 * DAY_S, weekend(0.0, 1.0)),
    Seasonal("weekend step and daily mean", "number", "feature:x", 7.0 * DAY_S, working_hours(0.0, 1.0, 1.0)),
    Seasonal("weekend error", "share", "error", 7.0 * DAY_S, weekend(0.1, 0.25)),
    Seasonal("no season", "number", "feature:x", DAY_S, wave(0.0, 0.0)),
    Seasonal("no season error", "share", "error", DAY_S, wave(0.2, 0.0)),
]
