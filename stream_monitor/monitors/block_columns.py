"""The columns of a block of signals: what each signal has lent, as arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.drift.block_input import RawTotals
from stream_monitor.drift.running_block import RunningBlock
from stream_monitor.drift.value_queue import ColumnValues, ValueQueue
from stream_monitor.monitors.block_feeding import FedValues, running_of
from stream_monitor.monitors.recent_values import RecentValues
from stream_monitor.monitors.signal_parts import SignalParts


class BlockColumns:
    """Holds the counts, the newest values and the detectors of signals as arrays with a column for each.

    Values that were fed are counted when somebody asks for the counts, or when they are many; a column is written
    back when its signal is read.

    Args:
        parts: What the signal of each column has lent.
    """

    def __init__(self, parts: Sequence[SignalParts]) -> None:
        self.parts = list(parts)
        self.recent = RecentValues([each.keep for each in parts])
        #: The number of values of each column, without those in the queue.
        self.counts = np.zeros(len(parts), np.int64)
        self.running = {
            name: RunningBlock([running_of(each, name) for each in parts]) for name in parts[0].detectors.runners
        }
        self._queue = ValueQueue()
        #: Masks of the columns that are written back: their counts, and all of them.
        self._is_counted, self._is_stored = np.zeros((2, len(parts)), bool)
        for column in range(len(parts)):
            self._load_counts(column)

    def commit(self, fed: FedValues) -> None:
        """Take the effect of what was fed."""
        given, steps = fed
        for name, (step, _) in steps.items():
            self.running[name].commit(step)
        needed = {name: step.transformed for name, (step, _) in steps.items() if self.running[name].is_learning}
        self._queue.add(ColumnValues(given.values, given.counts), needed)
        self._is_counted[:] = self._is_stored[:] = False
        if self._queue.is_full:
            self.count()

    def count(self) -> None:
        """Count the values that wait for it."""
        if taken := self._queue.take():
            values, transformed = taken
            totals = RawTotals(values)
            for name, running in self.running.items():
                running.count(totals, transformed.get(name))
            self.recent.add(*values)
            self.counts += values.sizes

    def history(self, column: int, values: Floats) -> Floats:
        """Return the newest values of a column with the next ones behind them."""
        return np.concatenate((self.recent.of(column), values))

    def load(self, column: int, parts: SignalParts) -> None:
        """Read a column from what its signal lends again."""
        self.count()
        self.parts[column] = parts
        for name, running in self.running.items():
            running.load(column, running_of(self.parts[column], name))
        self._load_counts(column)

    def _load_counts(self, column: int) -> None:
        parts = self.parts[column]
        self.recent.load(column, parts.recent)
        self.counts[column] = parts.count

    def store_counts(self, column: int) -> None:
        """Write the counts and the newest values of a column into what its signal has lent."""
        if not self._is_counted[column]:
            self.count()
            self._write_counts(column, self.recent.view(column))

    def store(self, column: int) -> None:
        """Write a column into what its signal has lent."""
        if not self._is_stored[column]:
            self.store_counts(column)
            self._write_detectors(column)

    def give_back(self, column: int) -> None:
        """Write a column into what its signal has lent, and change that no more."""
        self.count()
        if not self._is_counted[column]:
            self._write_counts(column, self.recent.of(column))
        if not self._is_stored[column]:
            self._write_detectors(column)
        self._is_counted[column] = self._is_stored[column] = False

    def _write_counts(self, column: int, recent: Floats) -> None:
        parts = self.parts[column]
        parts.recent, parts.count = recent, int(self.counts[column])
        for name, running in self.running.items():
            running.store_count(column, running_of(self.parts[column], name))
        self._is_counted[column] = True

    def _write_detectors(self, column: int) -> None:
        for name, running in self.running.items():
            running.store(column, running_of(self.parts[column], name))
        self._is_stored[column] = True
