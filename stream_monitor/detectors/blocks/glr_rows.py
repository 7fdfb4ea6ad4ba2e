"""The statistics of the GLR detector for many rows side by side, each with a count of its own."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Indices, Ints, accumulate
from stream_monitor.detectors.glr_windows import RING, Grid


class RowStatistics(NamedTuple):
    """The sufficient statistics of each row.

    Attributes:
        n: The number of values, shape (rows,).
        sums: Their sum, shape (rows,).
        squares: The sum of their squares, shape (rows,); zeros for shares.
        rings: The sums at the newest ``RING`` boundaries of each level, oldest first, shape (levels * RING, rows).
    """

    n: Ints
    sums: Floats
    squares: Floats
    rings: Floats

    def of(self, part: slice | Indices) -> RowStatistics:
        """Return a copy of the statistics of some rows."""
        return RowStatistics._make(each[..., part].copy() for each in self)

    def put(self, part: slice | Indices, statistics: RowStatistics) -> None:
        """Replace the statistics of some rows."""
        for each, new in zip(self, statistics, strict=True):
            each[..., part] = new


class RowKinds(NamedTuple):
    """The kinds of rows.

    Attributes:
        is_number: A mask of the rows of numbers; the others are of shares.
        numbers: The rows of numbers, as a slice if they follow one another.
        place: The place of each row among those of numbers; of another row, any.
        number_count: The number of rows of numbers.
    """

    is_number: Bools
    numbers: slice | Indices
    place: Indices
    number_count: int

    @classmethod
    def of(cls, is_number: Bools) -> RowKinds:
        """Return the kinds of rows, given a mask of those of numbers."""
        return _row_kinds(is_number.tobytes())

    def only(self, part: slice | Indices) -> RowKinds:
        """Return the kinds of some rows."""
        return RowKinds.of(self.is_number[part])

    @property
    def are_alike(self) -> bool:
        """True if all rows are of one kind."""
        return self.number_count in (0, len(self.is_number))


@lru_cache(maxsize=64)
def _row_kinds(mask: bytes) -> RowKinds:
    is_number = np.frombuffer(mask, dtype=bool)
    numbers, count = np.flatnonzero(is_number), int(is_number.sum())
    follow = count > 0 and int(numbers[-1]) - int(numbers[0]) + 1 == count
    rows = slice(int(numbers[0]), int(numbers[-1]) + 1) if follow else numbers
    return RowKinds(is_number, rows, np.cumsum(is_number) - 1, count)


class Layout(NamedTuple):
    """The boundaries of a piece, level by level: for each level its ring, and after it the new boundaries.

    Attributes:
        firsts: The index of each level's first boundary.
        ends: The index after each level's last boundary.
        level: The level of each boundary, shape (boundaries,).
        steps: The number of values from the level's oldest boundary, shape (boundaries, 1).
        old: The indices of the boundaries that come from the rings.
        new: The indices of the boundaries inside the piece.
    """

    firsts: Ints
    ends: Ints
    level: Indices
    steps: Ints
    old: Indices
    new: Indices


@lru_cache(maxsize=64)
def _layout(clock: int, sizes: tuple[int, ...]) -> Layout:
    """Return the layout of as many new boundaries of each level as ``sizes`` says."""
    lengths = np.array(sizes, dtype=np.int64) + RING
    ends = np.cumsum(lengths)
    firsts = ends - lengths
    level = np.repeat(np.arange(len(sizes)), lengths)
    place = np.arange(len(level)) - firsts[level]
    steps = (place * (clock << level))[:, None]
    return Layout(firsts, ends, level, steps, np.flatnonzero(place < RING), np.flatnonzero(place >= RING))


@lru_cache(maxsize=16)
def _levels(count: int) -> Ints:
    """Return the numbers of the levels, shape (count, 1)."""
    return np.arange(count)[:, None]


class Piece:
    """The next values of each row: the sums at their boundaries, and the statistics after them.

    Args:
        grid: The grid of boundaries.
        kinds: The kinds of the rows.
        before: The statistics before the values.
        values: The values, shape (n, rows).
        offset: The number that is subtracted from the values of each row, shape (rows,).
        counts: The number of values that each row takes, shape (rows,); None: all n.
    """

    def __init__(
        self,
        grid: Grid,
        kinds: RowKinds,
        before: RowStatistics,
        values: Floats,
        offset: Floats,
        counts: Ints | None,
    ) -> None:
        self.grid, self.kinds, self.before = grid, kinds, before
        self._rows, self._counts = np.arange(values.shape[1]), counts
        self._running = _running(kinds, before, values, offset)
        # Rows that are all alike are computed as one, and broadcast.
        is_even = counts is None and bool((before.n == before.n[0]).all())
        self.n = before.n[:1] if is_even else before.n
        self.counts: Ints = np.array([len(values)]) if counts is None else counts
        levels = _levels(grid.levels)
        self._begin = self.n // grid.clock >> levels
        self._new = ((self.n + self.counts) // grid.clock >> levels) - self._begin
        sizes = [size for size in self._new.max(axis=1).tolist() if size]
        self.levels = len(sizes)
        self.layout = _layout(grid.clock, tuple(sizes))
        self._find_boundaries()
        #: The statistics after the values.
        self.after = self._after()

    def _find_boundaries(self) -> None:
        """Set the time of each boundary, in values after the piece's start, and the sums up to it."""
        layout, levels = self.layout, self.levels
        width = self.grid.clock << _levels(levels)
        self._oldest = (self._begin[:levels] - (RING - 1)) * width - self.n
        times = self._oldest[layout.level] + layout.steps
        # Before its first value a row's sum is 0; a boundary after its last value is not tested.
        self.times: Ints = np.maximum(np.minimum(times, self.counts), -self.n)
        self.known = np.empty((len(times), len(self._rows)))
        self.known[layout.old] = self.before.rings[: levels * RING]
        self.known[layout.new] = self._at(self.times[layout.new])

    def _at(self, times: Ints) -> Floats:
        """Return the running sum of each row at these times, shape (times, rows)."""
        sums: Floats = self._running.take(times * self._running.shape[1] + self._rows)
        return sums

    def time(self, boundaries: Indices, rows: Indices) -> Ints:
        """Return the time of pairs of boundary and row, even if it is after the row's last value."""
        if len(self.n) == 1:
            rows = np.zeros_like(rows)
        times: Ints = self._oldest[self.layout.level[boundaries], rows] + self.layout.steps[boundaries, 0]
        return times

    def squares_at(self, boundaries: Indices, rows: Indices) -> Floats:
        """Return the running sum of squares of pairs of boundary and row."""
        return self._running[self.time(boundaries, rows), len(self._rows) + self.kinds.place[rows]]

    def sizes(self, statistics: RowStatistics) -> Floats:
        """Return the sum of squares of each row; of shares, which are at most 1, an upper bound."""
        if self.kinds.are_alike:
            return statistics.squares if self.kinds.number_count else statistics.sums
        return np.where(self.kinds.is_number, statistics.squares, statistics.sums)

    def _after(self) -> RowStatistics:
        """Return the statistics after the values."""
        size, kinds, squares = len(self._rows), self.kinds, self.before.squares
        if self._counts is None:
            ends = self._running[-1].copy()
            sums, last = ends[:size], ends[size : size + kinds.number_count]
        else:
            sums = self._running[self._counts, self._rows]
            last = self._running[self._counts[kinds.numbers], size + np.arange(kinds.number_count)]
        if kinds.number_count:
            squares = squares.copy()
            squares[kinds.numbers] = last
        return RowStatistics(self.before.n + self.counts, sums, squares, self._rings())

    def _rings(self) -> Floats:
        """Return the newest boundaries of each level; those of levels without a new one stay."""
        levels = self.levels
        newest = (self.layout.firsts[:, None] + self._new[:levels])[:, None] + np.arange(RING)[:, None]
        if len(self.n) == 1:
            found = self.known.take(newest.ravel(), axis=0)
        else:
            found = self.known.take(newest * len(self._rows) + self._rows).reshape(levels * RING, len(self._rows))
        return found if levels == self.grid.levels else np.concatenate((found, self.before.rings[levels * RING :]))


def _running(kinds: RowKinds, before: RowStatistics, values: Floats, offset: Floats) -> Floats:
    """Return the running sums before and after each value, and beside them, of numbers, those of squares."""
    size = values.shape[1]
    width = size + kinds.number_count
    running = np.empty((len(values) + 1, width + width % 2))
    running[:, width:] = 0.0
    running[0, :size], running[0, size:width] = before.sums, before.squares[kinds.numbers]
    np.subtract(values, offset, out=running[1:, :size])
    numbers = running[1:, :size][:, kinds.numbers]
    np.multiply(numbers, numbers, out=running[1:, size:width])
    accumulate(running)
    return running
