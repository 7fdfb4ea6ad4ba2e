"""Features of a batch of predictions as columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import compress
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, optional
from stream_monitor.core.events import Features
from stream_monitor.core.feature_values import ABSENT, FeatureValues, as_numbers
from stream_monitor.core.sequences import Rows, take

#: Values of a table of several rows at most, those included that its rows do not carry.
MAX_VALUES = 4_000_000


class TooManyFeaturesError(Exception):
    """Several rows have too many features for one table; in parts they can have tables that are bounded."""


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
        present: Bools | None = None,
        raw: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self.names, self.numbers, self.present, self.raw = tuple(names), numbers, present, raw or {}

    @classmethod
    def of(cls, rows: Sequence[Features], is_category: Callable[[str], bool] = lambda _: False) -> FeatureTable:
        """Return the table of rows.

        Args:
            rows: The features of each prediction by name.
            is_category: Tells by name whether a feature's numbers, too, are categories, and so left as received.

        Raises:
            TooManyFeaturesError: There are more than `MAX_VALUES` values, those included that no row carries.
        """
        found = FeatureValues.of(rows)
        _check_size(len(rows), len(found.names))
        numbers, is_raw = found.numbers()
        is_raw |= np.array([is_category(name) for name in found.names], bool)
        present = found.spread(~is_raw, np.ones(len(numbers), bool), False)
        raw: dict[str, Sequence[Any]] = {}
        if is_raw.any():
            columns = found.spread(is_raw, np.fromiter(found.values, object, len(numbers)), ABSENT).T.tolist()
            raw = dict(zip(compress(found.names, is_raw), columns, strict=True))
        matrix = found.spread(~is_raw, numbers, np.nan)
        return cls(tuple(compress(found.names, ~is_raw)), matrix, None if present.all() else present, raw)

    def with_columns(
        self, columns: Mapping[str, Sequence[Any]], is_category: Callable[[str], bool] = lambda _: False
    ) -> FeatureTable:
        """Return the table with more features, whose values are as received, `ABSENT` where there is none.

        Columns that hold numbers only join the matrix, but for those of categories.
        """
        found = {name: None if is_category(name) else as_numbers(column) for name, column in columns.items()}
        numbers = {name: column for name, column in found.items() if column is not None}
        raw = {name: columns[name] for name, column in found.items() if column is None}
        present = [_is_present(columns[name]) for name in numbers]
        return FeatureTable(
            (*self.names, *numbers),
            np.column_stack([self.numbers, *numbers.values()]) if numbers else self.numbers,
            self._present_with(present),
            {**self.raw, **raw},
        )

    def without_numbers_in_raw(self, is_category: Callable[[str], bool]) -> FeatureTable:
        """Return the table as `of` makes it of its rows, where other rows were taken out of it."""
        return FeatureTable(self.names, self.numbers, self.present).with_columns(self.raw, is_category)

    def as_received(self, columns: Mapping[str, Sequence[Any]]) -> FeatureTable:
        """Return the table with features of the matrix as received instead."""
        left = [at for at, name in enumerate(self.names) if name not in columns]
        return FeatureTable(
            [self.names[at] for at in left],
            self.numbers[:, left],
            None if self.present is None else self.present[:, left],
            {**self.raw, **columns},
        )

    def followed_by(self, other: FeatureTable) -> FeatureTable:
        """Return the table of these predictions and then another's; a feature is raw in both or in neither.

        Raises:
            TooManyFeaturesError: As of `of`.
        """
        names = {name: at for at, name in enumerate(dict.fromkeys((*self.names, *other.names)))}
        n = len(self) + len(other)
        _check_size(n, len({*self.all_names, *other.all_names}))
        numbers, present = np.full((n, len(names)), np.nan), np.zeros((n, len(names)), bool)
        for table, rows in ((self, slice(len(self))), (other, slice(len(self), n))):
            places = [names[name] for name in table.names]
            numbers[rows, places] = table.numbers
            present[rows, places] = True if table.present is None else table.present
        raw = {
            name: [*self.raw.get(name, [ABSENT] * len(self)), *other.raw.get(name, [ABSENT] * len(other))]
            for name in dict.fromkeys((*self.raw, *other.raw))
        }
        return FeatureTable(tuple(names), numbers, None if present.all() else present, raw)

    def beside(self, other: FeatureTable) -> FeatureTable:
        """Return the table with the features of another table of the same predictions, which has none of its own."""
        present = None
        if self.present is not None or other.present is not None:
            both = [
                np.ones(each.numbers.shape, bool) if each.present is None else each.present for each in (self, other)
            ]
            present = np.hstack(both)
        numbers = np.hstack((self.numbers, other.numbers))
        return FeatureTable((*self.names, *other.names), numbers, present, {**self.raw, **other.raw})

    def _present_with(self, columns: Sequence[Bools]) -> Bools | None:
        """Return ``present`` with more columns."""
        if self.present is None and all(column.all() for column in columns):
            return None
        known = np.ones(self.numbers.shape, bool) if self.present is None else self.present
        return np.column_stack([known, *columns])

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def all_names(self) -> tuple[str, ...]:
        """The names of all features that any of the predictions may carry."""
        return (*self.names, *self.raw)

    def carried(self, row: int) -> list[str]:
        """Return the names of the features that one prediction carries, sorted."""
        numbers: Iterable[str] = self.names
        if self.present is not None:
            numbers = [self.names[at] for at in np.flatnonzero(self.present[row]).tolist()]
        return sorted([*numbers, *(name for name, values in self.raw.items() if values[row] is not ABSENT)])

    def row(self, row: int) -> dict[str, Any]:
        """Return the features that one prediction carries by name; None for a number that is missing."""
        names, numbers = self.names, self.numbers[row].tolist()
        found: dict[str, Any] = {name: optional(number) for name, number in zip(names, numbers, strict=True)}
        if self.present is not None:
            found = {name: found[name] for name, is_there in zip(names, self.present[row], strict=True) if is_there}
        raw = {name: values[row] for name, values in self.raw.items()}
        return found | {name: value for name, value in raw.items() if value is not ABSENT}

    def carrying(self, names: Collection[str]) -> Bools:
        """Return which predictions carry at least one of these features, shape (n,)."""
        found = np.zeros(len(self), bool)
        for at, name in enumerate(self.names):
            if name in names:
                found |= True if self.present is None else self.present[:, at]
        for name, values in self.raw.items():
            if name in names:
                found |= _is_present(values)
        return found

    def take(self, rows: Rows) -> FeatureTable:
        """Return the table of some of the predictions, in this order."""
        present = None if self.present is None else self.present[rows]
        raw = {name: take(values, rows) for name, values in self.raw.items()}
        return FeatureTable(self.names, self.numbers[rows], present, raw)


def _check_size(rows: int, features: int) -> None:
    if rows > 1 and rows * features > MAX_VALUES:
        raise TooManyFeaturesError(f"{rows} rows of {features} features; allowed: {MAX_VALUES} values")


def received(rows: Sequence[Features], names: Iterable[str]) -> dict[str, Sequence[Any]]:
    """Return columns of features as received, `ABSENT` where a row does not carry the feature."""
    return {name: [row.get(name, ABSENT) for row in rows] for name in names}


def _is_present(column: Sequence[Any]) -> Bools:
    return np.array([value is not ABSENT for value in column], bool)
