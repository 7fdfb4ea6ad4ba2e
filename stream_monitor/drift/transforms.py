"""What a detector is fed: a signal's values, turned into what it can read, by what the warm-up held."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from stream_monitor.core.arrays import ColumnKind, Floats
from stream_monitor.drift.batch_means import SURE
from stream_monitor.signals.columns import RAW_LIMIT, Column
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.stats.autocorrelation import autocorrelation_time
from stream_monitor.stats.normal_scores import NormalScores
from stream_monitor.stats.reference import CategoricalReference, NumericReference

#: Categories that are followed one by one; all others that the warm-up knows share a row, the unseen have another.
TOP = 12
#: What stands in for a category's code in a `Found`: one of the rest, one that was not seen before.
REST, UNSEEN = -1, -2
#: Fewest values of a warm-up from which a dependence can be read.
MIN_VALUES = 50
#: Parts of a warm-up that are looked at by themselves, and the largest lag-1 autocorrelation that is believed.
QUARTERS, MAX_ALIKE = 4, 0.99
#: A time so much longer than the neighbours' likeness explains is a drift of the warm-up.
DRIFTING = 3.0
#: Share of the warm-up outside a profile's range, or of categories that it does not know, above which it is not used.
MAX_OUTSIDE = 0.2


class Transform(ABC):
    """Turns raw values into those that a detector reads."""

    #: What the detector sees.
    kind: ColumnKind
    #: How many categories it sees.
    categories = 0

    @abstractmethod
    def of(self, column: Column) -> Floats:
        """What stands for each value, shape (n,)."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """As JSON; `restore_transform` reads it."""

    def time(self, warmup: Column) -> float:
        """The integrated autocorrelation time of the warm-up, in values."""
        return _time(self.of(warmup))

    def code(self, category: int | None) -> int | None:
        """The category's code in the signal, `REST` or `UNSEEN`."""
        return category

    def value(self, fed: float) -> float | None:  # noqa: ARG002 (most can't be turned round)
        """The number that it would turn into this, in the signal's own unit; None where there is no such thing."""
        return None

    def wears_out(self, category: int | None) -> bool:  # noqa: ARG002 (most know no categories)
        """Whether it has to be learned anew after a change, of this category where it reads those."""
        return True


class IdentityTransform(Transform):
    """Shares, and numbers that are fed as they are."""

    def __init__(self, kind: ColumnKind) -> None:
        self.kind = kind

    def of(self, column: Column) -> Floats:
        return column.values if self.kind == "share" else np.clip(column.values, -RAW_LIMIT, RAW_LIMIT)

    def wears_out(self, category: int | None) -> bool:  # noqa: ARG002 (it has learned nothing)
        return False

    def state(self) -> dict[str, Any]:
        return {"feed": "plain", "kind": self.kind}


class ScoreTransform(Transform):
    """Numbers as normal scores of the warm-up."""

    kind = "number"

    def __init__(self, reference: NumericReference) -> None:
        self._reference, self._scores = reference, NormalScores(reference)

    def of(self, column: Column) -> Floats:
        return self._scores.of(column.values, column.index)

    def value(self, fed: float) -> float:
        return self._scores.value(fed)

    def state(self) -> dict[str, Any]:
        return {"feed": "score", "reference": self._reference.packed}


class BinaryTransform(Transform):
    """A number of which the warm-up knows two values only: whether it is nearer to the larger."""

    kind = "share"

    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = low, high

    def of(self, column: Column) -> Floats:
        middle = self._low / 2.0 + self._high / 2.0
        nearer: Floats = (column.values > middle).astype(np.float64)
        return nearer

    def state(self) -> dict[str, Any]:
        return {"feed": "two", "low": self._low, "high": self._high}


class ConstantTransform(Transform):
    """A number of which the warm-up knows one value only: whether it is another one."""

    kind = "share"

    def __init__(self, value: float) -> None:
        self._value = value

    def of(self, column: Column) -> Floats:
        is_other: Floats = (column.values != self._value).astype(np.float64)
        return is_other

    def time(self, warmup: Column) -> float:  # noqa: ARG002 (nothing varies)
        return 1.0

    def state(self) -> dict[str, Any]:
        return {"feed": "constant", "value": self._value}


class CategoryTransform(Transform):
    """Codes of categories as rows: the most frequent ones, the rest that is known, and what was never seen."""

    kind: ColumnKind = "category"

    def __init__(self, top: list[int], rest: list[int]) -> None:
        self._top, self._rest = top, rest
        self.categories = len(top) + 2
        #: The row of what was never seen.
        self.unseen = len(top) + 1
        largest = max([*top, *rest], default=0)
        self._rows = np.full(largest + 2, len(top) + 1.0)
        self._rows[top] = np.arange(len(top))
        self._rows[rest] = len(top)

    @classmethod
    def learn(cls, codes: Floats) -> CategoryTransform:
        """From the codes of a warm-up; of equally frequent ones the lower comes first."""
        counts = Counter(codes.astype(np.int64).tolist())
        order = sorted(counts, key=lambda code: (-counts[code], code))
        return cls(order[:TOP], order[TOP:])

    def rows(self, codes: Floats) -> Floats:
        """The row of each code, shape (n,)."""
        return self._rows[np.minimum(codes.astype(np.int64), len(self._rows) - 1)]

    def of(self, column: Column) -> Floats:
        return self.rows(column.values)

    def time(self, warmup: Column) -> float:
        return _time((self.rows(warmup.values) == 0.0).astype(np.float64))

    def code(self, category: int | None) -> int | None:
        if category is None:
            return None
        return [*self._top, REST, UNSEEN][category]

    def wears_out(self, category: int | None) -> bool:
        """What it follows by name it goes on to follow; others may have to be named now."""
        return category is None or category >= len(self._top)

    def state(self) -> dict[str, Any]:
        return {"feed": "category", "top": self._top, "rest": self._rest}


class TopTransform(CategoryTransform):
    """For detectors that read no categories: whether it is the most frequent one."""

    kind = "share"

    def __init__(self, top: list[int], rest: list[int]) -> None:
        super().__init__(top, rest)
        self.categories = 0

    def of(self, column: Column) -> Floats:
        is_top: Floats = (self.rows(column.values) == 0.0).astype(np.float64)
        return is_top

    def time(self, warmup: Column) -> float:
        return _time(self.of(warmup))

    def wears_out(self, category: int | None) -> bool:  # noqa: ARG002 (the most frequent one may be another now)
        return True

    def code(self, category: int | None) -> int | None:  # noqa: ARG002 (there is one only)
        return self._top[0]

    def state(self) -> dict[str, Any]:
        return {"feed": "top", "top": self._top, "rest": self._rest}


def learn_transform(kind: ColumnKind, takes: Set[ColumnKind], warmup: Column, scale: bool) -> tuple[Transform, int]:
    """The feed for a signal of this kind, and from which value of the warm-up on to feed.

    Categories are learned from the first half alone: only the other half can tell how many unseen ones are usual.
    """
    if kind == "category":
        half = len(warmup.values) // 2
        learned = CategoryTransform if "category" in takes else TopTransform
        return learned.learn(warmup.values[: max(half, 1)]), half
    if kind == "share" or not scale:
        return IdentityTransform(kind), 0
    reference = NumericReference.learn(warmup.values)
    return _number_feed(reference), 0


def _number_feed(reference: NumericReference) -> Transform:
    if reference.distinct == 1:
        return ConstantTransform(reference.minimum)
    if reference.distinct == 2:
        return BinaryTransform(reference.minimum, reference.maximum)
    return ScoreTransform(reference)


def profile_transform(
    reference: NumericReference | CategoricalReference,
    takes: Set[ColumnKind],
    warmup: Column,
    categories: CategoryEncoder | None,
) -> Transform | None:
    """The feed of a profile; None where the warm-up shows that the profile is of something else.

    Where most values are outside its range, all would have the score of its end, and nothing could be seen in them.
    """
    if isinstance(reference, NumericReference):
        outside = (warmup.values < reference.minimum) | (warmup.values > reference.maximum)
        return _number_feed(reference) if outside.mean() < MAX_OUTSIDE else None
    if categories is None or not reference.categories:
        return None
    codes = [int(code) for code in categories.column(reference.categories).tolist()]
    feed = (CategoryTransform if "category" in takes else TopTransform)(codes[:TOP], codes[TOP:])
    return feed if (feed.rows(warmup.values) == feed.unseen).mean() < MAX_OUTSIDE else None


def restore_transform(state: Mapping[str, Any]) -> Transform:
    """What `Transform.state` wrote."""
    if state["feed"] == "plain":
        return IdentityTransform(state["kind"])
    if state["feed"] == "constant":
        return ConstantTransform(state["value"])
    if state["feed"] == "two":
        return BinaryTransform(state["low"], state["high"])
    if state["feed"] == "score":
        return ScoreTransform(NumericReference.unpacked(state["reference"]))
    return (CategoryTransform if state["feed"] == "category" else TopTransform)(state["top"], state["rest"])


def _time(values: Floats) -> float:
    """The autocorrelation time where a dependence is beyond doubt, else 1.

    A warm-up that is itself drifting has neighbours that are alike for another reason. So the lag-1 autocorrelation
    is the median over its quarters, each with its own mean, and the time over all lags counts only where it is near
    that of a first-order autoregression. The bias of a short piece is taken out (M. G. Kendall, "Note on bias in the
    estimation of autocorrelation", Biometrika 41 (1954), pp. 403-404).
    """
    if len(values) < MIN_VALUES:
        return 1.0
    lag1 = float(
        np.median([_lag1(part) for part in np.array_split(values, min(QUARTERS, len(values) // MIN_VALUES))])
    )
    if lag1 <= SURE / len(values) ** 0.5:
        return 1.0
    lag1 = min(lag1, MAX_ALIKE)
    short = (1.0 + lag1) / (1.0 - lag1)
    long = autocorrelation_time(values)
    return long if short < long < DRIFTING * short else short


def _lag1(values: Floats) -> float:
    centred = values - values.mean()
    variance = float(centred @ centred)
    if variance <= 1e-12 * float(values @ values):
        return 0.0
    lag1 = float(centred[1:] @ centred[:-1]) / variance
    return lag1 + (1.0 + 4.0 * lag1) / len(values)
