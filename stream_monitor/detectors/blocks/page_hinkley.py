"""The Page-Hinkley tests of many columns side by side."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Indices, Ints
from stream_monitor.detectors.blocks.base import Step
from stream_monitor.detectors.blocks.page_hinkley_columns import ColumnStatistics, advance
from stream_monitor.detectors.page_hinkley import PageHinkley

#: Values and columns that are processed at a time: their sums stay in the processor's cache.
MAX_VALUES, MAX_COLUMNS = 16_384, 128


class PageHinkleyBlock:
    """`PageHinkley` tests of one config; only the threshold may differ.

    A column whose scale starts anew within the values is processed alone, see `Fading`.

    >>> from stream_monitor.detectors.page_hinkley import PageHinkleyConfig
    >>> block = PageHinkleyBlock([PageHinkleyConfig().make() for _ in range(2)])
    >>> values = np.zeros((1000, 2))
    >>> values[500:, 1] = 1.0
    >>> block.step(values).fired.tolist()
    [False, True]
    """

    is_final = False

    @staticmethod
    def key(detector: PageHinkley) -> Hashable:
        return detector.config.model_copy(update={"threshold": 1.0})

    def __init__(self, detectors: Sequence[PageHinkley]) -> None:
        first, columns = detectors[0], len(detectors)
        self._configs = [each.config for each in detectors]
        self._test, self._threshold = first, np.zeros(columns)
        sides = len(first.signs)
        shapes = ((sides, columns), (sides, columns), (2, sides, columns))
        self._statistics = ColumnStatistics(
            np.zeros(columns, dtype=np.int64), np.zeros(columns), *(np.zeros(shape) for shape in shapes)
        )
        for column, each in enumerate(detectors):
            self.load(column, each)

    def load(self, column: int, detector: PageHinkley) -> None:
        self._configs[column], self._threshold[column] = detector.config, detector.config.threshold
        self._statistics.load(column, detector.statistics)

    def store(self, column: int, detector: PageHinkley) -> None:
        detector.statistics = self._statistics.stored(column)

    def step(self, values: Floats, counts: Ints | None = None, skip: Bools | None = None) -> Step:
        taken: Ints = np.full(values.shape[1], len(values)) if counts is None else counts
        if skip is not None:
            taken = np.where(skip, 0, taken)
        after = self._statistics.of(slice(None))
        fired = np.zeros(len(taken), dtype=bool)
        length = self._test.fading.length
        wraps = after.n % length + taken >= length
        for column in np.flatnonzero(wraps).tolist():
            fired[column] = self._alone(column, values[: taken[column], column], after)
        for part in self._parts(wraps):
            fired[part] = self._advance(part, values, counts if counts is None and skip is None else taken, after)
        return Step(fired, after)

    def commit(self, step: Step) -> None:
        self._statistics = step.state

    def _alone(self, column: int, values: Floats, after: ColumnStatistics) -> bool:
        """Bring one column up to date, and return True if a change is found in it."""
        detector = PageHinkley(self._configs[column])
        detector.statistics = after.stored(column)
        has_changed = bool(detector.update_many(np.ascontiguousarray(values)))
        after.load(column, detector.statistics)
        return has_changed

    def _parts(self, wraps: Bools) -> list[slice | Indices]:
        """Return the columns to process at a time."""
        together = np.flatnonzero(~wraps)
        if len(together) == len(wraps):
            return [slice(begin, begin + MAX_COLUMNS) for begin in range(0, len(wraps), MAX_COLUMNS)]
        return [together[begin : begin + MAX_COLUMNS] for begin in range(0, len(together), MAX_COLUMNS)]

    def _advance(self, part: slice | Indices, values: Floats, counts: Ints | None, after: ColumnStatistics) -> Bools:
        """Bring the statistics of some columns up to date, and return a mask of those in which a change is found."""
        columns, statistics, threshold = values[:, part], after.of(part), self._threshold[part]
        fired = np.zeros(columns.shape[1], dtype=bool)
        size = max(MAX_VALUES // len(fired), 1)
        for begin in range(0, len(columns), size):
            some = columns[begin : begin + size]
            left = None if counts is None else np.clip(counts[part] - begin, 0, len(some))
            found, statistics = advance(self._test, threshold, statistics, some, left)
            fired |= found
        after.put(part, statistics)
        return fired
