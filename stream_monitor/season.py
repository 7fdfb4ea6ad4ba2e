"""The usual level of each hour of the day, or of the week, taken out of a signal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_monitor.floats import Floats
from stream_monitor.signals import Column

HOUR = 3600.0
FEWEST_BINS, MOST_BINS = 24, 168
#: Periods over which the levels are averaged; older ones fade.
PERIODS = 8
#: How sure the levels must be to differ at all: this many standard deviations of chi-square above its mean.
SURE = 4.0


class Season:
    """Learns the mean of each part of a period, and once a whole one has passed, tells it.

    A level is the mean over the periods so far (of the newest eight, with fading weights), and between the middles of
    two parts it is linear. Levels that do not differ more than chance would have it are left out.

    Source: R. B. Cleveland, W. S. Cleveland, J. E. McRae, I. Terpenning, "STL: a seasonal-trend decomposition
    procedure based on loess", Journal of Official Statistics 6 (1990), pp. 3-73, of whose cycle-subseries this is the
    plainest form; the test is Pearson's chi-square on the means of the parts.
    """

    def __init__(self, period: float) -> None:
        self.period = period
        self._bins = int(min(max(period / HOUR, FEWEST_BINS), MOST_BINS))
        self._levels = np.zeros(self._bins)
        self._counts, self._sums = np.zeros(self._bins), np.zeros(self._bins)
        self._start: float | None = None
        self._periods = 0
        self._is_whole = True

    @property
    def is_known(self) -> bool:
        """Whether a whole period has been seen."""
        return self._periods > 0

    def room(self, ts: Floats) -> int:
        """How many values of these times belong to one period, at least one; what is over by the first is closed."""
        if self._start is None:
            self._start = float(ts[0]) if math.isfinite(ts[0]) else None
            return 1
        if ts[0] >= self._start + self.period:
            self._turn(float(ts[0]))
        over = np.flatnonzero(ts >= self._start + self.period)
        return max(int(over[0]), 1) if len(over) else len(ts)

    def count(self, column: Column) -> None:
        """Learn from values of one period: see `room`."""
        known = np.isfinite(column.ts)
        bins = self._bin(column.ts[known])
        # One by one, in order: the sums must not depend on how the stream was cut.
        np.add.at(self._counts, bins, 1.0)
        np.add.at(self._sums, bins, column.values[known])

    def interrupt(self) -> None:
        """What comes is measured otherwise from now on: this period tells no levels."""
        if self.is_known:
            self._is_whole = False
        else:
            self._start = None
            self._counts, self._sums = np.zeros(self._bins), np.zeros(self._bins)

    def _turn(self, now: float) -> None:
        """A period is over: its means become levels, or part of them."""
        assert self._start is not None
        self._start += math.floor((now - self._start) / self.period) * self.period
        counts, sums, is_whole = self._counts, self._sums, self._is_whole
        self._counts, self._sums, self._is_whole = np.zeros(self._bins), np.zeros(self._bins), True
        if is_whole:
            self._learn(counts, sums)

    def _learn(self, counts: Floats, sums: Floats) -> None:
        total = counts.sum()
        mean = sums.sum() / max(total, 1.0)
        means = np.where(counts > 0, sums / np.maximum(counts, 1.0), mean) - mean
        smooth = (np.roll(means, 1) + 2.0 * means + np.roll(means, -1)) / 4.0
        # Of normal scores the variance is 1, so this is a chi-square with a degree of freedom less than parts.
        chi2, free = float((counts * means**2).sum()), self._bins - 1.0
        self._periods += 1
        if self._periods > 1 or chi2 > free + SURE * math.sqrt(2.0 * free):
            weight = 1.0 / min(self._periods, PERIODS)
            self._levels += weight * (smooth - self._levels)

    def _bin(self, ts: Floats) -> NDArray[np.int64]:
        places: NDArray[np.int64] = (ts % self.period / self.period * self._bins).astype(np.int64)
        return np.minimum(places, self._bins - 1)

    def levels(self, ts: Floats) -> Floats:
        """The usual level at each time, 0 where it is not known."""
        if not self._levels.any():
            return np.zeros(len(ts))
        width = self.period / self._bins
        middles = (np.arange(-1, self._bins + 1) + 0.5) * width
        around = np.concatenate((self._levels[-1:], self._levels, self._levels[:1]))
        levels = np.interp(np.nan_to_num(ts % self.period), middles, around)
        return np.where(np.isfinite(ts), levels, 0.0)

    def state(self) -> dict[str, Any]:
        return {
            "levels": self._levels.tolist(),
            "counts": self._counts.tolist(),
            "sums": self._sums.tolist(),
            "start": self._start,
            "periods": self._periods,
            "is_whole": self._is_whole,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._levels, self._counts, self._sums = (np.array(state[name]) for name in ("levels", "counts", "sums"))
        self._start, self._periods, self._is_whole = state["start"], state["periods"], state["is_whole"]
