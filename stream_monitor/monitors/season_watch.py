"""The search for seasons in signals of which none is taken out."""

from __future__ import annotations

import numpy as np

from stream_monitor.core.arrays import ColumnKind, Floats
from stream_monitor.drift.seasonal_scores import DAY, WEEK
from stream_monitor.drift.seasonality import Seasonality
from stream_monitor.signals.columns import Column

#: Every so manyth prediction is looked at.
EVERY = 3
#: Number of values from which the scale of numbers, or the most frequent category, is learned.
FIRST = 100
#: Numbers further from the median than this many interquartile ranges are moved there.
FARTHEST = 4.0


class SeasonWatch:
    """Looks for daily and weekly seasons in every so manyth value of each signal."""

    def __init__(self) -> None:
        self._signals: dict[str, _Watched] = {}

    def take(self, name: str, kind: ColumnKind, column: Column) -> None:
        """Take the next values of a signal."""
        chosen = column.index % EVERY == 0
        if chosen.any() and not name.startswith("spread:"):
            watched = self._signals.setdefault(name, _Watched(kind))
            watched.take(Column(*(each[chosen] for each in column)))

    @property
    def found(self) -> dict[str, dict[float, float]]:
        """The strength of each season that is found, by the name of its signal and its period in seconds."""
        return {name: strengths for name, watched in self._signals.items() if (strengths := watched.strengths)}


class _Watched:
    """One signal, in the scale of its first values: numbers in interquartile ranges, others as 0 or 1."""

    def __init__(self, kind: ColumnKind) -> None:
        self._kind = kind
        self._season = Seasonality((DAY, WEEK), is_given=False, is_share=kind != "number")
        self._first: list[Column] = []
        #: Half the median and half the interquartile range, since a difference of the largest numbers would overflow;
        #: of categories, the code of the most frequent one.
        self._middle, self._range = 0.0, 0.0

    @property
    def strengths(self) -> dict[float, float]:
        """The strength of each season that is found, by its period in seconds."""
        return self._season.strengths

    def take(self, column: Column) -> None:
        """Take the next values, at least one."""
        if sum(len(each.values) for each in self._first) < FIRST:
            self._first.append(column)
            self._learn(Column.join(self._first))
            return
        self._count(column)

    def _learn(self, first: Column) -> None:
        """Learn the scale from the first values once there are enough, and take them."""
        if len(first.values) < FIRST:
            return
        if self._kind == "category":
            codes, counts = np.unique(first.values, return_counts=True)
            self._middle = float(codes[counts.argmax()])
        elif self._kind == "number":
            low, self._middle, high = np.quantile(first.values / 2.0, (0.25, 0.5, 0.75)).tolist()
            self._range = high - low
        self._count(first)

    def _scaled(self, values: Floats) -> Floats:
        if self._kind == "share":
            return values
        if self._kind == "category" or not self._range:
            middle = self._middle if self._kind == "category" else 2.0 * self._middle
            is_middle: Floats = (values == middle).astype(np.float64)
            return is_middle
        scaled: Floats = np.clip((values / 2.0 - self._middle) / self._range, -FARTHEST, FARTHEST)
        return scaled

    def _count(self, column: Column) -> None:
        rest = column._replace(values=self._scaled(column.values))
        while len(rest.values):
            part = rest.until(self._season.room(rest.ts))
            self._season.count(part)
            rest = rest.cut(len(part.values))
