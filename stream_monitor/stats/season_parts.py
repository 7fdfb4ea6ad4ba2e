"""The parts of a period: its hours, and numbers that each of them has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats

HOUR = 3600.0
MIN_BINS, MAX_BINS = 24, 168


def bins_of(period: float) -> int:
    """Return the number of parts of a period in seconds: its hours, but at least 24 and at most 168.

    >>> bins_of(86_400.0), bins_of(604_800.0), bins_of(3600.0)
    (24, 168, 24)
    """
    return int(min(max(period / HOUR, MIN_BINS), MAX_BINS))


class SeasonParts:
    """Divides the time into periods of equal parts.

    Args:
        period: The length of a period in seconds.
    """

    def __init__(self, period: float) -> None:
        self.period, self.bins = period, bins_of(period)

    @property
    def width(self) -> float:
        """The length of a part in seconds."""
        return self.period / self.bins

    def at(self, ts: Floats) -> NDArray[np.int64]:
        """Return the part that each time is in, shape (n,)."""
        places: NDArray[np.int64] = self._places(ts).astype(np.int64)
        return np.minimum(places, self.bins - 1)

    def _places(self, ts: Floats) -> Floats:
        """Return where in its period each time is, in parts."""
        places: Floats = ts % self.period / self.period * self.bins
        return places

    def times(self, start: float, width: float) -> Floats:
        """Return evenly spaced times within each part of the period that begins at a time.

        Args:
            start: The time in seconds.
            width: The largest distance between two of them in seconds.

        Returns:
            The times, shape (bins, k).
        """
        count = max(round(self.width / width), 1)
        offsets = (np.arange(self.bins)[:, None] + (np.arange(count) + 0.5) / count) * self.width
        times: Floats = start + (offsets - start % self.period) % self.period
        return times

    def continued(self, ts: Floats, numbers: Floats, unknown: float) -> Floats:
        """Return the numbers of the parts, each continued along its slope, at each time: shape (n,).

        Args:
            ts: The times, shape (n,); NaN: unknown.
            numbers: A number for each part, shape (bins,).
            unknown: The number at an unknown time.
        """
        if (numbers == unknown).all():
            return np.full(len(ts), unknown)
        places = self._places(np.nan_to_num(ts))
        bins = np.minimum(places.astype(np.int64), self.bins - 1)
        found = numbers[bins] + _slopes(numbers)[bins] * (places - bins - 0.5)
        return np.where(np.isfinite(ts), found, unknown)


def _slopes(parts: Floats) -> Floats:
    """Return the slope within each part of a period, from those of its neighbours; 0 at a peak and beside a step.

    Source: B. van Leer, "Towards the ultimate conservative difference scheme. IV", Journal of Computational Physics
    23 (1977), pp. 276-299: the monotonized central limiter. It keeps the mean of each part.

    >>> _slopes(np.array([0.0, 0.0, 4.0, 4.0])), _slopes(np.array([0.0, 1.0, 2.0, 1.0]))
    (array([0., 0., 0., 0.]), array([ 0.,  1.,  0., -1.]))
    """
    before, after = parts - np.roll(parts, 1), np.roll(parts, -1) - parts
    steepest = 2.0 * np.minimum(np.abs(before), np.abs(after))
    central = (before + after) / 2.0
    slopes: Floats = np.where(before * after > 0.0, np.clip(central, -steepest, steepest), 0.0)
    return slopes
