"""A detector at work on many signals side by side."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.detectors.base import Change
from stream_monitor.detectors.blocks import Step, block_key, make_block
from stream_monitor.drift.block_input import BlockInput, RawTotals
from stream_monitor.drift.dependence import Dependence
from stream_monitor.drift.dependence_block import DependenceBlock
from stream_monitor.drift.runner import DetectorRunner
from stream_monitor.drift.running import RunningDetector
from stream_monitor.drift.transform_columns import TransformColumns
from stream_monitor.drift.value_queue import ColumnValues
from stream_monitor.drift.weighted_detector import WeightedDetector


def runner_key(runner: DetectorRunner) -> Hashable | None:
    """Return what runners must have in common to stand in one block; None for one that must be fed alone.

    Alone are those in their warm-up, those that take out a season, those that feed batch means, and those whose kind
    of detector has no block.
    """
    running = runner.running
    if running is None or runner.season or running.dependence.batch > 1:
        return None
    return block_key(running.weighted.detector)


class RunningStep(NamedTuple):
    """The effect of the next values on a `RunningBlock`; valid for the columns that did not fire.

    Attributes:
        detectors: That on the detectors.
        transformed: The values that they were fed, shape (m, columns).
    """

    detectors: Step
    transformed: Floats


class RunningBlock:
    """Feeds the detectors of many signals, as `RunningDetector` does for one, while no change is found in them.

    Args:
        running: The detector of each column, all with the same `runner_key`.
    """

    def __init__(self, running: Sequence[RunningDetector]) -> None:
        self._detectors = make_block([each.weighted.detector for each in running])
        self._n = np.array([each.sums.n for each in running], dtype=np.int64)
        self._totals = np.array([each.sums.total for each in running])
        self._dependence = DependenceBlock([each.check for each in running])
        self._transforms = [each.transform for each in running]
        #: All transforms as of the last step, None where one of them has changed since.
        self._columns: TransformColumns | None = None

    @property
    def is_final(self) -> bool:
        """True if a step can't be undone; see `DetectorBlock.is_final`."""
        return self._detectors.is_final

    @property
    def room(self) -> Ints:
        """Number of values up to the next estimate of each column's dependence, shape (columns,)."""
        return self._dependence.room

    @property
    def is_learning(self) -> bool:
        """True while the dependence of some column is still estimated."""
        return self._dependence.is_learning

    def step(self, given: BlockInput) -> RunningStep:
        """Return the effect of the next values, at most up to its next estimate."""
        self._columns = self._columns or TransformColumns(self._transforms)
        transformed = given.transformed(self._columns)
        return RunningStep(self._detectors.step(transformed, given.counts), transformed)

    def commit(self, step: RunningStep) -> None:
        """Replace the state of the detectors by that after a step; its values are still to be counted."""
        self._detectors.commit(step.detectors)

    def count(self, totals: RawTotals, transformed: ColumnValues | None) -> None:
        """Count values that were committed.

        Args:
            totals: Their raw sums.
            transformed: The values that the detectors were fed; needed while `is_learning`.
        """
        self._n = self._n + totals.values.sizes
        self._totals = totals.after(self._totals)
        if transformed:
            self._dependence.add(self._measured(transformed.values), transformed.counts)

    def estimate(self, column: int, running: RunningDetector) -> Dependence | None:
        """Estimate the dependence of a column, which must be due; return it where it must be corrected, else None.

        Args:
            column: The column, all of whose values are counted.
            running: Its detector.
        """
        self._dependence.store(column, running.check)
        found = running.estimate()
        self._dependence.load(column, running.check)
        return found

    def _measured(self, values: Floats) -> Floats:
        """Return what stands for transformed values where their dependence is measured."""
        codes = [column for column, each in enumerate(self._transforms) if each.kind == "category"]
        if codes:
            values = values.copy()
            values[:, codes] = values[:, codes] == 0.0
        return values

    def store_count(self, column: int, running: RunningDetector) -> None:
        """Write only the number of a column's values into its detector."""
        running.sums.n = int(self._n[column])

    def store(self, column: int, running: RunningDetector) -> None:
        """Write a column's state into its detector."""
        self._detectors.store(column, running.weighted.detector)
        running.sums.n, running.sums.total = int(self._n[column]), float(self._totals[column])
        self._dependence.store(column, running.check)

    def load(self, column: int, running: RunningDetector) -> None:
        """Read a column's state from its detector, which may be a new one."""
        self._detectors.load(column, running.weighted.detector)
        self._n[column], self._totals[column] = running.sums.n, running.sums.total
        self._dependence.load(column, running.check)
        if self._transforms[column] is not running.transform:
            self._transforms[column], self._columns = running.transform, None

    def replay(self, column: int, running: RunningDetector, step: RunningStep) -> None:
        """Make a detector that was fed by a step return once more what it found, in place of being fed again."""
        self._detectors.store(column, running.weighted.detector)
        running.weighted.detector = _FedDetector(running.weighted, list(step.detectors.changes.get(column, ())))


class _FedDetector:
    """Stands for a detector that was fed already: returns the changes found, and puts the detector back."""

    def __init__(self, weighted: WeightedDetector, changes: list[Change]) -> None:
        self._weighted, self._detector, self._changes = weighted, weighted.detector, changes

    def update_many(self, values: Floats) -> list[Change]:  # noqa: ARG002 (they were fed)
        self._weighted.detector = self._detector
        return self._changes

    def state(self) -> dict[str, Any]:
        return self._detector.state()

    def restore(self, state: dict[str, Any]) -> None:
        self._detector.restore(state)
