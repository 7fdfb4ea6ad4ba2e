"""The ADWIN detectors of many columns side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints, running_sums
from stream_monitor.detectors.adwin import Adwin
from stream_monitor.detectors.base import Change
from stream_monitor.detectors.blocks.base import Step


class _Totals(NamedTuple):
    """The number and the sum of the values of each column since its last change, shape (columns,) each."""

    n: Ints
    total: Floats


class AdwinBlock:
    """`Adwin` detectors, whose parameters may differ.

    River's windows stay one a column; they are shared with the detectors, which must not be fed until the block's
    state is stored in them.

    >>> from stream_monitor.detectors.adwin import AdwinConfig
    >>> block = AdwinBlock([AdwinConfig().make() for _ in range(2)])
    >>> values = np.zeros((1000, 2))
    >>> values[500:, 1] = 1.0
    >>> {column: [change.index for change in changes] for column, changes in block.step(values).changes.items()}
    {1: [511]}
    """

    is_final = True

    @staticmethod
    def key(detector: Adwin) -> None:  # noqa: ARG004 (all stand in one block)
        return None

    def __init__(self, detectors: Sequence[Adwin]) -> None:
        self._detectors = list(detectors)
        self._totals = _Totals(
            np.array([each.n for each in detectors], dtype=np.int64), np.array([each.total for each in detectors])
        )

    def load(self, column: int, detector: Adwin) -> None:
        self._detectors[column] = detector
        self._totals.n[column], self._totals.total[column] = detector.n, detector.total

    def store(self, column: int, detector: Adwin) -> None:
        detector.window = self._detectors[column].window
        detector.n, detector.total = int(self._totals.n[column]), float(self._totals.total[column])

    def step(self, values: Floats, counts: Ints | None = None, skip: Bools | None = None) -> Step:
        taken = np.full(len(self._detectors), len(values)) if counts is None else counts
        if skip is not None:
            taken = np.where(skip, 0, taken)
        changes, after = {}, self._after(values, taken)
        for column, numbers in enumerate(values.T.tolist()):
            count = int(taken[column])
            hit = self._detectors[column].first_hit(numbers if count == len(numbers) else numbers[:count])
            if hit is not None:
                changes[column] = self._changes(column, values[:count, column], hit)
                after.n[column], after.total[column] = self._detectors[column].n, self._detectors[column].total
        fired = np.zeros(len(taken), dtype=bool)
        fired[list(changes)] = True
        return Step(fired, after, changes)

    def commit(self, step: Step) -> None:
        self._totals = step.state

    def _after(self, values: Floats, taken: Ints) -> _Totals:
        """Return the totals after the values of columns in which no change is found."""
        sums = running_sums(self._totals.total, values)
        return _Totals(self._totals.n + taken, sums[taken, np.arange(len(taken))])

    def _changes(self, column: int, values: Floats, hit: int) -> list[Change]:
        detector = self._detectors[column]
        self.store(column, detector)
        return detector.changes(values, hit)
