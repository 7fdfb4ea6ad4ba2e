"""The seasonality of shares: the usual share of each category in each part of one period or several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.arrays import Bools, Floats
from stream_monitor.drift.seasonality import Seasonality
from stream_monitor.signals.columns import Column
from stream_monitor.stats.normal_scores import uniform


class ShareSeasonality(Seasonality):
    """Learns the usual share of each category in each part of a period, as `Seasonality` learns levels.

    Args:
        periods: Their lengths in seconds.
        rows: Number of categories; 1 for a share.
        is_given: Whether the user gave them; otherwise each is accepted when two periods in a row are alike.
    """

    def __init__(self, periods: Sequence[float], rows: int, is_given: bool = True) -> None:
        self.rows = rows
        super().__init__(periods, is_given, rows, is_share=True)

    def count(self, column: Column, values: Floats | None = None) -> None:  # noqa: ARG002 (a share is no score)
        """Learn from values of one period, see `room`: 0 or 1 for each category, shape (n, rows)."""
        self._add(column)

    def take_rows(self, rows: Sequence[int | None]) -> None:
        """Keep what is known of these categories only, in this order; None: a new one."""
        self.rows = len(rows)
        for table, clock in zip(self._tables, self._clocks, strict=True):
            table.take_rows(rows)
            if table.is_known:
                clock.discard()
            else:
                clock.restart()

    @property
    def means(self) -> Floats:
        """The mean share of each category, shape (rows,)."""
        return self.known[0].means if self.is_known else np.zeros(self.rows)

    @property
    def _has_season(self) -> Bools:
        """For each category, whether its share has a season."""
        found: Bools = np.any([table.has_season for table in self.known], axis=0)
        return found if self.is_known else np.zeros(self.rows, bool)

    @property
    def _sureness(self) -> Floats:
        """A factor for the uncertainty of the tables, in standard deviations, for each category."""
        sureness = np.ones(self.rows)
        for table in self.known:
            sureness = sureness / np.sqrt(table.uncertainty)
        return sureness

    def shares(self, ts: Floats) -> Floats:
        """Return the usual share of each category at each time, shape (n, rows)."""
        shares = np.tile(self.means, (len(ts), 1))
        for table in self.known:
            shares = shares + table.levels(ts)
        return np.clip(shares, 0.0, 1.0)

    def residuals(self, column: Column) -> Floats:
        """Return the values as they would be without the season, shape (n, rows), that of the column.

        Each is the mean share plus the difference from the usual share at its time. Where this difference varies more
        than one from the mean share would, because of the hour or of an uncertain table, it is scaled down.
        """
        shares, means = self.shares(column.ts), self.means
        variance = np.maximum(shares * (1.0 - shares), 1e-12)
        scale = np.sqrt(np.minimum(means * (1.0 - means) / variance, 1.0)) * self._sureness
        result: Floats = np.where(self._has_season, means + (column.values - shares) * scale, column.values)
        return result

    def thinned(self, column: Column) -> Floats:
        """Return the values as 0 or 1 with the mean share at all times, by changing some that depend on the position.

        Of a usual share that is above the mean share, some ones become 0; of one below it, some zeros become 1.
        """
        shares, means = self.shares(column.ts), self.means
        chance = uniform(column.index)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            is_kept, is_raised = chance * shares < means, chance * (1.0 - shares) >= 1.0 - means
        result: Floats = np.where(column.values > 0.5, is_kept, is_raised).astype(np.float64)
        return np.where(self._has_season, result, column.values)
