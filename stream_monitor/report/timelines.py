"""Timelines of a column over the whole stream: sums in bins, which can be merged in pairs."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats

Ints = NDArray[np.int64]
#: The percentiles at the lower and upper edge of the band around a mean.
LOW, HIGH = 10, 90
#: The number of values over which a percentile is computed, if there are as many.
ENOUGH = 128
#: Values are clipped to this magnitude, so that their sums do not overflow.
MAX_VALUE = 1e290
#: The number of categories with a row of their own, in order of appearance; all others are added up.
CATEGORIES = 8


class Points(NamedTuple):
    """The points of a line, shape (points,) each.

    Attributes:
        positions: Positions in the stream.
        count: The number of values of each point.
        mean: Their mean.
        low: The lower edge of the band, NaN if there is none.
        high: The upper edge of the band.
    """

    positions: Floats
    count: Floats  # type: ignore[assignment]  # shadows tuple.count
    mean: Floats
    low: Floats
    high: Floats


class Grid(NamedTuple):
    """A partition of the bins into segments, one per point of a line.

    Attributes:
        edges: The number of the first bin of each segment, and the number of bins, shape (points + 1,).
        width: The number of predictions per bin.
        end: The total number of predictions.
    """

    edges: Ints
    width: int
    end: int

    @property
    def middles(self) -> Floats:
        """The positions of the middles of the segments, shape (points,)."""
        bounds = np.minimum(self.edges * float(self.width), self.end)
        middles: Floats = (bounds[:-1] + bounds[1:] - 1.0) / 2.0
        return middles

    def add(self, sums: Floats) -> Floats:
        """Add up the columns of each segment: from shape (rows, bins) to (rows, points)."""
        added: Floats = np.add.reduceat(sums[:, : self.edges[-1]], self.edges[:-1], axis=1)
        return added


def choose_edges(places: Floats, counts: Floats, room: float, min_values: float) -> Ints:
    """Return the edges of segments of bins.

    Args:
        places: The ends of the bins on the axis, shape (bins + 1,).
        counts: The number of values in each bin, shape (bins,).
        room: The minimum length of a segment on the axis.
        min_values: The minimum number of values of a segment.

    Returns:
        The number of the first bin of each segment, and the number of bins.

    >>> choose_edges(np.arange(7.0), np.array([9, 9, 9, 1, 1, 9]), room=2.0, min_values=10)
    array([0, 2, 4, 6])
    """
    edges, values = [0], 0.0
    for at, count in enumerate(counts.tolist(), 1):
        values += count
        if values >= min_values and places[at] - places[edges[-1]] >= room:
            edges.append(at)
            values = 0.0
    if edges[-1] != len(counts):
        # The remaining bins are added to the last segment.
        edges = [*edges[: max(len(edges) - 1, 1)], len(counts)]
    return np.array(edges, dtype=np.int64)


class NumberTimeline:
    """A timeline of numbers: the count, the sum, and the sums of a low and a high percentile in each bin.

    All rows are sums, so that bins can be merged later. Each value adds the percentiles of the chunk of ``ENOUGH`` or
    more values that it belongs to; the band of a bin is their mean.
    """

    def __init__(self, bins: int) -> None:
        self.sums = np.zeros((4, bins))
        self.is_share = True
        self._newest = np.empty(0)

    def add(self, bins: Ints, values: Floats) -> None:
        """Add values in order, each with the number of its bin, shape (n,) each."""
        values = np.clip(values, -MAX_VALUE, MAX_VALUE)
        self.is_share = self.is_share and bool(((values == 0) | (values == 1)).all())
        low, high = self._percentiles(values)
        add_up(self.sums, bins, (None, values, low, high))

    @property
    def counts(self) -> Floats:
        """The number of values in each bin, shape (bins,)."""
        counts: Floats = self.sums[0]
        return counts

    def points(self, grid: Grid) -> Points:
        """Return the points of the grid's segments, without empty ones."""
        sums = grid.add(self.sums)
        there = sums[0] > 0
        count, total, low, high = sums[:, there]
        return Points(grid.middles[there], count, total / count, low / count, high / count)

    def _percentiles(self, values: Floats) -> tuple[Floats, Floats]:
        """Return the low and high percentile of each value's chunk, shape (n,) each."""
        size = len(values)
        history = np.concatenate((self._newest, values))
        self._newest = history[-ENOUGH:]
        chunks = size // ENOUGH
        if chunks < 2:
            # A chunk that is too small is extended by the values before it.
            low, high = percentiles(history[None, -max(ENOUGH, size) :])
            return np.repeat(low, size), np.repeat(high, size)
        length = size // chunks
        low, high = percentiles(values[: chunks * length].reshape(chunks, length))
        sizes = np.full(chunks, length)
        sizes[-1] += size - chunks * length
        return np.repeat(low, sizes), np.repeat(high, sizes)


class CategoryTimeline:
    """A timeline of category codes: the count of each category in each bin."""

    def __init__(self, bins: int) -> None:
        self.sums = np.zeros((CATEGORIES + 1, bins))
        #: The row of each code; the last row is for all others.
        self.rows: dict[int, int] = {}

    def add(self, bins: Ints, codes: Floats) -> None:
        """Add codes, each with the number of its bin, shape (n,) each."""
        for code in np.unique(codes).astype(int).tolist():
            row = self.rows.setdefault(code, len(self.rows)) if len(self.rows) < CATEGORIES else self.rows.get(code)
            chosen = bins[codes == code]
            add_up(self.sums[CATEGORIES if row is None else row][None], chosen, (None,))

    @property
    def counts(self) -> Floats:
        """The number of values in each bin, shape (bins,)."""
        counts: Floats = self.sums.sum(axis=0)
        return counts

    def points(self, grid: Grid) -> dict[int | None, Points]:
        """Return the share of each category with a row of its own, and of all others (None) if there are any."""
        sums = grid.add(self.sums)
        count = sums.sum(axis=0)
        there = count > 0
        positions = grid.middles[there]
        nothing = np.full(int(there.sum()), math.nan)
        found: dict[int | None, Points] = {}
        for code, row in [*self.rows.items(), (None, CATEGORIES)]:
            if sums[row].any():
                share = sums[row][there] / count[there]
                found[code] = Points(positions, count[there], share, nothing, nothing)
        return found


class Samples:
    """Values sampled at intervals: the newest of each bin, all NaN in bins without a sample, shape (rows, bins)."""

    def __init__(self, rows: int, bins: int) -> None:
        self.newest = np.full((rows, bins), math.nan)

    def merge(self) -> None:
        """Merge bins in pairs; the values of the later one are kept."""
        left, right = self.newest[:, ::2], self.newest[:, 1::2]
        half = np.where(np.isnan(right).all(axis=0), left, right)
        self.newest = np.concatenate((half, np.full_like(half, math.nan)), axis=1)

    def points(self, grid: Grid) -> tuple[Floats, Floats]:
        """Return positions, shape (points,), and the newest values of the grid's segments, shape (rows, points)."""
        there = np.flatnonzero(~np.isnan(self.newest).all(axis=0))
        last = np.searchsorted(there, grid.edges[1:]) - 1
        chosen = np.unique(there[last[last >= 0]])
        return np.minimum((chosen + 1.0) * grid.width, grid.end) - 1.0, self.newest[:, chosen]


def percentiles(chunks: Floats) -> tuple[Floats, Floats]:
    """Return the `LOW` and `HIGH` percentiles of each row: the results of `numpy.percentile`, but much faster.

    >>> percentiles(np.arange(11.0)[None])
    (array([1.]), array([9.]))
    """
    ordered = np.sort(chunks, axis=1)
    last = chunks.shape[1] - 1

    def at(share: float) -> Floats:
        place = share * last
        below = int(place)
        between: Floats = ordered[:, below] + (place - below) * (ordered[:, min(below + 1, last)] - ordered[:, below])
        return between

    return at(LOW / 100), at(HIGH / 100)


def add_up(sums: Floats, bins: Ints, weights: tuple[Floats | None, ...]) -> None:
    """Add weights to the bins of each row, in place; None is a weight of 1 for each value."""
    if not len(bins):
        return
    first = int(bins.min())
    offsets = bins - first
    for row, weight in zip(sums, weights, strict=True):
        added = np.bincount(offsets, weight)
        row[first : first + len(added)] += added


def merged(sums: Floats) -> Floats:
    """Merge bins in pairs; the sums are in the first half of the columns, the second half is zero."""
    half = sums.reshape(len(sums), -1, 2).sum(axis=2)
    return np.concatenate((half, np.zeros_like(half)), axis=1)
