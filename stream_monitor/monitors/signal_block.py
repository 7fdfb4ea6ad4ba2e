"""Signals of one kind side by side, as long as nothing is found in them."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Ints
from stream_monitor.drift.detection import Alarm
from stream_monitor.drift.running_block import runner_key
from stream_monitor.monitors.block_checks import BlockChecks
from stream_monitor.monitors.block_columns import BlockColumns
from stream_monitor.monitors.block_feeding import feed, replay, running_of
from stream_monitor.monitors.signal import SignalMonitor
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
        self.columns = BlockColumns([signal.lend(_Column(self, at)) for at, signal in enumerate(signals)])
        self._checks = BlockChecks(self.columns)
        #: Updates of single signals that have stepped out and would fit into another block.
        self.misfits = 0
        #: Number of values that each column can take before its dependence or a check is due.
        self._room = 0

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
        running, is_due = self.columns.running, len(matrix.values) >= self._room
        alone |= (matrix.sizes > 0) & ~self._is_in
        fed = feed(running, matrix, alone)
        columns = np.flatnonzero(alone).tolist()
        fired = [column for column in columns if self._is_in[column]]
        for column in fired:
            self.signals[column].take_back()
        found = self._checks.update(matrix, self._is_in & ~alone) if is_due else []
        self.columns.commit(fed)
        self._room -= len(fed.given.values)
        replay(fired, fed.steps, running, self.columns.parts)
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
        for running in self.columns.running.values():
            rooms = np.minimum(rooms, running.room)
        return rooms

    def _find_room(self) -> int:
        """Return the number of values that each column can take before its dependence or a check is due."""
        self.columns.count()
        rooms = int(self._rooms()[self._is_in].min(initial=sys.maxsize))
        self._room = min(rooms, self._checks.room(self._is_in))
        return self._room

    def _estimate(self, matrix: ColumnMatrix) -> None:
        """Estimate the dependence of those columns in which it is due after these values, their newest."""
        self.columns.count()
        corrected = [
            (column, running_of(self.columns.parts[column], name), found)
            for name, running in self.columns.running.items()
            for column in np.flatnonzero(self._is_in & (running.room == 0)).tolist()
            if (found := running.estimate(column, running_of(self.columns.parts[column], name)))
        ]
        for column, running, found in corrected:
            self.signals[column].take_back()
            running.correct(found, int(matrix.column(column).index[-1]) + 1)

    def _step_in(self) -> None:
        """Read the columns of the signals that fit again."""
        if not self._is_in.all():
            for column in np.flatnonzero(~self._is_in).tolist():
                signal = self.signals[column]
                key = signal_key(signal)
                if key == self._key and _form(signal) == self._forms[column]:
                    self.columns.load(column, signal.lend(_Column(self, column)))
                    self._checks.load(column)
                    self._room, self._is_in[column] = 0, True
                elif key is not None:
                    self.misfits += 1

    def step_out(self, column: int) -> None:
        """Write a column into what its signal has lent, and change it no more."""
        self.columns.give_back(column)
        self._is_in[column] = False


def _form(signal: SignalMonitor) -> list[tuple[str, int]]:
    """Return the kind and number of categories that the detectors of a signal read: its column is made for them."""
    running = [runner.running for runner in signal.detectors.runners.values()]
    return [(each.transform.kind, each.transform.categories) for each in running if each]


class _Column(NamedTuple):
    """A column of a block, as the borrower of its signal."""

    block: SignalBlock
    column: int

    def store_counts(self) -> None:
        self.block.columns.store_counts(self.column)

    def store(self) -> None:
        self.block.columns.store(self.column)

    def give_back(self) -> None:
        self.block.step_out(self.column)
