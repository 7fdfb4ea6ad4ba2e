"""The checks of a block of signals: of alarms that may be over, and of windows of values."""

from __future__ import annotations

import sys

import numpy as np

from stream_monitor.core.arrays import Bools, Ints
from stream_monitor.drift.detection import Alarm
from stream_monitor.monitors.alarm_latch import CHECK_INTERVAL
from stream_monitor.monitors.block_columns import BlockColumns
from stream_monitor.signals.matrix_part import ColumnMatrix


class BlockChecks:
    """Makes the checks of each column where they are due.

    Args:
        columns: The columns of the block.
    """

    def __init__(self, columns: BlockColumns) -> None:
        self._columns = columns
        self._is_latched = np.zeros(len(columns.parts), bool)
        #: Number of values of each column at the end of its next window that is measured or compared.
        self._next_look = np.zeros(len(columns.parts), np.int64)
        for column in range(len(columns.parts)):
            self.load(column)

    def load(self, column: int) -> None:
        """Read what is due from a column, which was loaded again."""
        parts = self._columns.parts[column]
        self._is_latched[column] = parts.latch.active_since is not None
        self._next_look[column] = parts.next_look_after(parts.count)

    def room(self, is_in: Bools) -> int:
        """Return the number of values that each of these columns can take before a check is due."""
        counts = self._columns.counts
        rooms = (
            CHECK_INTERVAL - counts[is_in & self._is_latched] % CHECK_INTERVAL,
            (self._next_look - counts)[is_in],
        )
        return int(np.concatenate(rooms).min(initial=sys.maxsize))

    def update(self, matrix: ColumnMatrix, is_in: Bools) -> list[tuple[int, Alarm]]:
        """Make the checks that are due within the next values; return the alarms raised, each with its column.

        Args:
            matrix: The values; all before them are counted.
            is_in: A mask of the columns to check, shape (columns,).
        """
        self._check_latches(matrix, matrix.sizes, is_in)
        return self._take_windows(matrix, matrix.sizes, is_in)

    def _check_latches(self, matrix: ColumnMatrix, sizes: Ints, is_in: Bools) -> None:
        """Check whether alarms are over."""
        counts = self._columns.counts
        due = is_in & self._is_latched & (counts // CHECK_INTERVAL != (counts + sizes) // CHECK_INTERVAL)
        for column in np.flatnonzero(due).tolist():
            parts, values = self._columns.parts[column], matrix.column(column)
            history = self._columns.history(column, values.values)
            time = parts.detectors.autocorrelation_time
            parts.latch.update(values, history, int(counts[column]), (), time)
            self._is_latched[column] = parts.latch.active_since is not None

    def _take_windows(self, matrix: ColumnMatrix, sizes: Ints, is_in: Bools) -> list[tuple[int, Alarm]]:
        """Take the windows that end; return the skews found in them."""
        found: list[tuple[int, Alarm]] = []
        counts = self._columns.counts
        for column in np.flatnonzero(is_in & (counts + sizes >= self._next_look)).tolist():
            parts, values = self._columns.parts[column], matrix.column(column)
            history = self._columns.history(column, values.values)
            begin = int(counts[column])
            found += [(column, alarm) for alarm in parts.look(values, history, begin)]
            self._next_look[column] = parts.next_look_after(begin + len(values.values))
        return found
