"""Features of a batch of predictions as columns."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.core.events import Features

#: Stands for the value of a feature that a prediction does not carry.
ABSENT: Final = object()
_NUMBERS = frozenset((float, int, bool, type(None)))
#: Rows of a batch: an array of positions, or a slice.
Rows = Ints | slice


class FeatureTable:
    """The features of n predictions: numbers in one matrix, all others as received.

    Attributes:
        names: The features whose values are numbers, null or absent throughout.
        numbers: Their values, NaN where there is no finite one, shape (n, len(names)).
        present: True where a prediction carries the feature, shape (n, len(names)); None: each carries all of them.
        raw: The n values of each other feature, `ABSENT` where a prediction does not carry it.

    >>> table = FeatureTable.of([{"age": 41, "country": "DE"}, {"age": None}])
    >>> table.names, table.numbers, table.raw["country"][0]
    (('age',), array([[41.],
           [nan]]), 'DE')
    """

    __slots__ = ("names", "numbers", "present", "raw")

    def __init__(
        self,
        names: Sequence[str],
        numbers: Floats,
        present: NDArray[np.bool_] | None = None,
        raw: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self.names, self.numbers, self.present, self.raw = tuple(names), numbers, present, raw or {}

    @classmethod
    def of(cls, rows: Sequence[Features], is_category: Callable[[str], bool] = lambda _: False) -> FeatureTable:
        """Return the table of rows.

        Args:
            rows: The features of each prediction by name.
            is_category: Tells by name whether a feature's numbers, too, are categories, and so left as received.
        """
        names = dict.fromkeys(name for row in rows for name in row)
        columns: dict[str, Floats] = {}
        raw: dict[str, Sequence[Any]] = {}
        absent: dict[str, NDArray[np.bool_]] = {}
        for name in names:
            column = [row.get(name, ABSENT) for row in rows]
            is_absent = np.array([value is ABSENT for value in column])
            found = None if is_category(name) else _as_numbers(column)
            if found is None:
                raw[name] = column
            else:
                columns[name], absent[name] = found, is_absent
        matrix = np.stack(list(columns.values()), axis=1) if columns else np.empty((len(rows), 0))
        present = ~np.stack(list(absent.values()), axis=1) if absent else None
        return cls(tuple(columns), matrix, None if present is None or present.all() else present, raw)

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def all_names(self) -> tuple[str, ...]:
        """The names of all features that any of the predictions may carry."""
        return (*self.names, *self.raw)

    def carried(self, row: int) -> list[str]:
        """Return the names of the features that one prediction carries, sorted."""
        mask = None if self.present is None else self.present[row]
        numbers = [name for at, name in enumerate(self.names) if mask is None or mask[at]]
        return sorted([*numbers, *(name for name, values in self.raw.items() if values[row] is not ABSENT)])

    def carrying(self, names: Collection[str]) -> NDArray[np.bool_]:
        """Return which predictions carry at least one of these features, shape (n,)."""
        found = np.zeros(len(self), bool)
        for at, name in enumerate(self.names):
            if name in names:
                found |= True if self.present is None else self.present[:, at]
        for name, values in self.raw.items():
            if name in names:
                found |= np.array([value is not ABSENT for value in values], bool)
        return found

    def take(self, rows: Rows) -> FeatureTable:
        """Return the table of some of the predictions, in this order."""
        present = None if self.present is None else self.present[rows]
        raw = {name: taken(values, rows) for name, values in self.raw.items()}
        return FeatureTable(self.names, self.numbers[rows], present, raw)


def taken(values: Sequence[Any], rows: Rows) -> Sequence[Any]:
    """Return some of the values of a sequence, in the order of ``rows``."""
    return values[rows] if isinstance(rows, slice) else list(map(values.__getitem__, rows.tolist()))


def as_float(value: Any) -> float:
    """Return a number or truth value as a float; NaN for anything else, and where it is not finite."""
    if type(value) in (float, int, bool):
        try:
            number = float(value)
        except OverflowError:
            return math.nan
        return number if math.isfinite(number) else math.nan
    return math.nan


def _as_numbers(column: Sequence[Any]) -> Floats | None:
    """Return a column of numbers, nulls and absent values; None where it has any other value."""
    try:
        # Unlike numpy's own conversion, an array of doubles takes numbers only: no text, no null.
        values = np.frombuffer(array("d", column))
    except (TypeError, OverflowError):
        if not all(type(value) in _NUMBERS or value is ABSENT for value in column):
            return None
        return np.array([as_float(value) for value in column])
    return np.where(np.isfinite(values), values, np.nan)
