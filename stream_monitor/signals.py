"""A batch to named columns of floats, and their scaling."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.detectors import Floats
from stream_monitor.events import Features, Target
from stream_monitor.floats import pack, unpack

Ints = NDArray[np.int64]
#: A value that is fed as it is further out than this is taken for this: its square is still a float.
RAW_LIMIT = 1e100
#: Values before one that tell the level that it should be at.
LEVEL_OF = 8
#: Fewest values that the mean after a change is taken over.
SHORTEST_AFTER = 5
_ABSENT = object()


class FeatureColumn(NamedTuple):
    """One feature over a batch: NaN where there is no finite number, and what was there instead."""

    values: Floats
    missing: Floats
    text: int = 0
    other: int = 0
    #: As received.
    raw: Sequence[Any] = ()


def feature_columns(batch: Sequence[Features], names: Sequence[str]) -> dict[str, FeatureColumn]:
    """One column a name, shape (len(batch),) each.

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
    """A column with nulls, text or worse in it, value by value."""
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
    """Predicted numbers, shape (len(predictions),); NaN for what is none."""
    return np.array([p if type(p) is not str else math.nan for p in predictions], dtype=np.float64)


def category_values(column: Sequence[Any], only_text: bool) -> list[Any]:
    """Of a feature as received: its categories, None where there is none. Text alone, or numbers as well."""
    kinds = (str,) if only_text else (str, int, float, bool)
    return [value if type(value) in kinds and value == value else None for value in column]


def optional_column(values: Sequence[float | None]) -> Floats | None:
    """A column of numbers with NaN for None; None when there is no number at all."""
    column = np.array(values, dtype=np.float64)
    return None if np.isnan(column).all() else column


class Column(NamedTuple):
    """A signal's next finite values, with the position and the time (NaN: unknown) of the prediction of each."""

    values: Floats
    index: Ints  # type: ignore[assignment]  # tuple.index is of no use here
    ts: Floats

    def cut(self, start: int) -> Column:
        """Without what is before ``start``."""
        return Column(self.values[start:], self.index[start:], self.ts[start:])

    def until(self, end: int) -> Column:
        """Only what is before ``end``."""
        return Column(self.values[:end], self.index[:end], self.ts[:end])

    @classmethod
    def join(cls, parts: Sequence[Column]) -> Column:
        """The parts one after the other."""
        values, index, ts = zip(*parts, strict=True)
        return cls(np.concatenate(values), np.concatenate(index), np.concatenate(ts))

    def state(self) -> list[str]:
        """As JSON; a position is a float's whole number up to 2^53."""
        return [pack(row) for row in (self.values, self.index.astype(np.float64), self.ts)]

    @classmethod
    def restored(cls, state: Sequence[str]) -> Column:
        """What `state` wrote."""
        values, index, ts = map(unpack, state)
        return cls(values, index.astype(np.int64), ts)

    def finite(self) -> Column:
        """Without what is not a finite number."""
        keep = np.isfinite(self.values)
        return self if keep.all() else Column(self.values[keep], self.index[keep], self.ts[keep])


class Spread:
    """How far values are from those just before them: its mean is the spread of the signal, whatever its level.

    From each value the mean of the eight before it is taken, the largest and the smallest of them left out, so that
    a single wild value is one wild distance and no more; what is left counts without its sign.

    Source: D. M. Hawkins, "A CUSUM for a scale parameter", Journal of Quality Technology 13 (1981), pp. 228-231,
    watches a power of the distance from a known mean; here the mean follows, and normal scores stand for the power.
    """

    def __init__(self) -> None:
        self._before: Floats = np.empty(0)

    def column(self, column: Column) -> Column:
        """The distances of all values that have eight before them."""
        values = np.concatenate((self._before, column.values)) / LEVEL_OF
        self._before = values[-LEVEL_OF:] * LEVEL_OF
        count = len(values) - LEVEL_OF
        if count <= 0:
            return column.cut(len(column.values))
        total, high, low = values[:-1], values[:-1], values[:-1]
        for step in (1, 2, 4):
            total = total[:-step] + total[step:]
            high, low = np.maximum(high[:-step], high[step:]), np.minimum(low[:-step], low[step:])
        level = (total - high - low) * (LEVEL_OF / (LEVEL_OF - 2.0))
        with np.errstate(over="ignore"):
            distance = np.abs(values[LEVEL_OF:] * LEVEL_OF - level)
        distance = np.minimum(distance, np.finfo(np.float64).max)
        return column.cut(len(column.values) - count)._replace(values=distance)

    def state(self) -> list[float]:
        before: list[float] = self._before.tolist()
        return before

    def restore(self, state: Sequence[float]) -> None:
        self._before = np.array(state, dtype=np.float64)


def since_change(values: Floats, before: float) -> int:
    """How many of the newest values are after a change whose place is not known: those that differ most from before.

    The n that maximises ``n (mean - before)^2`` is the maximum-likelihood change point for a shift in mean with a
    known level before it (Page 1954). A detector's own window may still hold much of what was before.

    >>> since_change(np.repeat([0.0, 3.0], [90, 10]), before=0.0)
    10
    """
    if len(values) < SHORTEST_AFTER:
        return len(values)
    counts = np.arange(1.0, len(values) + 1.0)
    # A power of two: it keeps 1e308 from overflowing, and changes no digit.
    exponent = math.frexp(max(float(np.abs(values).max()), abs(before)))[1]
    means = np.cumsum(np.ldexp(values[::-1], -exponent)) / counts
    gains = counts * (means - math.ldexp(before, -exponent)) ** 2
    return SHORTEST_AFTER + int(gains[SHORTEST_AFTER - 1 :].argmax())


def mean(values: Floats) -> float:
    """The mean, NaN of nothing, without overflow."""
    if not len(values):
        return math.nan
    with np.errstate(over="ignore", invalid="ignore"):
        simple = float(values.mean())
    return simple if math.isfinite(simple) else float((values / len(values)).sum())


def positions(index: Sequence[int], ts: Sequence[float | None]) -> tuple[Ints, Floats]:
    """The positions and times of a batch as arrays."""
    return np.array(index, dtype=np.int64), np.array(ts, dtype=np.float64)
