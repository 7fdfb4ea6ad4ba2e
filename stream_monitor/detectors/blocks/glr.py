"""The GLR detectors of many columns side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Indices, Ints
from stream_monitor.detectors.blocks.base import Step
from stream_monitor.detectors.blocks.glr_pairs import RowLimits, window_list
from stream_monitor.detectors.blocks.glr_rows import Piece, RowKinds, RowStatistics
from stream_monitor.detectors.blocks.glr_screen import fired
from stream_monitor.detectors.glr import Glr
from stream_monitor.detectors.glr_windows import RING, Grid

#: Values and rows that are processed at a time: their sums stay in the processor's cache.
MAX_VALUES = 32_768
MAX_ROWS = 128


class GlrBlock:
    """`Glr` detectors of one config, except for threshold and weight; of numbers, shares and categories.

    A column of numbers or shares is a row of sums; one of categories has a row for each.

    >>> from stream_monitor.detectors.glr import GlrConfig
    >>> block = GlrBlock([GlrConfig().make() for _ in range(2)])
    >>> values = np.random.default_rng(1).normal(size=(1000, 2))
    >>> values[500:, 1] += 1.0
    >>> block.step(values).fired.tolist()
    [False, True]
    """

    is_final = False

    @staticmethod
    def key(detector: Glr) -> tuple[float, ...]:
        config = detector.config
        return config.clock, detector.levels, config.min_effect, bool(detector.context.weights)

    def __init__(self, detectors: Sequence[Glr]) -> None:
        first = detectors[0]
        self._grid = Grid(first.config.clock, first.levels)
        rows = [each.rows for each in detectors]
        self._firsts = np.cumsum([0, *rows])
        self._column = np.repeat(np.arange(len(rows)), rows)
        #: The rows of categories, and the category of each.
        self._categories = np.flatnonzero(np.repeat([each.context.kind == "category" for each in detectors], rows))
        self._codes = self._categories - self._firsts[self._column[self._categories]]
        self._is_number = np.array([each.context.kind == "number" for each in detectors])
        self._kinds = RowKinds.of(self._is_number[self._column])
        size = len(self._column)
        self._widths = window_list(self._grid, first.levels).width if first.context.weights else np.ones((1, 1))
        weights = np.empty((len(self._widths), size))
        self._limits = RowLimits(np.empty(size), weights, first.config.min_effect)
        self._offset = np.full(len(rows), np.nan)
        self._statistics = RowStatistics(
            np.zeros(size, dtype=np.int64), np.zeros(size), np.zeros(size), np.zeros((first.levels * RING, size))
        )
        for column, each in enumerate(detectors):
            self.load(column, each)

    def load(self, column: int, detector: Glr) -> None:
        rows, known, read = self._rows(column), self._statistics, detector.statistics
        self._limits.threshold[rows] = detector.limits.threshold
        self._limits.weight[:, rows] = detector.limits.at(self._widths)
        self._offset[column] = np.nan if read.offset is None else read.offset
        known.n[rows], known.sums[rows], known.squares[rows] = read.n, read.sums, read.squares
        known.rings[:, rows] = read.ring[:, _places(self._grid, read.n)].T

    def store(self, column: int, detector: Glr) -> None:
        rows, known, written = self._rows(column), self._statistics, detector.statistics
        offset = float(self._offset[column])
        written.offset = None if np.isnan(offset) else offset
        written.n, written.sums = int(known.n[rows.start]), known.sums[rows].copy()
        written.squares = float(known.squares[rows.start])
        written.ring[:, _places(self._grid, written.n)] = known.rings[:, rows].T

    def step(self, values: Floats, counts: Ints | None = None, skip: Bools | None = None) -> Step:
        if skip is not None:
            counts = np.where(skip, 0, len(values) if counts is None else counts)
        offset = self._offsets(values, counts)
        subtracted = np.where(np.isnan(offset), 0.0, offset)[self._column]
        has_categories = len(self._categories) > 0
        rows = self._indicators(values) if has_categories else values
        taken = counts[self._column] if has_categories and counts is not None else counts
        with np.errstate(all="ignore"):
            found, after = self._step(rows, subtracted, taken)
        fired = np.logical_or.reduceat(found, self._firsts[:-1]) if has_categories else found
        return Step(fired, (after, offset))

    def _step(self, rows: Floats, offset: Floats, counts: Ints | None) -> tuple[Bools, RowStatistics]:
        """Return a mask of the rows in which a change may be, and the statistics after the values."""
        parts = list(self._parts(rows))
        if len(parts) == 1 and isinstance(parts[0], slice):
            return self._advance(slice(None), rows, offset, counts, self._statistics)
        found, after = np.zeros(len(self._column), dtype=bool), self._statistics.of(slice(None))
        after.n[:] += len(rows) if counts is None else counts
        for part in parts:
            found[part], statistics = self._advance(part, rows, offset, counts, self._statistics.of(part))
            after.put(part, statistics)
        return found, after

    def commit(self, step: Step) -> None:
        self._statistics, self._offset = step.state

    def _rows(self, column: int) -> slice:
        return slice(int(self._firsts[column]), int(self._firsts[column + 1]))

    def _offsets(self, values: Floats, counts: Ints | None) -> Floats:
        """Return the first number of each column; NaN before it, and for shares and categories."""
        if not len(values):
            return self._offset
        is_first = np.isnan(self._offset) & self._is_number & (counts is None or counts > 0)
        return np.where(is_first, values[0], self._offset) if is_first.any() else self._offset

    def _indicators(self, values: Floats) -> Floats:
        """Return the shares, and an indicator of each category of each other column, shape (n, rows)."""
        rows: Floats = values.take(self._column, axis=1)
        rows[:, self._categories] = rows[:, self._categories] == self._codes
        return rows

    def _parts(self, rows: Floats) -> Iterator[slice | Indices]:
        """Yield the rows to process at a time; those of shares that are 0 so far only grow older."""
        size = rows.shape[1]
        active = self._kinds.is_number | (self._statistics.sums != 0.0)
        idle = np.flatnonzero(~active)
        if len(idle):
            some = rows[:, idle]
            active[idle] = some.any(axis=0) if some.any() else False
            places = np.flatnonzero(active)
            if len(places) < size:
                yield from (places[begin : begin + MAX_ROWS] for begin in range(0, len(places), MAX_ROWS))
                return
        yield from (slice(begin, min(begin + MAX_ROWS, size)) for begin in range(0, size, MAX_ROWS))

    def _advance(
        self, part: slice | Indices, rows: Floats, offset: Floats, counts: Ints | None, known: RowStatistics
    ) -> tuple[Bools, RowStatistics]:
        """Return a mask of those of some rows in which a change may be, and their statistics after the values."""
        limits = RowLimits(self._limits.threshold[part], self._limits.weight[:, part], self._limits.min_effect)
        values, counts = rows[:, part], counts if counts is None else counts[part]
        subtracted, kinds = offset[part], self._kinds.only(part)
        found = np.zeros(values.shape[1], dtype=bool)
        size = max(MAX_VALUES // max(values.shape[1], 1), 1)
        for begin in range(0, len(values), size):
            some = values[begin : begin + size]
            left = counts
            if counts is not None and len(some) < len(values):
                left = np.minimum(np.maximum(counts - begin, 0), len(some))
            piece = Piece(self._grid, kinds, known, some, subtracted, left)
            found |= fired(piece, limits)
            known = piece.after
        return found, known


@lru_cache(maxsize=64)
def _places(grid: Grid, n: int) -> Ints:
    """Return the indices in the ring of `Glr` of the newest boundaries after n values, oldest first."""
    levels = np.arange(grid.levels)[:, None]
    oldest = (n // grid.clock >> levels) - (RING - 1)
    places: Ints = (levels * RING + (oldest + np.arange(RING)) % RING).ravel()
    places.flags.writeable = False
    return places
