"""The season of a column of categories or shares, which surrogates keep."""

from __future__ import annotations

import math

import numpy as np

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.signals.columns import Column
from stream_monitor.stats.cyclic_shrinkage import shrunken
from stream_monitor.stats.season_parts import bins_of
from stream_monitor.stats.season_period import SURE

#: The smallest variance that is divided by.
MIN_VARIANCE = 1e-4


class ShareSeason:
    """The usual share of each category in each part of a period, learned from a whole column.

    Differences of the shares are taken from the mean of their own period, so that a drift is not taken for a season,
    and shrunk by what chance explains. Between the middles of two parts they are interpolated.

    Args:
        column: The codes of categories, or zeros and ones.
        period: The period in seconds.
        time: The integrated autocorrelation time of the values: chance differences grow with it.
    """

    def __init__(self, column: Column, period: float, time: float = 1.0) -> None:
        self._codes, self._values = np.unique(column.values, return_inverse=True)
        self._time = time
        self._bins = bins_of(period)
        is_timed = np.isfinite(column.ts)
        turns = np.where(is_timed, column.ts, 0.0) / period
        #: Each value's place in its period, in parts of it; NaN without a time.
        self._phases = np.where(is_timed, turns % 1.0 * self._bins, np.nan)
        numbers = np.unique(np.floor(turns), return_inverse=True)[1]
        means = np.bincount(self._values, minlength=len(self._codes)) / max(len(self._values), 1)
        levels = np.column_stack(
            [self._levels(code, float(means[code]), numbers, time) for code in range(len(means))]
        )
        #: The share of each category in each part; the last row is for values without a time.
        self._shares: Floats = np.clip(means + np.vstack((levels, np.zeros(len(means)))), 0.0, 1.0)
        self._shares /= self._shares.sum(axis=1, keepdims=True)
        self.is_significant = bool(levels.any())

    def _levels(self, code: int, mean: float, periods: Ints, time: float) -> Floats:
        """Return the differences of one category's share from its mean, 0 where they may be chance; shape (bins,)."""
        is_timed = np.isfinite(self._phases)
        is_code = (self._values == code).astype(np.float64)
        usual = np.bincount(periods, is_code) / np.maximum(np.bincount(periods), 1)
        parts = self._phases[is_timed].astype(np.int64)
        counts = np.bincount(parts, minlength=self._bins).astype(np.float64)
        sums = np.bincount(parts, (is_code - usual[periods])[is_timed], self._bins).astype(np.float64)
        variance, free = mean * (1.0 - mean) * time, self._bins - 1.0
        chi2 = float((sums * sums / np.maximum(counts, 1.0)).sum()) / max(variance, MIN_VARIANCE)
        differ = chi2 > free + SURE * math.sqrt(2.0 * free)
        return shrunken(counts, sums, variance)[0] if differ else np.zeros(self._bins)

    def residuals(self, code: float) -> Floats:
        """Return indicators of a category less its usual share, in standard deviations of that, shape (n,)."""
        usual = self._usual(code)
        is_code = (self._codes[self._values] == code).astype(np.float64)
        residuals: Floats = (is_code - usual) / np.sqrt(np.maximum(usual * (1.0 - usual), MIN_VARIANCE))
        return residuals

    def _usual(self, code: float) -> Floats:
        """Return the usual share of a category at the time of each value, shape (n,)."""
        shares = self._shares[:, np.searchsorted(self._codes, code)]
        places = np.nan_to_num(self._phases) - 0.5
        lower = np.floor(places).astype(np.int64)
        weight = places - lower
        between = (1.0 - weight) * shares[lower % self._bins] + weight * shares[(lower + 1) % self._bins]
        usual: Floats = np.where(np.isfinite(self._phases), between, shares[-1])
        return usual

    def reordered(self, order: Ints, rng: np.random.Generator) -> Floats:
        """Return the values in another order, with the season left in place.

        Values are turned into ranks without a season (the randomised probability integral transform, under the shares
        at their times), and the ranks in the new order back into values. Where values are dependent, equal ones in
        a row have one random number, so that runs stay runs.

        Args:
            order: The number of the value that comes to each place.
            rng: Random numbers.
        """
        parts = self._parts(rng)
        begins = np.hstack((np.zeros((len(self._shares), 1)), np.cumsum(self._shares, axis=1)[:, :-1]))
        widths = self._shares[parts, self._values]
        ranks = (begins[parts, self._values] + widths * self._places(rng))[order]
        found = np.empty(len(parts), dtype=np.int64)
        for part in np.unique(parts):
            here = parts == part
            found[here] = np.searchsorted(begins[part], ranks[here], side="right") - 1
        values: Floats = self._codes[found]
        return values

    def _places(self, rng: np.random.Generator) -> Floats:
        """Draw the place of each value between the ranks of its category, from 0 to 1."""
        drawn: Floats = rng.random(len(self._values))
        if self._time <= 1.0:
            return drawn
        runs: Ints = np.cumsum(np.append(False, np.diff(self._values) != 0))
        of_runs: Floats = drawn[runs]
        return of_runs

    def _parts(self, rng: np.random.Generator) -> Ints:
        """Draw the part whose shares hold for each value: one of the two between whose middles its time is."""
        drawn = np.floor(self._phases + rng.random(len(self._phases)) - 0.5) % self._bins
        parts: Ints = np.where(np.isfinite(drawn), drawn, self._bins).astype(np.int64)
        return parts
