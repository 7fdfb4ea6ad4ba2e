"""Values of signals in their warm-up, which are held until the signals must know them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.monitors.signal import SignalMonitor, SignalParts
from stream_monitor.signals.columns import Column
from stream_monitor.signals.matrix import SignalMatrix

#: Values of a signal in a batch that are few: of more, the signal's own way costs less than they are worth.
MAX_FEW = 64
#: Values that are held at a time.
MAX_HELD = 262_144


class HeldValues:
    """Holds the next values of many signals in their warm-up.

    Until its warm-up is over, a signal only collects its values. So these are held here, those of all signals
    together. A signal takes its own when somebody looks at it, or when its warm-up ends with the next of them.

    Args:
        signals: The signals.
    """

    def __init__(self, signals: Sequence[SignalMonitor]) -> None:
        self._signals = signals
        #: What each signal has lent.
        self._parts: dict[int, SignalParts] = {}
        #: Number of values with which the warm-up of each signal is over; 0 where none are held.
        self._room = np.zeros(len(signals), np.int64)
        #: Number of values that each signal has taken of those that are held.
        self._taken = np.zeros(len(signals), np.int64)
        self._batches: list[_Values] = []
        self._count = 0

    def add(self, matrix: SignalMatrix, places: Ints) -> list[int]:
        """Hold the next values of those signals that can wait for them.

        Args:
            matrix: The next values of all signals.
            places: The places of those signals to which they belong.

        Returns:
            The places of the signals that must be updated at once.
        """
        sizes = matrix.sizes[places]
        places, sizes = places[sizes > 0], sizes[sizes > 0]
        is_new = (sizes <= MAX_FEW) & (self._room[places] == 0)
        for place, size in zip(places[is_new].tolist(), sizes[is_new].tolist(), strict=True):
            self._borrow(place, size)
        can_wait = (sizes <= MAX_FEW) & (sizes < self._room[places])
        if can_wait.any():
            self._hold(matrix, places[can_wait])
        now: list[int] = places[~can_wait].tolist()
        return now

    def _borrow(self, place: int, size: int) -> None:
        """Borrow a signal that can wait for its next values."""
        room = warmup_room(self._signals[place])
        if size < room:
            self._parts[place] = self._signals[place].lend(_Place(self, place))
            self._room[place] = room

    def _hold(self, matrix: SignalMatrix, places: Ints) -> None:
        counts = matrix.sizes[places]
        self._room[places] -= counts
        self._batches.append(_Values(np.repeat(places, counts), matrix.flat(places)))
        self._count += int(counts.sum())
        if self._count > MAX_HELD:
            self.store()

    def give_back(self, place: int) -> None:
        """Let one signal take its values, and hold no more of them."""
        self._room[place] = 0
        self._take(place)

    def store(self) -> None:
        """Let all signals take their values."""
        if self._batches:
            for place in np.unique(self._sorted().places).tolist():
                self._take(place)
            self._batches, self._count = [], 0
            self._taken[:] = 0

    def _take(self, place: int) -> None:
        if not self._batches:
            return
        held = self._sorted()
        begin, end = np.searchsorted(held.places, [place, place + 1]).tolist()
        column = held.column.until(end).cut(begin + int(self._taken[place]))
        self._taken[place] = end - begin
        if len(column.values):
            self._parts[place].update(column)

    def _sorted(self) -> _Values:
        """Return all that is held, one signal after the other."""
        if len(self._batches) > 1:
            places = np.concatenate([each.places for each in self._batches])
            order = np.argsort(places, kind="stable")
            joined = Column.join([each.column for each in self._batches])
            self._batches = [_Values(places[order], Column._make(each[order] for each in joined))]
        return self._batches[0]


class _Values(NamedTuple):
    """Values with the places of their signals, rising."""

    places: Ints
    column: Column


class _Place(NamedTuple):
    """A signal whose values are held, as its borrower."""

    held: HeldValues
    place: int

    def store_counts(self) -> None:
        self.held.store()

    def store(self) -> None:
        self.held.store()

    def give_back(self) -> None:
        self.held.give_back(self.place)


def warmup_room(signal: SignalMonitor) -> int:
    """Return the number of values with which something in a signal will change but its newest values; 0 for any."""
    if signal.is_closed or signal.is_observed or signal.active_since is not None:
        return 0
    parts = signal.parts
    room = min((runner.room for runner in parts.detectors.runners.values()), default=sys.maxsize)
    if parts.check:
        room = min(room, parts.check.next_window - parts.count)
    return min(room, parts.reference.size - parts.count) if parts.reference.distribution is None else room
