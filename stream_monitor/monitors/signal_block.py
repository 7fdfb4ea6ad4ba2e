"""Signals of one kind side by side, as long as nothing is found in them."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.drift.block_input import RawTotals
from stream_monitor.drift.detection import Alarm
from stream_monitor.drift.running_block import RunningBlock, runner_key
from stream_monitor.drift.value_queue import ColumnValues, ValueQueue
from stream_monitor.monitors.alarm_latch import CHECK_INTERVAL
from stream_monitor.monitors.block_feeding import FedValues, feed, replay, running_of
from stream_monitor.monitors.recent_values import RecentValues
from stream_monitor.monitors.signal import SignalMonitor, SignalParts
from stream_monitor.signals.matrix import SignalMatrix
from stream_monitor.signals.matrix_part import ColumnMatrix, MatrixPart

#: Where the dependence of one in so many signals is due to be estimated within the next values, all are handled in
#: parts that end there; fewer are handled alone.
MANY_DUE = 4


def signal_key(signal: SignalMonitor) -> Hashable | None:
    """Return what signals must have in common to stand in one block; None for one that must be handled alone.

    Alone are signals that have no reference yet, those that an observer is shown, and those with a detector that
    must be fed alone, for example in its warm-up.
    """
    if signal.is_closed or signal.is_observed or signal.reference.distribution is None:
        return None
    keys = tuple((name, runner_key(runner)) for name, runner in signal.detectors.runners.items())
    return None if any(key is None for _, key in keys) else keys


class SignalBlock:
    """Handles many signals at once; the result is, bit for bit, that of `SignalMonitor` for each of them alone.

    Nearly always the next values of a signal change nothing but its counts, its newest values and the sums of its
    detectors: no change is found, and nothing is learned. So the signals lend these to the block, which has them as
    arrays with a column for each signal, and brings all columns up to date with a few calls, however many there are.
    Each column has a count of its own, since signals start at different times and values are missing.

    A signal in which a detector of the block may have found something steps out: its column, as it was before these
    values, is written back to the signal, and the signal takes them alone. With the next values it steps in again, if
    by then it has what the other signals of the block have in common (`signal_key`): after a change it first learns
    for the length of a warm-up. It keeps its column meanwhile. Whoever changes a signal otherwise, for example its
    part of the budget, makes it step out in the same way.

    Signals whose dependence is due to be estimated again step out as well if they are few. If they are many, the
    values are handled in two parts, and each of these columns ends its first part where it is due.

    Some detectors can't be fed twice. Those come last, and get only the columns in which the others found nothing;
    if such a detector finds something, the signal that takes the values alone is given what it has found.

    Args:
        signals: The signal of each column, all with the same `signal_key`.
    """

    def __init__(self, signals: Sequence[SignalMonitor]) -> None:
        self.signals = tuple(signals)
        self._key, self._forms = signal_key(signals[0]), [_form(signal) for signal in signals]
        self._is_in = np.ones(len(signals), bool)
        self._is_counted, self._is_stored = np.zeros((2, len(signals)), bool)
        self._parts = [signal.lend(_Column(self, at)) for at, signal in enumerate(signals)]
        self._recent = RecentValues([parts.keep for parts in self._parts])
        self._counts = np.zeros(len(signals), np.int64)
        self._is_latched = np.zeros(len(signals), bool)
        #: Number of values of each column at the end of its next window that is compared with the training data.
        self._next_window = np.zeros(len(signals), np.int64)
        self._running = {
            name: RunningBlock([running_of(parts, name) for parts in self._parts])
            for name in self._parts[0].detectors.runners
        }
        self._queue = ValueQueue()
        #: Updates of single signals that have stepped out and would fit into another block.
        self.misfits = 0
        #: Number of values that each column can take before its dependence or its latch is due.
        self._room = 0
        for column in range(len(signals)):
            self._load_counts(column)

    def update(self, matrix: SignalMatrix) -> list[tuple[int, Alarm]]:
        """Handle the next values of each signal; return the alarms raised, each with its column.

        Args:
            matrix: The values, in the columns of the block; a count may be 0.
        """
        found: list[tuple[int, Alarm]] = []
        begins, sizes = np.zeros(len(self.signals), np.int64), matrix.sizes
        part: ColumnMatrix = matrix
        while len(part.values):
            self._step_in()
            due, ends = self._due(part), sizes
            if many := int(due.sum()) * MANY_DUE >= max(int(self._is_in.sum()), 1):
                ends = np.where(due, begins + self._rooms(), sizes)
                part = MatrixPart(matrix, begins, ends)
            alarms = self._update(part, due & (not many))
            found += [(at, alarm._replace(row=alarm.row + int(begins[at]))) for at, alarm in alarms]
            if not many:
                break
            self._estimate(part)
            begins, part = ends, MatrixPart(matrix, ends, sizes)
        return found

    def _update(self, matrix: ColumnMatrix, alone: Bools) -> list[tuple[int, Alarm]]:
        """Handle values up to the next estimate of the dependence, except in the columns that are handled alone."""
        sizes, is_due = matrix.sizes, len(matrix.values) >= self._room
        alone |= (sizes > 0) & ~self._is_in
        fed = feed(self._running, matrix, alone)
        columns = np.flatnonzero(alone).tolist()
        fired = [column for column in columns if self._is_in[column]]
        for column in fired:
            self.signals[column].take_back()
        found: list[tuple[int, Alarm]] = []
        if is_due:
            self._check_latches(matrix, sizes, self._is_in & ~alone)
            found = self._check_training(matrix, sizes, self._is_in & ~alone)
        self._commit(fed)
        replay(fired, fed.steps, self._running, self._parts)
        found += [(at, alarm) for at in columns for alarm in self.signals[at].update_with_rows(matrix.column(at))]
        return found

    def _due(self, matrix: ColumnMatrix) -> Bools:
        """Return a mask of the columns whose dependence is due to be estimated within these values."""
        most = len(matrix.values)
        if most < self._room or most < self._find_room():
            return np.zeros(len(self.signals), bool)
        return self._is_in & (matrix.sizes >= self._rooms())

    def _rooms(self) -> Ints:
        """Return the number of values of each column up to the next estimate of its dependence."""
        rooms = np.full(len(self.signals), sys.maxsize)
        for running in self._running.values():
            rooms = np.minimum(rooms, running.room)
        return rooms

    def _estimate(self, matrix: ColumnMatrix) -> None:
        """Estimate the dependence of those columns in which it is due after these values, their newest."""
        self._count_queue()
        corrected = [
            (column, running_of(self._parts[column], name), found)
            for name, running in self._running.items()
            for column in np.flatnonzero(self._is_in & (running.room == 0)).tolist()
            if (found := running.estimate(column, running_of(self._parts[column], name)))
        ]
        for column, running, found in corrected:
            self.signals[column].take_back()
            running.correct(found, int(matrix.column(column).index[-1]) + 1)

    def _step_in(self) -> None:
        """Read the columns of the signals that fit again."""
        if not self._is_in.all():
            for column in np.flatnonzero(~self._is_in).tolist():
                key = signal_key(self.signals[column])
                if key == self._key and _form(self.signals[column]) == self._forms[column]:
                    self._load(column)
                elif key is not None:
                    self.misfits += 1

    def _find_room(self) -> int:
        """Return the number of values that each column can take before its dependence or its latch is due."""
        self._count_queue()
        rooms = [running.room[self._is_in] for running in self._running.values()]
        rooms.append(CHECK_INTERVAL - self._counts[self._is_in & self._is_latched] % CHECK_INTERVAL)
        rooms.append((self._next_window - self._counts)[self._is_in])
        self._room = int(np.concatenate(rooms).min(initial=sys.maxsize))
        return self._room

    def _commit(self, fed: FedValues) -> None:
        """Take the effect of what was fed; it is counted when somebody asks, or when it is enough."""
        given, steps = fed
        for name, (step, _) in steps.items():
            self._running[name].commit(step)
        needed = {name: step.transformed for name, (step, _) in steps.items() if self._running[name].is_learning}
        self._queue.add(ColumnValues(given.values, given.counts), needed)
        self._room -= len(given.values)
        self._is_counted[:] = self._is_stored[:] = False
        if self._queue.is_full:
            self._count_queue()

    def _count_queue(self) -> None:
        """Count the values that wait for it."""
        if taken := self._queue.take():
            values, transformed = taken
            totals = RawTotals(values)
            for name, running in self._running.items():
                running.count(totals, transformed.get(name))
            self._recent.add(*values)
            self._counts += values.sizes

    def _check_latches(self, matrix: ColumnMatrix, sizes: Ints, columns: Bools) -> None:
        """Check whether alarms are over, where that is due within the next values."""
        due = (
            columns & self._is_latched & (self._counts // CHECK_INTERVAL != (self._counts + sizes) // CHECK_INTERVAL)
        )
        for column in np.flatnonzero(due).tolist():
            parts, values = self._parts[column], matrix.column(column)
            history = np.concatenate((self._recent.of(column), values.values))
            time = parts.detectors.autocorrelation_time
            parts.latch.update(values, history, int(self._counts[column]), (), time)
            self._is_latched[column] = parts.latch.active_since is not None

    def _check_training(self, matrix: ColumnMatrix, sizes: Ints, columns: Bools) -> list[tuple[int, Alarm]]:
        """Compare the columns with the training data where a window ends within the next values."""
        found: list[tuple[int, Alarm]] = []
        for column in np.flatnonzero(columns & (self._counts + sizes >= self._next_window)).tolist():
            parts, values, begin = self._parts[column], matrix.column(column), int(self._counts[column])
            history = np.concatenate((self._recent.of(column), values.values))
            if parts.check:
                found += [(column, alarm) for alarm in parts.check.update(values, history, begin, ())]
            self._next_window[column] = _next_window(parts)
        return found

    def _load(self, column: int) -> None:
        """Read a column from its signal, which lends it again."""
        self._count_queue()
        self._room = 0
        self._parts[column] = parts = self.signals[column].lend(_Column(self, column))
        for name, running in self._running.items():
            running.load(column, running_of(parts, name))
        self._load_counts(column)
        self._is_in[column] = True

    def _load_counts(self, column: int) -> None:
        parts = self._parts[column]
        self._recent.load(column, parts.recent)
        self._counts[column] = parts.count
        self._is_latched[column] = parts.latch.active_since is not None
        self._next_window[column] = _next_window(parts)

    def store_counts(self, column: int) -> None:
        """Write the counts and the newest values of a column into what its signal has lent."""
        if not self._is_counted[column]:
            self._count_queue()
            self._write_counts(column, self._recent.view(column))

    def store(self, column: int) -> None:
        """Write a column into what its signal has lent."""
        if not self._is_stored[column]:
            self.store_counts(column)
            self._write_detectors(column)

    def step_out(self, column: int) -> None:
        """Write a column into what its signal has lent, and change it no more."""
        self._count_queue()
        if not self._is_counted[column]:
            self._write_counts(column, self._recent.of(column))
        if not self._is_stored[column]:
            self._write_detectors(column)
        self._is_in[column] = self._is_counted[column] = self._is_stored[column] = False

    def _write_counts(self, column: int, recent: Floats) -> None:
        parts = self._parts[column]
        parts.recent, parts.count = recent, int(self._counts[column])
        for name, running in self._running.items():
            running.store_count(column, running_of(parts, name))
        self._is_counted[column] = True

    def _write_detectors(self, column: int) -> None:
        for name, running in self._running.items():
            running.store(column, running_of(self._parts[column], name))
        self._is_stored[column] = True


def _form(signal: SignalMonitor) -> list[tuple[str, int]]:
    """Return the kind and number of categories that the detectors of a signal read: its column is made for them."""
    running = [runner.running for runner in signal.detectors.runners.values()]
    return [(each.transform.kind, each.transform.categories) for each in running if each]


class _Column(NamedTuple):
    """A column of a block, as the borrower of its signal."""

    block: SignalBlock
    column: int

    def store_counts(self) -> None:
        self.block.store_counts(self.column)

    def store(self) -> None:
        self.block.store(self.column)

    def give_back(self) -> None:
        self.block.step_out(self.column)


def _next_window(parts: SignalParts) -> int:
    return parts.check.next_window if parts.check else sys.maxsize
