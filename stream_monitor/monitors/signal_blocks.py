"""Signals with a common source: those that fit stand side by side in blocks, the others are handled alone."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.drift.detection import Alarm
from stream_monitor.monitors.held_values import HeldValues
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.monitors.signal_block import SignalBlock, signal_key
from stream_monitor.signals.matrix import SignalMatrix


class SignalBlocks:
    """Hands the next values of signals to their blocks, and to those signals that stand in none.

    The blocks are built again when signals that would fit have been handled alone as often as the blocks have
    columns: so a signal that comes or learns anew does not move all others.
    """

    def __init__(self) -> None:
        self._blocks: list[SignalBlock] = []
        #: Updates of single signals in no block that would fit into one, since the blocks were built.
        self._handled_alone = 0
        self._signals: tuple[SignalMonitor, ...] = ()
        #: For each block the place of its columns in the signals, -1 of one that is not there; None: they are equal.
        self._places: list[Ints | None] = []
        #: The places of the signals that stand in no block.
        self._others: Ints = np.empty(0, np.int64)
        self._held = HeldValues()

    def update(self, signals: tuple[SignalMonitor, ...], matrix: SignalMatrix) -> list[tuple[int, Alarm]]:
        """Update signals with their next values.

        Args:
            signals: The signal of each column.
            matrix: The values.

        Returns:
            The alarms raised, each with its column, and the row of its prediction.
        """
        if not matrix.values.size:
            return []
        if signals != self._signals:
            self._find(signals)
        found = []
        for block, places in zip(self._blocks, self._places, strict=True):
            for column, alarm in block.update(matrix if places is None else matrix.take(places)):
                found.append((column if places is None else int(places[column]), alarm))
        found += self._update_others(matrix)
        return [(place, in_row(alarm, matrix, place)) for place, alarm in found]

    def _update_others(self, matrix: SignalMatrix) -> Iterator[tuple[int, Alarm]]:
        """Update the signals that stand in no block, and move them into one when it is worth it."""
        for place in self._held.add(matrix, self._others):
            signal = self._signals[place]
            for alarm in signal.update_with_rows(matrix.column(place)):
                yield place, alarm
            self._handled_alone += signal_key(signal) is not None
        alone = self._handled_alone + sum(block.misfits for block in self._blocks)
        if alone >= max(sum(len(block.signals) for block in self._blocks), 1):
            self._build()

    def _build(self) -> None:
        """Build blocks of all signals that fit."""
        known = [signal for block in self._blocks for signal in block.signals]
        by_key: dict[Hashable, list[SignalMonitor]] = {}
        for signal in dict.fromkeys([*self._signals, *known]):
            if self._held.is_holding(signal):
                continue
            signal.take_back()
            key = signal_key(signal)
            if key is not None:
                by_key.setdefault(key, []).append(signal)
        self._blocks = [SignalBlock(members) for members in by_key.values()]
        self._handled_alone = 0
        self._find(self._signals)

    def _find(self, signals: tuple[SignalMonitor, ...]) -> None:
        """Find the places of the blocks' columns in the signals."""
        self._signals = signals
        places = {signal: place for place, signal in enumerate(signals)}
        self._places = []
        for block in self._blocks:
            found = np.array([places.pop(each, -1) for each in block.signals])
            self._places.append(None if block.signals == signals else found)
        self._others = np.array(list(places.values()), np.int64)
        self._held.follow(signals)


def in_row(alarm: Alarm, matrix: SignalMatrix, column: int) -> Alarm:
    """Return an alarm with the row of its prediction in place of that of its value."""
    return alarm._replace(row=int(matrix.rows(column)[alarm.row]))
