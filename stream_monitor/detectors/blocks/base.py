"""The interface of detector blocks: the detectors of many columns, which stand side by side in arrays."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, ClassVar, NamedTuple, Protocol

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.detectors.base import Change


class Step(NamedTuple):
    """The effect of the next values on a block.

    Attributes:
        fired: A mask of the columns in which a change may have been found, shape (columns,). The detector of every
            other column finds none in these values.
        state: The block's state after the values, for `DetectorBlock.commit`; valid for columns that did not fire.
        changes: Of a block whose `DetectorBlock.is_final` is true, the changes by column; their state is valid, too.
    """

    fired: Bools
    state: Any
    changes: Mapping[int, list[Change]] = {}


class DetectorBlock(Protocol):
    """The state of detectors that share a config, except for what the budget and the dependence change.

    Each column has a count of its own, so that columns may be of different age, and get different numbers of values.
    After the same values a column's state is, bit for bit, that of a detector which was fed alone::

        step = block.step(values, counts)
        for column in np.flatnonzero(step.fired):
            block.store(column, detectors[column])
            changes = detectors[column].update_many(values[: counts[column], column])
        block.commit(step)
        for column in np.flatnonzero(step.fired):
            block.load(column, detectors[column])
    """

    #: True if `step` can't be undone. Then it returns the changes that it found, and must be followed by `commit`;
    #: columns that are to be handled alone must be left out by ``skip``.
    is_final: ClassVar[bool]

    @staticmethod
    def key(detector: Any) -> Hashable:
        """Return what detectors must have in common to stand in one block."""
        ...

    def step(self, values: Floats, counts: Ints | None = None, skip: Bools | None = None) -> Step:
        """Return the effect of the next values.

        Args:
            values: The next values, shape (n, columns). Those after a column's count may be any numbers.
            counts: The number of values that each column takes, shape (columns,); None: all n.
            skip: A mask of columns to leave as they are, shape (columns,).
        """
        ...

    def commit(self, step: Step) -> None:
        """Replace the state by that after a step; columns that fired and are handled alone must be loaded then."""
        ...

    def store(self, column: int, detector: Any) -> None:
        """Write a column's state into a detector with the same config."""
        ...

    def load(self, column: int, detector: Any) -> None:
        """Replace a column's state, threshold and weight by those of a detector with the same config."""
        ...
