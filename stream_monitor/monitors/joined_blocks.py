"""Signals of several sources in common blocks while batches are small."""

from __future__ import annotations

from collections.abc import Sequence

from stream_monitor.drift.detection import Alarm
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.monitors.signal_blocks import SignalBlocks
from stream_monitor.signals.matrix import SignalMatrix

#: A batch is small if its values would fit into a common matrix of this size.
MAX_JOINED = 65_536
#: Batches in a row of another size after which the signals move.
PATIENCE = 64

#: The signals of each column of a matrix, and the matrix.
Source = tuple[tuple[SignalMonitor, ...], SignalMatrix]


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

    def update(self, sources: Sequence[Source]) -> list[Alarm]:
        """Update signals with their next values; return the alarms, whose rows mean nothing.

        Args:
            sources: For each source the signals and their values, all of the same predictions.
        """
        columns = sum(len(signals) for signals, _ in sources)
        is_small = columns * max(len(matrix.values) for _, matrix in sources) <= MAX_JOINED
        wanted = 1 if is_small else self._sources
        self._unsuited = 0 if len(self._blocks) == wanted else self._unsuited + 1
        if self._unsuited > PATIENCE:
            self._blocks, self._unsuited = [SignalBlocks() for _ in range(wanted)], 0
        if len(self._blocks) == 1:
            signals = tuple(signal for each, _ in sources for signal in each)
            sources = [(signals, SignalMatrix.joined([matrix for _, matrix in sources]))]
        pairs = zip(self._blocks, sources, strict=True)
        return [alarm for blocks, (signals, matrix) in pairs for alarm in blocks.update(signals, matrix)]
