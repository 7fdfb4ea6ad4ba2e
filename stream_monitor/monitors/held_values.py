"""Values of signals in their warm-up, which are held until the signals must know them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.monitors.signal_parts import SignalParts
from stream_monitor.signals.columns import Column
from stream_monitor.signals.matrix import SignalMatrix

#: The largest number of values of one signal in a batch that are held; more are cheaper to feed at once.
MAX_FEW = 64
#: Values that are held at a time.
MAX_HELD = 262_144
#: Slots for each signal that is followed.
MAX_SLOTS = 4


class HeldValues:
    """Holds the next values of many signals in their warm-up.

    Until its warm-up is over, a signal only collects its values. So these are held here, those of all signals
    together. A signal takes its own when somebody looks at it, or when its warm-up ends with the next of them.
    Signals may come and go: each has a slot, which it keeps as long as its values are held.
    """

    def __init__(self) -> None:
        #: The signal of each slot, and the slot of each signal.
        self._signals: list[SignalMonitor] = []
        self._slots: dict[SignalMonitor, int] = {}
        #: The slots of the signals that are followed.
        self._followed: Ints = np.empty(0, np.int64)
        #: What the signal of each slot has lent.
        self._parts: dict[int, SignalParts] = {}
        #: Number of values with which the warm-up of each signal is over; 0 where none are held.
        self._room: Ints = np.empty(0, np.int64)
        #: Number of values that each signal has taken of those that are held.
        self._taken: Ints = np.empty(0, np.int64)
        self._batches: list[_Values] = []
        self._count = 0

    def follow(self, signals: Sequence[SignalMonitor]) -> None:
        """Follow these signals from now on, whose values `add` takes."""
        new = [signal for signal in signals if signal not in self._slots]
        if len(self._signals) + len(new) > MAX_SLOTS * len(signals):
            self._release()
            new = list(signals)
        self._slots |= {signal: len(self._signals) + at for at, signal in enumerate(new)}
        self._signals += new
        self._room = np.concatenate((self._room, np.zeros(len(new), np.int64)))
        self._taken = np.concatenate((self._taken, np.zeros(len(new), np.int64)))
        self._followed = np.array([self._slots[signal] for signal in signals], np.int64)

    def _release(self) -> None:
        """Give back all signals, and empty all slots."""
        for slot in np.flatnonzero(self._room).tolist():
            self._signals[slot].take_back()
        self._signals, self._slots, self._parts = [], {}, {}
        self._room, self._taken = np.zeros((2, 0), np.int64)
        self._batches, self._count = [], 0

    def is_holding(self, signal: SignalMonitor) -> bool:
        """Return whether the next values of a signal are held."""
        return bool(self._room[self._slots[signal]]) if signal in self._slots else False

    def add(self, matrix: SignalMatrix, places: Ints) -> list[int]:
        """Hold the next values of those signals that can wait for them.

        Args:
            matrix: The next values of all signals that are followed.
            places: The places of those signals to which they belong.

        Returns:
            The places of the signals that must be updated at once.
        """
        sizes = matrix.sizes[places]
        places, sizes = places[sizes > 0], sizes[sizes > 0]
        slots = self._followed[places]
        is_new = (sizes <= MAX_FEW) & (self._room[slots] == 0)
        for slot, size in zip(slots[is_new].tolist(), sizes[is_new].tolist(), strict=True):
            self._borrow(slot, size)
        can_wait = (sizes <= MAX_FEW) & (sizes < self._room[slots])
        if can_wait.any():
            self._hold(matrix, places[can_wait])
        now: list[int] = places[~can_wait].tolist()
        return now

    def _borrow(self, slot: int, size: int) -> None:
        """Borrow a signal that can wait for its next values."""
        room = warmup_room(self._signals[slot])
        if size < room:
            self._parts[slot] = self._signals[slot].lend(_Slot(self, slot))
            self._room[slot] = room

    def _hold(self, matrix: SignalMatrix, places: Ints) -> None:
        counts, slots = matrix.sizes[places], self._followed[places]
        self._room[slots] -= counts
        self._batches.append(_Values.in_order(np.repeat(slots, counts), matrix.flat(places)))
        self._count += int(counts.sum())
        if self._count > MAX_HELD:
            self.store()

    def give_back(self, slot: int) -> None:
        """Let one signal take its values, and hold no more of them; one that is closed needs none."""
        self._room[slot] = 0
        if self._signals[slot].is_closed:
            del self._parts[slot]
        else:
            self._take(slot)

    def store(self) -> None:
        """Let all signals take their values."""
        if self._batches:
            for slot in np.unique(self._sorted().slots).tolist():
                self._take(slot)
            self._batches, self._count = [], 0
            self._taken[:] = 0

    def _take(self, slot: int) -> None:
        if not self._batches or slot not in self._parts:
            return
        held = self._sorted()
        begin, end = np.searchsorted(held.slots, [slot, slot + 1]).tolist()
        column = held.column.until(end).cut(begin + int(self._taken[slot]))
        self._taken[slot] = end - begin
        if len(column.values):
            self._parts[slot].update(column)

    def _sorted(self) -> _Values:
        """Return all that is held, one signal after the other."""
        if len(self._batches) > 1:
            slots = np.concatenate([each.slots for each in self._batches])
            self._batches = [_Values.in_order(slots, Column.join([each.column for each in self._batches]))]
        return self._batches[0]


class _Values(NamedTuple):
    """Values with the slots of their signals, rising."""

    slots: Ints
    column: Column

    @classmethod
    def in_order(cls, slots: Ints, column: Column) -> _Values:
        """Return values in the order of their slots."""
        if not (slots[1:] < slots[:-1]).any():
            return cls(slots, column)
        order = np.argsort(slots, kind="stable")
        return cls(slots[order], Column._make(each[order] for each in column))


class _Slot(NamedTuple):
    """The slot of a signal whose values are held, as its borrower."""

    held: HeldValues
    slot: int

    def store_counts(self) -> None:
        self.held.store()

    def store(self) -> None:
        self.held.store()

    def give_back(self) -> None:
        self.held.give_back(self.slot)


def warmup_room(signal: SignalMonitor) -> int:
    """Return the number of values with which something in a signal will change but its newest values; 0 for any."""
    if signal.is_closed or signal.is_observed or signal.active_since is not None:
        return 0
    parts = signal.parts
    room = min((runner.room for runner in parts.detectors.runners.values()), default=sys.maxsize)
    room = min(room, parts.next_look_after(parts.count) - parts.count)
    return min(room, parts.reference.size - parts.count) if parts.reference.distribution is None else room
