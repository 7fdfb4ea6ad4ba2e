"""Values of features: numbers, and those that are none."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.core.events import Features

#: Stands for the value of a feature that a prediction does not carry.
ABSENT: Final = object()
_NUMBERS = frozenset((float, int, bool, type(None)))


def as_float(value: Any) -> float:
    """Return a number or truth value as a float; NaN for anything else, and where it is not finite."""
    if type(value) in (float, int, bool):
        try:
            number = float(value)
        except OverflowError:
            return math.nan
        return number if math.isfinite(number) else math.nan
    return math.nan


def as_numbers(column: Sequence[Any]) -> Floats | None:
    """Return a column of numbers, nulls and absent values, shape (n,); None where it has any other value."""
    try:
        # Unlike numpy's own conversion, an array of doubles takes numbers only: no text, no null.
        values = np.frombuffer(array("d", column))
    except (TypeError, OverflowError):
        numbers = [None if value is ABSENT else value for value in column]
        if not set(map(type, numbers)) <= _NUMBERS:
            return None
        try:
            values = np.array(numbers, np.float64)
        except OverflowError:
            values = np.array([as_float(value) for value in numbers])
    return np.where(np.isfinite(values), values, np.nan)


@dataclass(frozen=True, slots=True)
class FeatureValues:
    """The values that n rows carry, however few of all features each of them has.

    Attributes:
        count: n.
        names: The features in order of first appearance.
        rows: The row of each value, rising, shape (m,).
        columns: The position of each value's feature in ``names``, shape (m,).
        values: The values as received, m of them.
    """

    count: int
    names: Sequence[str]
    rows: Ints
    columns: Ints
    values: Sequence[Any]

    @classmethod
    def of(cls, rows: Sequence[Features]) -> FeatureValues:
        """Return the values of rows."""
        codes = {name: code for code, name in enumerate(dict.fromkeys(chain.from_iterable(rows)))}
        values = list(chain.from_iterable(row.values() for row in rows))
        sizes = np.fromiter(map(len, rows), np.int64, len(rows))
        columns = np.fromiter(map(codes.__getitem__, chain.from_iterable(rows)), np.int64, len(values))
        return cls(len(rows), tuple(codes), np.repeat(np.arange(len(rows)), sizes), columns, values)

    def numbers(self) -> tuple[Floats, Bools]:
        """Return the values as floats, NaN for what is no finite number, shape (m,), and the features that have text.

        The latter, or with lists and the like, as a mask of shape (len(names),).
        """
        has_others = np.zeros(len(self.names), bool)
        numbers = as_numbers(self.values)
        if numbers is None:
            is_other = [type(value) not in _NUMBERS for value in self.values]
            has_others[self.columns[is_other]] = True
            numbers = as_numbers(
                [math.nan if other else value for value, other in zip(self.values, is_other, strict=True)]
            )
            assert numbers is not None
        return numbers, has_others

    def spread(self, which: Bools, values: NDArray[Any], absent: Any) -> NDArray[Any]:
        """Return a matrix of some features, shape (n, number of them).

        Args:
            which: True for the features, shape (len(names),).
            values: What stands for each value, shape (m,).
            absent: Stands where a row does not carry a feature.
        """
        places = np.cumsum(which) - 1
        matrix = np.full((self.count, int(which.sum())), absent, values.dtype)
        kept = which[self.columns]
        matrix[self.rows[kept], places[self.columns[kept]]] = values[kept]
        return matrix
