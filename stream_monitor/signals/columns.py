"""Columns of a batch: features, targets and scores as arrays of floats."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats, Ints, pack, unpack
from stream_monitor.core.events import Features, Target

#: Detectors that see raw values see larger ones clipped to this: its square is still a finite float.
RAW_LIMIT = 1e100
_ABSENT = object()


class FeatureColumn(NamedTuple):
    """One feature over a batch of n predictions.

    Attributes:
        values: Numbers, NaN where there is no finite one, shape (n,).
        missing: 1.0 where the value is null, absent or not finite, else 0.0, shape (n,).
        text: Number of strings.
        other: Number of lists, objects and the like.
        raw: The n values as received.
    """

    values: Floats
    missing: Floats
    text: int = 0
    other: int = 0
    raw: Sequence[Any] = ()

    @property
    def newest(self) -> int | None:
        """Row of the newest prediction that carries the feature; None if none does."""
        return next((at for at in reversed(range(len(self.raw))) if self.raw[at] is not _ABSENT), None)


def feature_columns(batch: Sequence[Features], names: Sequence[str]) -> dict[str, FeatureColumn]:
    """Return a column for each name, of len(batch) values.

    >>> feature_columns([{"age": 41}, {"age": None}], ["age"])["age"].values
    array([41., nan])
    """
    if not names:
        return {}
    columns: Any
    try:
        rows = map(itemgetter(*names), batch)
        columns = list(zip(*rows, strict=True)) if len(names) > 1 else [tuple(rows)]
    except KeyError:
        columns = [tuple(features.get(name, _ABSENT) for features in batch) for name in names]
    return {name: _feature_column(column) for name, column in zip(names, columns, strict=True)}


def _feature_column(column: Sequence[Any]) -> FeatureColumn:
    try:
        # Unlike numpy's own conversion, an array of doubles takes numbers only: no text, no null.
        values = np.frombuffer(array("d", column))
    except (TypeError, OverflowError):
        return _mixed_column(column)
    finite = np.isfinite(values)
    if finite.all():
        return FeatureColumn(values, np.zeros(len(values)), raw=column)
    return FeatureColumn(np.where(finite, values, np.nan), (~finite).astype(np.float64), raw=column)


def _mixed_column(column: Sequence[Any]) -> FeatureColumn:
    """A column with values that are not numbers, value by value."""
    values = np.array([_as_float(value) for value in column])
    text = sum(type(value) is str for value in column)
    unusable = np.array([type(value) is str or _is_other(value) for value in column])
    missing = np.isnan(values) & ~unusable
    return FeatureColumn(values, missing.astype(np.float64), text, int(unusable.sum()) - text, column)


def _as_float(value: Any) -> float:
    if type(value) in (float, int, bool):
        try:
            number = float(value)
        except OverflowError:
            return math.nan
        return number if math.isfinite(number) else math.nan
    return math.nan


def _is_other(value: Any) -> bool:
    return value is not None and value is not _ABSENT and type(value) not in (float, int, bool, str)


def number_column(predictions: Sequence[Target]) -> Floats:
    """Return predictions as numbers, NaN for text; shape (len(predictions),)."""
    return np.array([p if type(p) is not str else math.nan for p in predictions], dtype=np.float64)


def category_values(column: Sequence[Any], only_text: bool) -> list[Any]:
    """Return the categories of a raw column, None where there is none; with ``only_text``, numbers are none."""
    kinds = (str,) if only_text else (str, int, float, bool)
    return [value if type(value) in kinds and value == value else None for value in column]


def optional_column(values: Sequence[float | None]) -> Floats | None:
    """Return numbers with NaN for None, shape (len(values),); None if there is no number."""
    column = np.array(values, dtype=np.float64)
    return None if np.isnan(column).all() else column


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


def positions(index: Sequence[int], ts: Sequence[float | None]) -> tuple[Ints, Floats]:
    """Return positions and event times (NaN for None) as arrays, shape (n,) each."""
    return np.array(index, dtype=np.int64), np.array(ts, dtype=np.float64)
