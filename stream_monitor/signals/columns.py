"""Columns of a batch: features, targets and scores as arrays of floats."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats, Ints, pack, unpack
from stream_monitor.core.events import Target
from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.core.feature_values import ABSENT, as_numbers

#: Detectors that see raw values see larger ones clipped to this: its square is still a finite float.
RAW_LIMIT = 1e100
_NUMBERS = frozenset((float, int, bool))
#: The types of numbers, null and `ABSENT`.
_USABLE = _NUMBERS | {type(None), type(ABSENT)}


class FeatureColumn(NamedTuple):
    """One feature over a batch of n predictions.

    Attributes:
        values: Numbers, NaN where there is no finite one, shape (n,).
        missing: 1.0 where the value is null, absent or not finite, else 0.0, shape (n,).
        newest: Row of the newest prediction that carries the feature; None if none does.
        text: Number of strings.
        other: Number of lists, objects and the like.
        raw: The n values as received; None where all are numbers, null or absent.
    """

    values: Floats
    missing: Floats
    newest: int | None
    text: int = 0
    other: int = 0
    raw: Sequence[Any] | None = None

    def since(self, start: int) -> FeatureColumn:
        """Return the predictions from ``start`` on; none before carries the feature."""
        if not start:
            return self
        newest = None if self.newest is None else self.newest - start
        raw = None if self.raw is None else self.raw[start:]
        return FeatureColumn(self.values[start:], self.missing[start:], newest, self.text, self.other, raw)


def feature_columns(table: FeatureTable, names: Iterable[str]) -> dict[str, FeatureColumn]:
    """Return a column for each name, of len(table) values.

    >>> feature_columns(FeatureTable.of([{"age": 41}, {"age": None}]), ["age"])["age"].values
    array([41., nan])
    """
    places = {name: at for at, name in enumerate(table.names)}
    return {name: _feature_column(table, name, places.get(name)) for name in names}


def _feature_column(table: FeatureTable, name: str, place: int | None) -> FeatureColumn:
    """Return a column; ``place`` is its position in the matrix, None where it is not there."""
    if name in table.raw:
        return _mixed_column(table.raw[name])
    if place is None:
        return FeatureColumn(np.full(len(table), np.nan), np.ones(len(table)), None)
    values = np.ascontiguousarray(table.numbers[:, place])
    carried = None if table.present is None else np.flatnonzero(table.present[:, place])
    newest = len(table) - 1 if carried is None else int(carried[-1]) if len(carried) else None
    return FeatureColumn(values, np.isnan(values).astype(np.float64), newest)


def _mixed_column(column: Sequence[Any]) -> FeatureColumn:
    """A column with values that are not numbers: `as_float` of each value, and counts of the others."""
    kinds = list(map(type, column))
    values = as_numbers([value if kind in _NUMBERS else math.nan for value, kind in zip(column, kinds, strict=True)])
    assert values is not None
    unusable = ~np.fromiter(map(_USABLE.__contains__, kinds), bool, len(kinds))
    text = kinds.count(str)
    newest = next((at for at in reversed(range(len(column))) if column[at] is not ABSENT), None)
    missing = (np.isnan(values) & ~unusable).astype(np.float64)
    return FeatureColumn(values, missing, newest, text, int(unusable.sum()) - text, column)


def number_column(predictions: Sequence[Target]) -> Floats:
    """Return predictions as numbers, NaN for text; shape (len(predictions),)."""
    return np.array([p if type(p) is not str else math.nan for p in predictions], dtype=np.float64)


def category_values(column: FeatureColumn, only_text: bool) -> Sequence[Any]:
    """Return the categories of a column, None where there is none; with ``only_text``, numbers are none."""
    if column.raw is None:
        return [None if only_text or value != value else value for value in column.values.tolist()]
    kinds = (str,) if only_text else (str, int, float, bool)
    return [value if type(value) in kinds and value == value else None for value in column.raw]


class Column(NamedTuple):
    """The next n values of a signal.

    Attributes:
        values: Finite values, shape (n,).
        index: Positions of their predictions in the stream, shape (n,).
        ts: Event times of their predictions in seconds, NaN where unknown, shape (n,).
    """

    values: Floats
    index: Ints  # type: ignore[assignment]  # tuple.index is of no use here
    ts: Floats

    def cut(self, start: int) -> Column:
        """Return the rows from ``start`` on."""
        return Column(self.values[start:], self.index[start:], self.ts[start:])

    def until(self, end: int) -> Column:
        """Return the rows before ``end``."""
        return Column(self.values[:end], self.index[:end], self.ts[:end])

    @classmethod
    def join(cls, parts: Sequence[Column]) -> Column:
        """Concatenate columns, in order."""
        values, index, ts = zip(*parts, strict=True)
        return cls(np.concatenate(values), np.concatenate(index), np.concatenate(ts))

    def state(self) -> list[str]:
        """Return the column as JSON values; positions are exact up to 2^53."""
        return [pack(row) for row in (self.values, self.index.astype(np.float64), self.ts)]

    @classmethod
    def restored(cls, state: Sequence[str]) -> Column:
        """Return the column that `state` wrote."""
        values, index, ts = map(unpack, state)
        return cls(values, index.astype(np.int64), ts)

    def finite(self) -> Column:
        """Return the rows whose value is finite."""
        keep = np.isfinite(self.values)
        return self if keep.all() else Column(self.values[keep], self.index[keep], self.ts[keep])
