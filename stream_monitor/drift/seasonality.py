"""The seasonality of a signal: the usual level of each part of a day, a week or another period."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats, ordered_sum
from stream_monitor.drift.period_sample import PeriodSample
from stream_monitor.signals.columns import Column

HOUR = 3600.0
MIN_BINS, MAX_BINS = 24, 168
#: Number of periods that the levels are averaged over; older ones fade.
PERIODS = 8
#: Standard deviations above its mean that the chi-square of the levels must have to count as a difference.
SURE = 4.0
#: Where the period is not given, two periods in a row must be alike: smallest correlation of their levels, and
#: largest difference of their means, in standard deviations of the levels. A ramp is alike each day, but it moves on.
MIN_CORRELATION, MAX_SHIFT = 0.8, 0.5
#: Number of periods after which a season that is not given would be known.
MIN_PERIODS = 2


class PeriodMeans:
    """The means of the parts of one period.

    Args:
        bins: Number of parts.
    """

    def __init__(self, bins: int) -> None:
        self.counts, self.sums = np.zeros(bins), np.zeros(bins)

    def add(self, bins: NDArray[np.int64], scores: Floats) -> None:
        """Add normal scores, each to the part with this number; shape (n,) each."""
        # One by one, in order: the sums must not depend on how the stream is cut into batches.
        np.add.at(self.counts, bins, 1.0)
        np.add.at(self.sums, bins, scores)

    @property
    def mean(self) -> float:
        """The mean of all scores, 0 without any."""
        return ordered_sum(self.sums) / max(ordered_sum(self.counts), 1.0)

    def levels(self) -> tuple[Floats, bool]:
        """Return the smoothed levels relative to the mean, shape (bins,), and whether they differ beyond chance."""
        counts, mean = self.counts, self.mean
        means = np.where(counts > 0, self.sums / np.maximum(counts, 1.0), mean) - mean
        smooth = (np.roll(means, 1) + 2.0 * means + np.roll(means, -1)) / 4.0
        # Normal scores have a variance of 1, so this is a chi-square with one degree of freedom less than parts.
        chi2, free = ordered_sum(counts * means**2), len(counts) - 1.0
        return smooth, chi2 > free + SURE * math.sqrt(2.0 * free)


class Seasonality:
    """Learns the mean of each part of a period; the levels are known once a whole period has passed.

    A level is the mean over the periods so far (of the newest eight, with fading weights); between the middles of two
    parts it is interpolated linearly. Levels that do not differ by more than chance are left at 0.

    Args:
        period: Its length in seconds.
        is_given: Whether the user gave it; otherwise it is accepted when two periods in a row are alike.

    Source: R. B. Cleveland, W. S. Cleveland, J. E. McRae, I. Terpenning, "STL: a seasonal-trend decomposition
    procedure based on loess", Journal of Official Statistics 6 (1990), pp. 3-73, of whose cycle-subseries this is the
    simplest form; the test is Pearson's chi-square on the means of the parts.
    """

    def __init__(self, period: float, is_given: bool = True) -> None:
        self.period, self._is_given = period, is_given
        self._bins = int(min(max(period / HOUR, MIN_BINS), MAX_BINS))
        self._levels = np.zeros(self._bins)
        #: Levels and mean of the period before this one, while it is unknown whether there is a season.
        self._last: Floats | None = None
        self._start: float | None = None
        self._periods = 0
        #: Number of periods that are over.
        self._turns = 0
        self._is_whole = True
        #: Whether the scores have been learned again from a whole period.
        self._is_learned_again = False
        self._wanted: Floats | None = None
        self._begin()

    def _begin(self) -> None:
        self._means, self._sample = self._make_means(), PeriodSample()

    def _make_means(self) -> Any:
        """Return the means of the parts of a new period."""
        return PeriodMeans(self._bins)

    @property
    def is_known(self) -> bool:
        """Return whether the levels are known."""
        return self._periods > 0

    @property
    def is_undecided(self) -> bool:
        """Return whether there were too few periods to tell if there is a season."""
        return not self.is_known and (self._is_given or self._turns < MIN_PERIODS)

    def room(self, ts: Floats) -> int:
        """Return how many of the next values, at these times, belong to one period, at least one.

        A period that is over by the first of them is closed.
        """
        if self._start is None:
            timed = np.flatnonzero(np.isfinite(ts))
            if not len(timed) or timed[0]:
                return int(timed[0]) if len(timed) else len(ts)
            self._start = float(ts[0])
            return 1
        if ts[0] >= self._start + self.period:
            self._turn(float(ts[0]))
        over = np.flatnonzero(ts >= self._start + self.period)
        return max(int(over[0]), 1) if len(over) else len(ts)

    def take_sample(self) -> Floats | None:
        """Return values of the period just closed if better scores must be learned from them, else None.

        Values counted from then on must be in those scores.
        """
        sample, self._wanted = self._wanted, None
        return sample

    def count(self, column: Column, values: Floats | None = None) -> None:
        """Learn from values of one period, see `room`.

        Args:
            column: Their normal scores.
            values: The raw values, if better scores may be learned from them.
        """
        known = np.isfinite(column.ts)
        self._means.add(self._bin(column.ts[known]), column.values[known])
        if values is not None and not self.is_known and not self._is_learned_again:
            self._sample.add(column.values, values)

    def interrupt(self) -> None:
        """Discard the current period: its values are on two scales."""
        if self.is_known:
            self._is_whole = False
        elif self._is_given:
            self._start = None
            self._begin()

    def _turn(self, now: float) -> None:
        """Close a period: its means update the levels, or its values give better scores."""
        assert self._start is not None
        self._start += math.floor((now - self._start) / self.period) * self.period
        self._turns += 1
        means, sample, is_whole = self._means, self._sample, self._is_whole
        self._is_whole = True
        self._begin()
        is_extreme = sample.is_extreme(float(means.counts.sum())) and len(sample.values) > MIN_BINS
        if not self.is_known and is_extreme:
            self._is_learned_again, self._last, self._wanted = True, None, sample.values
        elif is_whole:
            self._learn(means)

    def _learn(self, means: Any) -> None:
        """Update the levels from the means of a whole period."""
        levels, differ = means.levels()
        if not self._is_given and not self.is_known:
            self._compare(levels, means.mean, differ)
            return
        self._periods += 1
        if self._periods > 1 or differ:
            weight = 1.0 / min(self._periods, PERIODS)
            self._levels += weight * (levels - self._levels)

    def _compare(self, levels: Floats, mean: float, differ: bool) -> None:
        """Accept the season if this period is like the one before."""
        last, self._last = self._last, np.append(levels, mean) if differ else None
        if last is None or self._last is None:
            return
        is_alike = float(np.corrcoef(levels, last[:-1])[0, 1]) > MIN_CORRELATION
        if is_alike and abs(mean - float(last[-1])) < MAX_SHIFT * float(levels.std()):
            self._levels, self._periods, self._last = (levels + last[:-1]) / 2.0, 2, None

    def _bin(self, ts: Floats) -> NDArray[np.int64]:
        places: NDArray[np.int64] = (ts % self.period / self.period * self._bins).astype(np.int64)
        return np.minimum(places, self._bins - 1)

    def levels(self, ts: Floats) -> Floats:
        """Return the usual level at each time, 0 where it is unknown: shape (n,)."""
        return self._levels_at(ts, self._levels)

    def _levels_at(self, ts: Floats, levels: Floats) -> Floats:
        """Return these levels of the parts, interpolated at each time: shape (n,)."""
        if not levels.any():
            return np.zeros(len(ts))
        width = self.period / self._bins
        middles = (np.arange(-1, self._bins + 1) + 0.5) * width
        around = np.concatenate((levels[-1:], levels, levels[:1]))
        found = np.interp(np.nan_to_num(ts % self.period), middles, around)
        return np.where(np.isfinite(ts), found, 0.0)

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "levels": self._levels.tolist(),
            "counts": self._means.counts.tolist(),
            "sums": self._means.sums.tolist(),
            "last": None if self._last is None else self._last.tolist(),
            **self._sample.state(),
            "start": self._start,
            "periods": self._periods,
            "turns": self._turns,
            "is_whole": self._is_whole,
            "is_learned_again": self._is_learned_again,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        self._levels = np.array(state["levels"])
        self._means.counts, self._means.sums = np.array(state["counts"]), np.array(state["sums"])
        self._last = None if state["last"] is None else np.array(state["last"])
        self._sample.restore(state)
        self._start, self._periods, self._turns = state["start"], state["periods"], state["turns"]
        self._is_whole, self._is_learned_again = state["is_whole"], state["is_learned_again"]
