"""What is kept of a column over the whole stream: sums in bins, which two neighbours can share."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats

Ints = NDArray[np.int64]
#: Percentiles on both sides of the band around a mean.
LOW, HIGH = 10, 90
#: Values that a percentile is taken over, where there are as many.
ENOUGH = 128
#: Larger values are drawn as these: their sums are still floats.
MAX_VALUE = 1e290
#: Categories told apart, in the order they came; all others are added up.
CATEGORIES = 8


class Points(NamedTuple):
    """What is drawn of a column: positions in the stream, and there how many values, their mean, and the band."""

    positions: Floats
    count: Floats  # type: ignore[assignment]  # tuple.count is of no use here
    mean: Floats
    low: Floats
    high: Floats


class Grid(NamedTuple):
    """Stretches of bins, one a point: ``edges`` counts bins of ``width`` predictions, of which there are ``end``."""

    edges: Ints
    width: int
    end: int

    @property
    def middles(self) -> Floats:
        """Positions of the middles of the stretches."""
        bounds = np.minimum(self.edges * float(self.width), self.end)
        middles: Floats = (bounds[:-1] + bounds[1:] - 1.0) / 2.0
        return middles

    def add(self, sums: Floats) -> Floats:
        """Sums over each stretch, one column each."""
        added: Floats = np.add.reduceat(sums[:, : self.edges[-1]], self.edges[:-1], axis=1)
        return added


def choose_edges(places: Floats, counts: Floats, room: float, fewest: float) -> Ints:
    """Edges of stretches that each take ``room`` on the axis at least, and have ``fewest`` values.

    ``places`` has both ends of each bin, shape (bins + 1,).

    >>> choose_edges(np.arange(7.0), np.array([9, 9, 9, 1, 1, 9]), room=2.0, fewest=10)
    array([0, 2, 4, 6])
    """
    edges, values = [0], 0.0
    for at, count in enumerate(counts.tolist(), 1):
        values += count
        if values >= fewest and places[at] - places[edges[-1]] >= room:
            edges.append(at)
            values = 0.0
    if edges[-1] != len(counts):
        # What is left over goes to the last one.
        edges = [*edges[: max(len(edges) - 1, 1)], len(counts)]
    return np.array(edges, dtype=np.int64)


class NumberTimeline:
    """A column of numbers: in each bin their count and sum, and the sums of the percentiles around each.

    All rows are sums, so bins may be added up later. A percentile is that of the ``ENOUGH`` or more values among
    which one came, and the band of a bin is their mean.
    """

    def __init__(self, bins: int) -> None:
        self.sums = np.zeros((4, bins))
        self.is_share = True
        self._newest = np.empty(0)

    def add(self, bins: Ints, values: Floats) -> None:
        """Take values, in order, each with the number of its bin."""
        values = np.clip(values, -MAX_VALUE, MAX_VALUE)
        self.is_share = self.is_share and bool(((values == 0) | (values == 1)).all())
        low, high = self._percentiles(values)
        add_up(self.sums, bins, (None, values, low, high))

    @property
    def counts(self) -> Floats:
        """Values in each bin."""
        counts: Floats = self.sums[0]
        return counts

    def points(self, grid: Grid) -> Points:
        """What each stretch of the grid holds; without those that are empty."""
        sums = grid.add(self.sums)
        there = sums[0] > 0
        count, total, low, high = sums[:, there]
        return Points(grid.middles[there], count, total / count, low / count, high / count)

    def _percentiles(self, values: Floats) -> tuple[Floats, Floats]:
        """Those of the chunk that a value is in, one pair a value."""
        size = len(values)
        history = np.concatenate((self._newest, values))
        self._newest = history[-ENOUGH:]
        chunks = size // ENOUGH
        if chunks < 2:
            # What came before helps a chunk that is too small.
            low, high = percentiles(history[None, -max(ENOUGH, size) :])
            return np.repeat(low, size), np.repeat(high, size)
        length = size // chunks
        low, high = percentiles(values[: chunks * length].reshape(chunks, length))
        sizes = np.full(chunks, length)
        sizes[-1] += size - chunks * length
        return np.repeat(low, sizes), np.repeat(high, sizes)


class CategoryTimeline:
    """A column of categories by their codes: in each bin how many came of each."""

    def __init__(self, bins: int) -> None:
        self.sums = np.zeros((CATEGORIES + 1, bins))
        #: Codes that are told apart, by row; the last row has all others.
        self.rows: dict[int, int] = {}

    def add(self, bins: Ints, codes: Floats) -> None:
        """Take codes, each with the number of its bin."""
        for code in np.unique(codes).astype(int).tolist():
            row = self.rows.setdefault(code, len(self.rows)) if len(self.rows) < CATEGORIES else self.rows.get(code)
            chosen = bins[codes == code]
            add_up(self.sums[CATEGORIES if row is None else row][None], chosen, (None,))

    @property
    def counts(self) -> Floats:
        """Values in each bin."""
        counts: Floats = self.sums.sum(axis=0)
        return counts

    def points(self, grid: Grid) -> dict[int | None, Points]:
        """The share of each category that is told apart, and of the others (None), where there are any."""
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
    """Figures read off now and then, the newest of each bin: NaN where none was read."""

    def __init__(self, figures: int, bins: int) -> None:
        self.newest = np.full((figures, bins), math.nan)

    def merge(self) -> None:
        """Make one bin of two: the later one's figures hold."""
        left, right = self.newest[:, ::2], self.newest[:, 1::2]
        half = np.where(np.isnan(right), left, right)
        self.newest = np.concatenate((half, np.full_like(half, math.nan)), axis=1)

    def points(self, grid: Grid) -> tuple[Floats, Floats]:
        """Positions, and the newest figures of each stretch of the grid, one row each."""
        there = np.flatnonzero(~np.isnan(self.newest[0]))
        last = np.searchsorted(there, grid.edges[1:]) - 1
        chosen = np.unique(there[last[last >= 0]])
        return np.minimum((chosen + 1.0) * grid.width, grid.end) - 1.0, self.newest[:, chosen]


def percentiles(chunks: Floats) -> tuple[Floats, Floats]:
    """The `LOW` and the `HIGH` percentile of each row, as `numpy.percentile` has them, but much faster.

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
    """Add weights (None: 1 each) to the bins of each row, in place."""
    if not len(bins):
        return
    first = int(bins.min())
    offsets = bins - first
    for row, weight in zip(sums, weights, strict=True):
        added = np.bincount(offsets, weight)
        row[first : first + len(added)] += added


def merged(sums: Floats) -> Floats:
    """Sums in bins twice as wide: the first half of the columns."""
    half = sums.reshape(len(sums), -1, 2).sum(axis=2)
    return np.concatenate((half, np.zeros_like(half)), axis=1)
