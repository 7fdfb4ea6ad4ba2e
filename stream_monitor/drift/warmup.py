"""The warm-up of a detector: the first values of a signal, held until there are enough to learn from."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import ColumnKind, Floats
from stream_monitor.drift.change import Position
from stream_monitor.drift.context import RunnerContext
from stream_monitor.drift.transform_fitting import learn_transform, profile_transform
from stream_monitor.drift.transforms import Transform
from stream_monitor.signals.columns import Column


class Learned(NamedTuple):
    """The result of a warm-up.

    Attributes:
        transform: The transform to feed values through.
        measured: The transformed warm-up as far as its dependence is concerned, shape (n,); empty without a warm-up.
        column: The values to feed: those of the warm-up that are not used up, and all that came after it.
        alarm: The last value of the warm-up, which raises a change found in one before it.
    """

    transform: Transform
    measured: Floats
    column: Column
    alarm: Position


class Warmup:
    """Holds a signal's values until there are enough, and learns the transform from them.

    Args:
        context: The signal and the settings.
        takes: The kinds of values that the detector reads.
    """

    def __init__(self, context: RunnerContext, takes: Set[ColumnKind]) -> None:
        self._context, self._takes = context, takes
        self._held: list[Column] = []
        self._count = 0
        #: After a change the profile no longer describes the signal.
        self.has_changed = False

    @property
    def room(self) -> int:
        """Number of values until there are enough."""
        return max(self._context.warmup, 1) - self._count

    def add(self, column: Column) -> Learned | None:
        """Hold the next values; return what is learned once there are enough, else None."""
        size, wanted = max(self._context.warmup, 1), self.room
        self._held.append(column.until(wanted))
        self._count += len(self._held[-1].values)
        if self._count < size:
            return None
        values = Column.join([*self._held, column.cut(wanted)])
        warmup = values.until(size)
        self._held, self._count = [], 0
        transform, first = self._learn(warmup)
        measured = transform.measured(transform.of(warmup)) if self._context.warmup else np.empty(0)
        alarm = Position(int(warmup.index[-1]), float(warmup.ts[-1]), len(column.values) - wanted)
        return Learned(transform, measured, values.cut(first), alarm)

    @property
    def values(self) -> Floats:
        """The values held, shape (n,)."""
        return np.concatenate([column.values for column in self._held]) if self._held else np.empty(0)

    def _learn(self, warmup: Column) -> tuple[Transform, int]:
        """The transform of the profile while it holds, else of the warm-up; and the row from which on to feed."""
        context = self._context
        if context.reference is not None and not self.has_changed:
            transform = profile_transform(context.reference, self._takes, warmup, context.categories)
            if transform is not None:
                return transform, 0
        return learn_transform(context.kind, self._takes, warmup, context.warmup > 0)

    def state(self) -> list[str] | None:
        """Return the values held, None if there are none."""
        return Column.join(self._held).state() if self._held else None

    def restore(self, state: Sequence[str] | None) -> None:
        """Load what `state` returned."""
        self._held = [Column.restored(state)] if state else []
        self._count = sum(len(column.values) for column in self._held)
