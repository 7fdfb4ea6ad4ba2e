"""The sums of the values in each part of the current period of a season."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats, ordered_sum
from stream_monitor.stats.season_parts import SeasonParts
from stream_monitor.stats.season_period import Period


class PeriodSums:
    """Adds up the values of a period by its parts.

    Args:
        parts: The parts of the period.
        rows: Number of categories; 1 for a number or a share.
    """

    def __init__(self, parts: SeasonParts, rows: int) -> None:
        self._parts = parts
        self._counts, self._squares = np.zeros(parts.bins), np.zeros(parts.bins)
        self._sums = np.zeros((rows, parts.bins))

    def add(self, ts: Floats, values: Floats) -> None:
        """Add values of this period, at these times: shape (n,) and (n, rows). Those without a time are left out."""
        known = np.isfinite(ts)
        bins, values = self._parts.at(ts[known]), values[known]
        # One by one, in order: the sums must not depend on how the stream is cut into batches.
        np.add.at(self._counts, bins, 1.0)
        for row, sums in enumerate(self._sums):
            np.add.at(sums, bins, values[:, row])
        np.add.at(self._squares, bins, values[:, 0] * values[:, 0])

    @property
    def count(self) -> float:
        """Number of values in this period."""
        return ordered_sum(self._counts)

    def take_out(self, means: Floats, levels: Floats, deviations: Floats) -> None:
        """Take the season of a shorter period out of the sums.

        Args:
            means: The mean of each row, shape (rows,).
            levels: The usual difference from it in each part, shape (rows, bins).
            deviations: The usual standard deviation in each part, shape (bins,).
        """
        counts, sums, usual = self._counts, self._sums, means[:, None] + levels
        rest = (sums - usual * counts) / deviations
        around = np.maximum(self._squares - 2.0 * usual[0] * sums[0] + usual[0] * usual[0] * counts, 0.0)
        self._squares = around / (deviations * deviations) + 2.0 * means[0] * rest[0] + means[0] * means[0] * counts
        self._sums = rest + means[:, None] * counts

    def period(self) -> Period:
        """Return the sums as those of a whole period."""
        return Period.of(self._counts, self._sums, self._squares)

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {"counts": self._counts.tolist(), "sums": self._sums.tolist(), "squares": self._squares.tolist()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        self._counts, self._sums = np.array(state["counts"]), np.array(state["sums"])
        self._squares = np.array(state["squares"])
