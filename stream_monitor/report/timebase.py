"""The axis shared by all timelines: the time of predictions, or their number if times are not usable."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.report.axis import Tick, number_ticks, time_ticks
from stream_monitor.report.recorder import Recorder

#: The maximum sum of steps back in time, as a share of the period.
_MAX_DISORDER = 0.05
#: The maximum share of predictions without a time.
_MAX_UNTIMED = 0.1


class Timebase(NamedTuple):
    """A piecewise linear mapping from positions in the stream to times.

    Attributes:
        knots: Positions, increasing, shape (n,).
        places: The times at the knots in seconds since the epoch, or the positions themselves, shape (n,).
        why_not: The reason why times are not usable; empty if they are.
    """

    knots: Floats
    places: Floats
    why_not: str = ""

    @property
    def first(self) -> float:
        return float(self.places[0])

    @property
    def last(self) -> float:
        return float(self.places[-1])

    @property
    def ticks(self) -> list[Tick]:
        """The ticks of the axis."""
        ticks = number_ticks if self.why_not else time_ticks
        return ticks(self.first, self.last, 8)

    def at(self, positions: Floats) -> Floats:
        """Return the values on the axis of positions, with the same shape."""
        places: Floats = np.interp(positions, self.knots, self.places)
        return places


def make_timebase(recorder: Recorder) -> Timebase:
    """Return the axis of a recording."""
    count, total = recorder.times
    there = np.flatnonzero(count)
    last = max(recorder.end - 1, 1)
    numbers = np.array([0.0, float(last)])
    if not len(there) or recorder.first_ts is None or recorder.last_ts is None:
        return Timebase(numbers, numbers, "the predictions have no times")
    if recorder.untimed > _MAX_UNTIMED * recorder.end:
        return Timebase(numbers, numbers, f"{recorder.untimed:,} predictions have no time")
    times = total[there] / count[there] + recorder.origin
    period = recorder.last_ts - recorder.first_ts
    if period <= 0:
        return Timebase(numbers, numbers, "all predictions have the same time")
    if -np.diff(times).clip(max=0).sum() > _MAX_DISORDER * period:
        return Timebase(numbers, numbers, "the predictions are not in the order of their times")
    middles = np.minimum((there + 0.5) * recorder.width - 0.5, last)
    knots = np.concatenate(([-0.5], middles, [last + 0.5]))
    places = np.maximum.accumulate(np.concatenate(([recorder.first_ts], times, [recorder.last_ts])))
    return Timebase(knots, places)
