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
#: Values in a row whose spread is taken.
SPREAD_OF = 4
#: Fewest spreads that tell what is usual; fewer where the warm-up itself is shorter.
FEWEST_SPREADS = 100
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
    """How far neighbouring values are apart: the standard deviation of each four in a row, whatever their level.

    The fours do not overlap, so that of independent values the spreads are independent, too, whatever their
    distribution: a skewed or heavy-tailed one makes no false alarms. A jump of the level spoils one of them.

    Source: E. S. Page, "Controlling the standard deviation by cusums and warning lines", Technometrics 5 (1963),
    pp. 307-315, watches the ranges of small samples in the same way.

    >>> two = np.array([0.0, 2.0, 0.0, 2.0, 5.0, 5.0])
    >>> Spread().column(Column(two, np.arange(6), np.arange(6.0))).values.round(2)
    array([1.15])
    """

    def __init__(self) -> None:
        self._held: Floats = np.empty(0)

    def column(self, column: Column) -> Column:
        """The spread of each four that are complete now, at the position of its last value."""
        values = np.concatenate((self._held, column.values))
        count = len(values) // SPREAD_OF
        ends = slice(SPREAD_OF - 1 - len(self._held), None, SPREAD_OF)
        self._held = values[count * SPREAD_OF :]
        return Column(_deviations(values[: count * SPREAD_OF]), column.index[ends], column.ts[ends])

    def state(self) -> list[float]:
        held: list[float] = self._held.tolist()
        return held

    def restore(self, state: Sequence[float]) -> None:
        self._held = np.array(state, dtype=np.float64)


def warmup_of(signal: str, warmup: int) -> int:
    """How many values the warm-up of a signal has; of a spread it is as long in time, if those are enough.

    >>> warmup_of("feature:a", 500), warmup_of("spread:a", 500), warmup_of("spread:a", 200), warmup_of("spread:a", 20)
    (500, 125, 100, 20)
    """
    return max(warmup // SPREAD_OF, min(warmup, FEWEST_SPREADS)) if signal.startswith("spread:") else warmup


def _deviations(values: Floats) -> Floats:
    """The standard deviation of each `SPREAD_OF` values, with one degree of freedom less; shape (n / SPREAD_OF,)."""
    # A power of two in reach of every float's difference; each is then brought to unit size, to have a square.
    a, b, c, d = values.reshape(-1, SPREAD_OF).T / 4.0
    mean = a / 4.0 + b / 4.0 + c / 4.0 + d / 4.0
    apart = np.abs(np.stack((a - mean, b - mean, c - mean, d - mean)))
    largest = apart.max(axis=0, initial=0.0)
    apart /= np.where(largest > 0.0, largest, 1.0)
    squares = apart * apart
    total = squares[0] + squares[1] + squares[2] + squares[3]
    with np.errstate(over="ignore"):
        deviations = largest * np.sqrt(total / (SPREAD_OF - 1.0)) * 4.0
    # Rounding alone, where all four are equal.
    deviations = np.where((a == b) & (b == c) & (c == d), 0.0, deviations)
    return np.minimum(deviations, np.finfo(np.float64).max)


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
