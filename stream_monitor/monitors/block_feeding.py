"""The next values of a block of signals, fed to its detectors: first to those that can take them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools
from stream_monitor.drift.block_input import BlockInput
from stream_monitor.drift.running import RunningDetector
from stream_monitor.drift.running_block import RunningBlock, RunningStep
from stream_monitor.monitors.signal_parts import SignalParts
from stream_monitor.signals.matrix_part import ColumnMatrix


class Fed(NamedTuple):
    """A step, and a mask of the columns that were fed in it."""

    step: RunningStep
    columns: Bools


class FedValues(NamedTuple):
    """The values that were fed.

    Attributes:
        given: The values of the columns that remain: those that are not handled alone.
        steps: The effect on the detectors of each kind.
    """

    given: BlockInput
    steps: Mapping[str, Fed]


def feed(running: Mapping[str, RunningBlock], matrix: ColumnMatrix, alone: Bools) -> FedValues:
    """Feed the detectors of all columns but those that are handled alone.

    Args:
        running: The detectors of each kind.
        matrix: The values.
        alone: A mask of the columns that are handled alone, shape (columns,); those that fired are added to it.
    """
    steps: dict[str, Fed] = {}
    given = _input(matrix, alone)
    for name, each in sorted(running.items(), key=lambda one: one[1].is_final):
        if each.is_final and alone.any():
            given = _input(matrix, alone)
        step = each.step(given)
        steps[name] = Fed(step, ~alone)
        if step.detectors.fired.any():
            alone |= step.detectors.fired & (given.sizes > 0)
    return FedValues(given, steps)


def _input(matrix: ColumnMatrix, alone: Bools) -> BlockInput:
    """Return the values of all columns but those that are handled alone."""
    counts = np.where(alone, 0, matrix.sizes) if alone.any() else matrix.counts
    return BlockInput(matrix, counts)


def replay(
    fired: Sequence[int],
    steps: Mapping[str, Fed],
    running: Mapping[str, RunningBlock],
    parts: Sequence[SignalParts],
) -> None:
    """Prepare the detectors of signals that step out but were fed already."""
    for name in [name for name, block in running.items() if block.is_final]:
        step, columns = steps[name]
        for column in fired:
            if columns[column]:
                running[name].replay(column, running_of(parts[column], name), step)


def running_of(parts: SignalParts, name: str) -> RunningDetector:
    """Return a detector of a signal of a block, by its kind."""
    running = parts.detectors.runners[name].running
    assert running is not None
    return running
