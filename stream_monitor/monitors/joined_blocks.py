"""Signals of several sources: side by side, in common blocks while batches are small; or one by one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from stream_monitor.drift.detection import Alarm
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.monitors.signal_blocks import SignalBlocks, in_row
from stream_monitor.signals.matrix import SignalMatrix

#: A batch is small if its values would fit into a common matrix of this size.
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
    less than what a block costs by itself, however small the batch; so the sources then share their blocks.

    Args:
        sources: The number of sources.
    """

    def __init__(self, sources: int) -> None:
        self._sources = sources
        self._blocks: list[SignalBlocks] = []
        #: Batches in a row for which the signals should stand in other blocks.
        self._unsuited = PATIENCE

    def update(self, sources: Sequence[Source]) -> list[list[Alarm]]:
        """Update signals with their next values; return the alarms of each source, with the row of its prediction.

        Args:
            sources: For each source the signals and their values.
        """
        columns = sum(len(signals) for signals, _ in sources)
        is_small = columns * max(len(matrix.values) for _, matrix in sources) <= MAX_JOINED
        wanted = 1 if is_small else self._sources
        self._unsuited = 0 if len(self._blocks) == wanted else self._unsuited + 1
        if self._unsuited > PATIENCE:
            self._blocks, self._unsuited = [SignalBlocks() for _ in range(wanted)], 0
        if len(self._blocks) == 1:
            return _update_joined(self._blocks[0], sources)
        pairs = zip(self._blocks, sources, strict=True)
        return [[alarm for _, alarm in blocks.update(*source)] for blocks, source in pairs]


def _update_joined(blocks: SignalBlocks, sources: Sequence[Source]) -> list[list[Alarm]]:
    """Update the signals of several sources in common blocks."""
    signals = tuple(signal for each, _ in sources for signal in each)
    found = blocks.update(signals, SignalMatrix.joined([matrix for _, matrix in sources]))
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
