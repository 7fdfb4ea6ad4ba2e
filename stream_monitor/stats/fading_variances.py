"""Haar variances of a series that goes on for long, of which the older values fade."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.haar_variances import LEVELS, HaarVariances, counts_of

#: Fewest details of a level that show how large they usually are.
MIN_DETAILS = 8
#: A squared detail counts at most as so many times the usual one, or as that of two ones among zeros.
USUAL, TWO_ONES = 9.0, 4.0
_LENGTHS = 2.0 ** np.arange(1, LEVELS + 1)


class FadingVariances:
    """The number of Haar details of each level and their sums of squares, of which the older ones fade.

    The newest values belong to a series that goes on: also blocks that are longer than the time between two
    estimates are compared in the end. A change of the level is no dependence: a detail that is much larger than those
    before it counts as a large one only. Nor is a drift: the squares are those around the mean detail.

    Source: P. J. Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35 (1964),
    pp. 73-101, for the limit (winsorizing).

    >>> known = FadingVariances()
    >>> for part in np.array([0.0, 1.0, 0.0, 3.0, 1.0, 1.0, 4.0, 6.0]).reshape(4, 2):
    ...     known.series.add(part)
    ...     known.keep(largest=1000.0)
    >>> counts, sums = known.read()
    >>> counts[:3], [round(each, 1) for each in sums[:3]]
    ([4.0, 2.0, 1.0], [6.7, 36.0, 0.0])
    """

    def __init__(self) -> None:
        #: The newest values; and how many of them have been kept.
        self.series, self._kept = HaarVariances(), 0
        self.counts, self._sums, self._drifts = np.zeros((3, LEVELS))

    def keep(self, largest: float) -> None:
        """Add the newest details to those before, of which at most so many are kept of the first level."""
        fading = min(largest / max(self.counts[0], 1.0), 1.0)
        new, self._kept = self.series.counts - counts_of(self._kept), self.series.count
        self.counts = self.counts * fading + new
        self._sums, self._drifts = self._sums * fading + self.series.sums, self._drifts * fading + self.series.drifts
        self.series.sums, self.series.drifts = np.zeros((2, LEVELS))
        self.series.limits = self._limits()

    def interrupt(self) -> None:
        """Forget the newest values, in which there is a change of the level."""
        self.series, self._kept = HaarVariances(), 0
        self.series.limits = self._limits()

    def read(self, values: Floats | None = None) -> tuple[list[float], list[float]]:
        """Return the number of details of each level and the sum of their squares.

        Args:
            values: Further values that count as well, but are not kept, shape (n,).
        """
        further = HaarVariances()
        further.limits = self._limits()
        if values is not None:
            further.add(values)
        counts = self.counts + further.counts
        return counts.tolist(), _around(counts, self._sums + further.sums, self._drifts + further.drifts).tolist()

    def _limits(self) -> Floats:
        """Return the largest detail of each level; infinite before the first values are known."""
        is_known = self.counts >= MIN_DETAILS
        if not is_known[0]:
            return np.full(LEVELS, np.inf)
        around = _around(self.counts, self._sums, self._drifts)
        usual = np.where(is_known, around / np.maximum(self.counts, 1.0) / _LENGTHS, 0.0)
        limits: Floats = np.sqrt(np.maximum(USUAL * _LENGTHS * np.maximum.accumulate(usual), TWO_ONES))
        return limits

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        kept = [self.counts.tolist(), self._sums.tolist(), self._drifts.tolist()]
        return {"series": self.series.state(), "in_series": self._kept, "kept": kept}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        self.counts, self._sums, self._drifts = np.array(state["kept"])
        self.series.restore(state["series"])
        self.series.limits, self._kept = self._limits(), state["in_series"]


def _around(counts: Floats, sums: Floats, drifts: Floats) -> Floats:
    """Return the sums of squares around the mean detail, of as many details as without a mean; 0 of one detail."""
    around = np.maximum(sums - drifts * drifts / np.maximum(counts, 1.0), 0.0)
    found: Floats = around * counts / np.maximum(counts - 1.0, 1.0)
    return found
