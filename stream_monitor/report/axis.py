"""Axes: scales from values to pixels, limits, and ticks at round numbers and times."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
#: Intervals between ticks of time, in seconds.
_STEPS = (
    *(1.0, 2.0, 5.0, 10.0, 15.0, 30.0),
    *(_MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * n for n in (1, 2, 3, 6, 12)),
    *(_DAY * n for n in (1, 2, 7, 14)),
)
#: Intervals between ticks of longer times, in months.
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 600, 1200)
#: An axis is restricted to the middle 96 % of the values and a margin, if the full range is wider by this factor.
_MAX_RANGE_FACTOR = 6.0


class Tick(NamedTuple):
    """A tick of an axis: its value and its label; a ``major`` one begins a day, a month or a year."""

    at: float
    label: str
    major: bool = False


class Scale(NamedTuple):
    """A linear scale from values (``low`` to ``high``) to pixels (``start`` to ``end``)."""

    low: float
    high: float
    start: float
    end: float

    def at(self, values: Floats) -> Floats:
        """Return the pixels of values, with the same shape."""
        places: Floats = self.start + (values - self.low) / ((self.high - self.low) or 1.0) * (self.end - self.start)
        return places


def limits(values: Floats, floor: float | None = None, ceiling: float | None = None) -> tuple[float, float]:
    """Return the limits of an axis for these values, with a margin; outliers may be left outside.

    Args:
        values: The values, shape (n,); infinite ones and NaN are ignored.
        floor: A lower bound of the limits.
        ceiling: An upper bound of the limits.

    >>> limits(np.array([1.0, 3.0]))
    (0.8, 3.2)
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    near = np.percentile(values, (2, 98))
    room = float(near[1] - near[0])
    if room and high - low > _MAX_RANGE_FACTOR * room:
        low, high = max(low, float(near[0]) - room), min(high, float(near[1]) + room)
    margin = (high - low) * 0.1 or abs(high) * 0.1 or 1.0
    low, high = low - margin, high + margin
    return (low if floor is None else max(low, floor)), (high if ceiling is None else min(high, ceiling))


def number_ticks(low: float, high: float, max_ticks: int = 4, percent: bool = False) -> list[Tick]:
    """Return ticks at round numbers from ``low`` to ``high``.

    >>> [tick.label for tick in number_ticks(0.0, 2600.0)]
    ['0', '1,000', '2,000']
    """
    rough = (high - low) / max_ticks
    if not (math.isfinite(rough) and rough > 0):
        return []
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(step for step in (size, 2 * size, 2.5 * size, 5 * size, 10 * size) if step >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [Tick(n * step, _number(n * step, step, percent)) for n in range(first, last + 1)]


def _number(value: float, step: float, percent: bool) -> str:
    if percent:
        value, step = value * 100, step * 100
    largest = max(abs(value), step)
    if largest >= 1e7 or step < 1e-5:
        label = f"{value:.3g}".replace("e+0", "e").replace("e+", "e")
    else:
        decimals = max(-math.floor(math.log10(step) + 1e-9), 0)
        # Steps of 2.5 and 0.25 need one more digit than their magnitude.
        decimals += round(step / 10.0**-decimals, 6) % 1 > 0
        label = f"{value:,.{decimals}f}"
    return f"{label}%" if percent else label


def time_ticks(first: float, last: float, max_ticks: int = 8) -> list[Tick]:
    """Return ticks at round times in UTC, from ``first`` to ``last`` in seconds since the epoch.

    >>> [tick.label for tick in time_ticks(1795435200.0, 1795435200.0 + 86400)]
    ['23 Nov 12:00', '15:00', '18:00', '21:00', '24 Nov', '03:00', '06:00', '09:00', '12:00']
    """
    length = last - first
    if not length > 0:
        return [_only_tick(first)]
    step = next((step for step in _STEPS if step * max_ticks >= length), None)
    if step is None:
        return _month_ticks(first, last, max_ticks)
    # Weeks begin on Monday; the epoch was a Thursday.
    shift = 4 * _DAY if step >= 7 * _DAY else 0.0
    numbers = range(math.ceil((first - shift) / step), math.floor((last - shift) / step) + 1)
    ticks = [_time_tick(number * step + shift, step) for number in numbers]
    if not ticks:
        return [_only_tick(first)]
    if ticks[0].at % _DAY:
        # The first tick also names the day.
        begin = datetime.fromtimestamp(ticks[0].at, UTC)
        ticks[0] = ticks[0]._replace(label=f"{begin.day} {begin:%b} {ticks[0].label}")
    return ticks


def _only_tick(ts: float) -> Tick:
    at = datetime.fromtimestamp(ts, UTC)
    return Tick(ts, f"{at.day} {at:%b %Y %H:%M:%S}")


def _time_tick(ts: float, step: float) -> Tick:
    at = datetime.fromtimestamp(ts, UTC)
    midnight = ts % _DAY == 0
    if midnight:
        return Tick(ts, f"{at.day} {at:%b}" + (f" {at:%Y}" if (at.month, at.day) == (1, 1) else ""), step < _DAY)
    return Tick(ts, f"{at:%H:%M:%S}" if step < _MINUTE else f"{at:%H:%M}")


def _month_ticks(first: float, last: float, max_ticks: int) -> list[Tick]:
    begin, until = datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)
    months = (until.year - begin.year) * 12 + until.month - begin.month + 1
    step = next((step for step in _MONTHS if step * max_ticks >= months), _MONTHS[-1])
    ticks: list[Tick] = []
    number = math.ceil((begin.year * 12 + begin.month - 1) / step) * step
    while number <= until.year * 12 + until.month - 1:
        at = datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
        if first <= at.timestamp() <= last:
            label = f"{at:%Y}" if step >= 12 else f"{at:%b %Y}"
            ticks.append(Tick(at.timestamp(), label, at.month == 1 and step < 12))
        number += step
    return ticks
