"""A batch to named columns of floats, and their scaling."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.detectors import Floats
from stream_monitor.events import Features, Target

Ints = NDArray[np.int64]
#: A standardised value further out than this is taken for this: one wild value must not blind a detector.
LIMIT = 1000.0
#: The same for a value that is fed as it is: its square is still a float.
RAW_LIMIT = 1e100
#: A column that never varies has no scale: of it at most this many warm-ups are kept until it does.
CONSTANT_WARMUPS = 10
#: Classes told apart in the ``prediction`` signal; all others share one code.
MAX_CLASSES = 64
#: Fewest values that the mean after a change is taken over.
SHORTEST_AFTER = 5
_ABSENT = object()


class FeatureColumn(NamedTuple):
    """One feature over a batch: NaN where there is no finite number, and what was there instead."""

    values: Floats
    missing: Floats
    text: int = 0
    other: int = 0


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
        return FeatureColumn(values, np.zeros(len(values)))
    return FeatureColumn(np.where(finite, values, np.nan), (~finite).astype(np.float64))


def _mixed_column(column: Sequence[Any]) -> FeatureColumn:
    """A column with nulls, text or worse in it, value by value."""
    values = np.array([_as_float(value) for value in column])
    text = sum(type(value) is str for value in column)
    unusable = np.array([type(value) is str or _is_other(value) for value in column])
    missing = np.isnan(values) & ~unusable
    return FeatureColumn(values, missing.astype(np.float64), text, int(unusable.sum()) - text)


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


class ClassCodes:
    """Numbers for predictions: a number is itself, text is coded in order of first appearance."""

    def __init__(self) -> None:
        self._codes: dict[str, float] = {}

    def column(self, predictions: Sequence[Target]) -> Floats:
        """One float a prediction, shape (len(predictions),)."""
        return np.array([p if type(p) is not str else self._code(p) for p in predictions], dtype=np.float64)

    def _code(self, name: str) -> float:
        code = self._codes.get(name)
        if code is None:
            code = float(min(len(self._codes), MAX_CLASSES))
            if code < MAX_CLASSES:
                self._codes[name] = code
        return code

    def state(self) -> list[str]:
        return list(self._codes)

    def restore(self, names: Sequence[str]) -> None:
        self._codes = {name: float(code) for code, name in enumerate(names)}


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

    def finite(self) -> Column:
        """Without what is not a finite number."""
        keep = np.isfinite(self.values)
        return self if keep.all() else Column(self.values[keep], self.index[keep], self.ts[keep])


class Scaler:
    """Brings a signal to mean 0 and standard deviation 1, learned over a warm-up.

    Values are held back until ``warmup`` of them have come and they are not all equal; then all are given out, so
    that none is lost to the detectors. The division by the largest value first keeps 1e308 from overflowing.
    """

    def __init__(self, warmup: int) -> None:
        self._warmup = warmup
        self._held: list[Column] = []
        self.held_count = 0
        self.ready = warmup == 0
        self._peak, self._mean, self._std = 1.0, 0.0, 1.0

    def scale(self, column: Column) -> Column:
        """The standardised values that can be given out now, maybe none."""
        if not self.ready:
            column = self._hold(column)
            if not self.ready:
                return column.cut(len(column.values))
        if not self._warmup:
            return column._replace(values=np.clip(column.values, -RAW_LIMIT, RAW_LIMIT))
        with np.errstate(over="ignore"):
            scaled = (column.values / self._peak - self._mean) / self._std
        return column._replace(values=np.clip(scaled, -LIMIT, LIMIT))

    def unscale(self, value: float) -> float:
        """A standardised value in the signal's own unit."""
        return (value * self._std + self._mean) * self._peak

    def _hold(self, column: Column) -> Column:
        self._held.append(column)
        self.held_count += len(column.values)
        if self.held_count < self._warmup:
            return column
        values, index, ts = zip(*self._held, strict=True)
        held = Column(np.concatenate(values), np.concatenate(index), np.concatenate(ts))
        first = held.values[0]
        varying = np.flatnonzero(held.values != first)
        if not len(varying):
            keep = -CONSTANT_WARMUPS * self._warmup
            self._held = [held.cut(keep)]
            self.held_count = len(self._held[0].values)
            return column
        start, end = self._reach(int(varying[0]))
        self._learn(held.values[start:end])
        self._held, self.held_count = [], 0
        return held.cut(start)

    def _reach(self, first_varying: int) -> tuple[int, int]:
        """Where the warm-up begins and ends among the held values, however they were cut into batches."""
        end = max(self._warmup, first_varying + 1)
        return max(0, first_varying - CONSTANT_WARMUPS * self._warmup), end

    def _learn(self, values: Floats) -> None:
        self._peak = float(np.abs(values).max())
        unit = values / self._peak
        self._mean, self._std = float(unit.mean()), float(unit.std())
        # The smallest varying columns may still have no spread that a float can hold.
        self._std = self._std or 1.0
        self.ready = True

    def state(self) -> Mapping[str, Any]:
        # JSON has no NaN: an unknown time becomes null, and numpy reads that as NaN again.
        held = [[column.values.tolist(), column.index.tolist(), column.ts.tolist()] for column in self._held]
        return {"ready": self.ready, "scale": [self._peak, self._mean, self._std], "held": held}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.ready = state["ready"]
        self._peak, self._mean, self._std = state["scale"]
        self._held = [
            Column(np.array(v, dtype=np.float64), np.array(i, dtype=np.int64), np.array(t, dtype=np.float64))
            for v, i, t in state["held"]
        ]
        self.held_count = sum(len(column.values) for column in self._held)


def mean_since_change(values: Floats, before: float, otherwise: float) -> float:
    """The mean after a change whose place is not known: of the newest n values that differ most from ``before``.

    The n that maximises ``n (mean - before)^2`` is the maximum-likelihood change point for a shift in mean with a
    known level before it (Page 1954). A detector's own window may still hold much of what was before.

    >>> mean_since_change(np.repeat([0.0, 3.0], [90, 10]), before=0.0, otherwise=1.0)
    3.0
    """
    if len(values) < SHORTEST_AFTER:
        return otherwise
    counts = np.arange(1.0, len(values) + 1.0)
    # A power of two: it keeps 1e308 from overflowing, and changes no digit.
    exponent = math.frexp(max(float(np.abs(values).max()), abs(before)))[1]
    means = np.cumsum(np.ldexp(values[::-1], -exponent)) / counts
    gains = counts * (means - math.ldexp(before, -exponent)) ** 2
    return math.ldexp(float(means[SHORTEST_AFTER - 1 + int(gains[SHORTEST_AFTER - 1 :].argmax())]), exponent)


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
