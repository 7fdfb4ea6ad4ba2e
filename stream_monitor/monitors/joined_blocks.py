"""Signals of several sources: side by side, in common blocks while batches are small; or one by one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain
from typing import NamedTuple

import numpy as np

from stream_monitor.drift.detection import Alarm
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.monitors.signal_blocks import SignalBlocks, in_row
from stream_monitor.signals.matrix import SignalMatrix

#: A batch of sources of one kind is small if its values would fit into a common matrix of this size; that of two
#: kinds, if they would fit into a quarter of it.
MAX_JOINED = 65_536
#: Batches in a row of another size after which the signals move.
PATIENCE = 3


class Source(NamedTuple):
    """Signals with a common source.

    Attributes:
        signals: The signal of each column.
        matrix: Their next values.
    """

    signals: tuple[SignalMonitor, ...]
    matrix: SignalMatrix


NO_SIGNALS = Source((), SignalMatrix(np.empty((0, 0)), np.empty(0, np.int64), np.empty(0)))


class JoinedBlocks:
    """Hands the signals of several sources to their blocks.

    The columns of a source have about as many values in a batch; those of another source may have a quarter of them.
    In a matrix of all sources, there is room for values that do not come. As long as batches are small, that costs
    less than what a block costs by itself, however small the batch; so the sources then share their blocks: all of
    them, or those of shares and those of numbers, whichever are small enough.

    Args:
        kinds: The kind of each source; of two kinds that are not small together, each may still be.
    """

    def __init__(self, kinds: Sequence[str]) -> None:
        self._kinds = kinds
        #: The blocks by the places of the sources that share them.
        self._blocks: dict[tuple[int, ...], SignalBlocks] = {}
        #: Batches in a row for which the signals should stand in other blocks.
        self._unsuited = PATIENCE

    def update(self, sources: Sequence[Source]) -> list[list[Alarm]]:
        """Update signals with their next values; return the alarms of each source, with the row of its prediction.

        Args:
            sources: For each source the signals and their values.
        """
        wanted = self._groups(sources)
        self._unsuited = 0 if wanted == list(self._blocks) else self._unsuited + 1
        if self._unsuited > PATIENCE:
            self._blocks = {places: self._blocks.get(places) or SignalBlocks() for places in wanted}
            self._unsuited = 0
        alarms: list[list[Alarm]] = [[] for _ in sources]
        for places, blocks in self._blocks.items():
            for place, found in zip(places, _update(blocks, [sources[each] for each in places]), strict=True):
                alarms[place] = found
        return alarms

    def _groups(self, sources: Sequence[Source]) -> list[tuple[int, ...]]:
        """Return the places of sources that share their blocks, if they are as many as now."""
        everywhere = tuple(range(len(sources)))
        if _size(sources) <= MAX_JOINED // 4:
            return [everywhere]
        groups: list[tuple[int, ...]] = []
        for kind in dict.fromkeys(self._kinds):
            places = tuple(each for each in everywhere if self._kinds[each] == kind)
            is_small = _size([sources[each] for each in places]) <= MAX_JOINED
            groups += [places] if is_small else [(each,) for each in places]
        return groups


def _size(sources: Sequence[Source]) -> int:
    """Return the size of a common matrix of the values of sources."""
    columns = sum(len(signals) for signals, _ in sources)
    return columns * max(len(matrix.values) for _, matrix in sources)


def _update(blocks: SignalBlocks, sources: Sequence[Source]) -> list[list[Alarm]]:
    """Update the signals of one source, or those of several in common blocks."""
    if len(sources) == 1:
        return [[alarm for _, alarm in blocks.update(*sources[0])]]
    signals = tuple(chain.from_iterable(each for each, _ in sources))
    found = blocks.update(signals, SignalMatrix.joined([matrix for _, matrix in sources]))
    if not found:
        return [[] for _ in sources]
    ends = accumulate(len(each) for each, _ in sources)
    bounds = [(end - len(each), end) for (each, _), end in zip(sources, ends, strict=True)]
    return [[alarm for place, alarm in found if begin <= place < end] for begin, end in bounds]


class OneByOne:
    """Updates the signals of several sources one after the other."""

    def update(self, sources: Sequence[Source]) -> list[list[Alarm]]:
        """Update signals with their next values, as `JoinedBlocks.update`."""
        return [
            [
                in_row(alarm, matrix, column)
                for column, signal in enumerate(signals)
                for alarm in signal.update_with_rows(matrix.column(column))
            ]
            for signals, matrix in sources
        ]
