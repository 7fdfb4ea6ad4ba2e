"""The arithmetic of the Page-Hinkley test for many columns at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Indices, Ints, accumulate, running_sums
from stream_monitor.detectors.page_hinkley import PageHinkley, Statistics


class ColumnStatistics(NamedTuple):
    """`Statistics` of each column, under the same names.

    Attributes:
        n: Shape (columns,).
        total: Shape (columns,).
        scaled: Shape (directions, columns).
        minima: Shape (directions, columns).
        at_minima: Shape (2, directions, columns).
    """

    n: Ints
    total: Floats
    scaled: Floats
    minima: Floats
    at_minima: Floats

    def of(self, part: slice | Indices) -> ColumnStatistics:
        """Return a copy of the statistics of some columns."""
        return ColumnStatistics._make(each[..., part].copy() for each in self)

    def put(self, part: slice | Indices, statistics: ColumnStatistics) -> None:
        """Replace the statistics of some columns."""
        for each, new in zip(self, statistics, strict=True):
            each[..., part] = new

    def load(self, column: int, known: Statistics) -> None:
        """Replace the statistics of a column."""
        self.n[column], self.total[column] = known.n, known.total
        self.scaled[:, column], self.minima[:, column] = known.scaled, known.minima
        self.at_minima[:, :, column] = known.at_minima

    def stored(self, column: int) -> Statistics:
        """Return the statistics of a column."""
        return Statistics(
            int(self.n[column]), float(self.total[column]), *(each[..., column].copy() for each in self[2:])
        )


def advance(
    test: PageHinkley, threshold: Floats, known: ColumnStatistics, values: Floats, counts: Ints | None
) -> tuple[Bools, ColumnStatistics]:
    """Return a mask of the columns in which a change is found, and the statistics of the others after the values.

    Args:
        test: A test with the config of all columns.
        threshold: The threshold of each column, shape (columns,).
        known: The statistics before the values.
        values: The next values, shape (n, columns), n above 0; no column's scale starts anew within them.
        counts: The number of values that each column takes, shape (columns,); None: all n.
    """
    with np.errstate(all="ignore"):
        totals = running_sums(known.total, values)
        sums, scaled = _sums(test, known, values, totals, counts)
        lowest = np.minimum(sums.min(axis=0), known.minima)
        if counts is not None:
            lowest = np.where(counts > 0, lowest, known.minima)
        fired = ~(sums.max(axis=0) - lowest <= threshold).all(axis=0)
        near = np.flatnonzero(fired)
        fired[near] = _exceeds(
            test, threshold[near], known.of(near), sums[..., near], counts if counts is None else counts[near]
        )
        at_minima = _at_minima(known, sums, totals, lowest)
    taken = np.full(len(threshold), len(values)) if counts is None else counts
    total = totals[taken, np.arange(len(taken))]
    return fired, ColumnStatistics(known.n + taken, total, scaled, lowest, at_minima)


def _sums(
    test: PageHinkley, known: ColumnStatistics, values: Floats, totals: Floats, counts: Ints | None
) -> tuple[Floats, Floats]:
    """Return the cumulative sums of each direction, shape (n, directions, columns), and the scaled ones at the end.

    After a column's last value its sums stay what they are.
    """
    fading = test.fading
    # Columns that are all alike have their factors computed as one.
    is_even = counts is None and bool((known.n == known.n[0]).all())
    n = known.n[:1] if is_even else known.n
    numbers = np.arange(1, len(values) + 1)[:, None]
    deviations = values - totals[1:] / (n + numbers)
    rows = np.empty((len(values) + 1, *known.scaled.shape))
    rows[0] = known.scaled
    np.multiply(deviations[:, None, :], test.signs, out=rows[1:])
    rows[1:] -= test.config.delta
    places = np.minimum(n % fading.length + numbers, fading.length)[:, None, :]
    rows[1:] *= fading.inverses.take(places)
    accumulate(rows.reshape(len(rows), -1))
    sums: Floats = rows[1:] * fading.powers.take(places)
    if counts is None:
        return sums, rows[-1].copy()
    scaled: Floats = np.take_along_axis(rows, counts[None, None, :], axis=0)[0]
    last = scaled * fading.powers.take(known.n % fading.length + counts)
    return np.where(numbers[:, None, :] <= counts, sums, last), scaled


def _exceeds(
    test: PageHinkley, threshold: Floats, known: ColumnStatistics, sums: Floats, counts: Ints | None
) -> Bools:
    """Return a mask of the columns whose sum rises from its minimum by more than the threshold."""
    minima = np.minimum(np.minimum.accumulate(sums, axis=0), known.minima)
    over = np.logical_or.reduce(sums - minima > threshold, axis=1)
    numbers = np.arange(len(sums))[:, None]
    over &= numbers >= test.config.min_instances - 1 - known.n
    if counts is not None:
        over &= numbers < counts
    exceeds: Bools = np.logical_or.reduce(over, axis=0)
    return exceeds


def _at_minima(known: ColumnStatistics, sums: Floats, totals: Floats, lowest: Floats) -> Floats:
    """Return the count and the total at the minimum of each direction and column."""
    at_minima = known.at_minima.copy()
    side, column = np.nonzero(lowest < known.minima)
    if len(column):
        index = sums[:, side, column].argmin(axis=0)
        at_minima[:, side, column] = known.n[column] + index + 1.0, totals[index + 1, column]
    return at_minima
