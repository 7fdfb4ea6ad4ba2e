"""Transforms of a signal's values into those that a detector reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from stream_monitor.core.arrays import ColumnKind, Floats
from stream_monitor.signals.columns import RAW_LIMIT, Column
from stream_monitor.stats.normal_scores import NormalScores
from stream_monitor.stats.reference import NumericReference

#: Categories that have a row of their own; the other known ones share a row, and the unseen ones another.
TOP = 12
#: Codes that stand for more than one category: the other known ones, and the unseen ones.
REST, UNSEEN = -1, -2


class Transform(ABC):
    """Turns a signal's raw values into those that a detector reads."""

    #: The kind of the transformed values.
    kind: ColumnKind
    #: Number of rows that categories are transformed to; 0 for numbers and shares.
    categories = 0

    @abstractmethod
    def of(self, column: Column) -> Floats:
        """Return the transformed values, shape (n,)."""

    @property
    def has_means(self) -> bool:
        """Return whether the mean of transformed values says something: that of the codes of categories does not."""
        return self.kind != "category"

    @property
    def key(self) -> Hashable:
        """Return what is equal only for transforms that give the same values."""
        return id(self)

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return the state as JSON values; `restore_transform` reads it."""

    def measured(self, transformed: Floats) -> Floats:
        """Return what stands for transformed values where their dependence is measured, shape (n,)."""
        return transformed

    def code(self, category: int | None) -> int | None:
        """Return the signal's code of a category that a detector names by its row; or `REST` or `UNSEEN`."""
        return category

    def row(self, code: int | None) -> int | None:
        """Return the row of a signal's code of a category, None for one without a row; 0 for numbers and shares."""
        return 0 if code is None else None

    def inverse(self, transformed: float) -> float | None:  # noqa: ARG002 (most have no inverse)
        """Return the number in the signal's unit that has this transformed value, None if there is no inverse."""
        return None

    def wears_out(self, category: int | None) -> bool:  # noqa: ARG002 (most know no categories)
        """Return whether it must be learned again after a change, of this category where it reads categories."""
        return True


class IdentityTransform(Transform):
    """Leaves shares, and numbers without a warm-up, as they are."""

    def __init__(self, kind: ColumnKind) -> None:
        self.kind = kind

    def of(self, column: Column) -> Floats:
        return column.values if self.kind == "share" else np.clip(column.values, -RAW_LIMIT, RAW_LIMIT)

    @property
    def key(self) -> Hashable:
        return self.kind

    def wears_out(self, category: int | None) -> bool:  # noqa: ARG002 (nothing is learned)
        return False

    def state(self) -> dict[str, Any]:
        return {"transform": "identity", "kind": self.kind}


class ScoreTransform(Transform):
    """Turns numbers into normal scores of a reference distribution."""

    kind = "number"

    def __init__(self, reference: NumericReference) -> None:
        self._reference, self.scores = reference, NormalScores(reference)
        #: Equal references have equal scores.
        self._name = reference.packed.name

    def of(self, column: Column) -> Floats:
        return self.scores.of(column.values, column.index)

    @property
    def key(self) -> Hashable:
        return self._name

    def inverse(self, transformed: float) -> float:
        return self.scores.value(transformed)

    def state(self) -> dict[str, Any]:
        return {"transform": "score", "reference": self._reference.packed}


class BinaryTransform(Transform):
    """Turns numbers into 1 if they are nearer to the larger of two known values, else 0."""

    kind = "share"

    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = low, high

    def of(self, column: Column) -> Floats:
        middle = self._low / 2.0 + self._high / 2.0
        nearer: Floats = (column.values > middle).astype(np.float64)
        return nearer

    def inverse(self, transformed: float) -> float:
        share = min(max(transformed, 0.0), 1.0)
        return self._low * (1.0 - share) + self._high * share

    def state(self) -> dict[str, Any]:
        return {"transform": "binary", "low": self._low, "high": self._high}


class ConstantTransform(Transform):
    """Turns numbers into 1 if they differ from the only known value, else 0."""

    kind = "share"

    def __init__(self, value: float) -> None:
        self._value = value

    def of(self, column: Column) -> Floats:
        is_other: Floats = (column.values != self._value).astype(np.float64)
        return is_other

    def state(self) -> dict[str, Any]:
        return {"transform": "constant", "value": self._value}


class CategoryTransform(Transform):
    """Turns codes of categories into rows: one for each of the most frequent, one for the rest, one for the unseen.

    Args:
        top: Codes of the most frequent categories, at most `TOP`.
        rest: Codes of the other known categories.
    """

    kind: ColumnKind = "category"

    def __init__(self, top: list[int], rest: list[int]) -> None:
        self._top, self._rest = top, rest
        self.categories = len(top) + 2
        #: The row of the unseen categories.
        self.unseen = len(top) + 1
        largest = max([*top, *rest], default=0)
        self._rows = np.full(largest + 2, len(top) + 1.0)
        self._rows[top] = np.arange(len(top))
        self._rows[rest] = len(top)

    @classmethod
    def learn(cls, codes: Floats) -> CategoryTransform:
        """Return the transform for the codes of a warm-up; of equally frequent ones, the lower comes first."""
        counts = Counter(codes.astype(np.int64).tolist())
        order = sorted(counts, key=lambda code: (-counts[code], code))
        return cls(order[:TOP], order[TOP:])

    def rows(self, codes: Floats) -> Floats:
        """Return the row of each code, shape (n,)."""
        return self._rows[np.minimum(codes.astype(np.int64), len(self._rows) - 1)]

    def of(self, column: Column) -> Floats:
        return self.rows(column.values)

    def measured(self, transformed: Floats) -> Floats:
        if transformed.ndim == 2:
            return transformed[:, 0]
        is_top: Floats = (transformed == 0.0).astype(np.float64)
        return is_top

    def code(self, category: int | None) -> int | None:
        if category is None:
            return None
        return [*self._top, REST, UNSEEN][category]

    def row(self, code: int | None) -> int | None:
        return self._top.index(code) if code in self._top else None

    def wears_out(self, category: int | None) -> bool:
        """Return False for a category with a row of its own; after any other change, others may need a row."""
        return category is None or category >= len(self._top)

    def state(self) -> dict[str, Any]:
        return {"transform": "category", "top": self._top, "rest": self._rest}


class TopTransform(CategoryTransform):
    """Turns codes into 1 for the most frequent category, else 0, for detectors that do not read categories."""

    kind = "share"

    def __init__(self, top: list[int], rest: list[int]) -> None:
        super().__init__(top, rest)
        self.categories = 0

    def of(self, column: Column) -> Floats:
        is_top: Floats = (self.rows(column.values) == 0.0).astype(np.float64)
        return is_top

    def measured(self, transformed: Floats) -> Floats:
        return transformed

    def wears_out(self, category: int | None) -> bool:  # noqa: ARG002 (another category may be the most frequent)
        return True

    def code(self, category: int | None) -> int | None:  # noqa: ARG002 (only one category is followed)
        return self._top[0]

    def state(self) -> dict[str, Any]:
        return {"transform": "top", "top": self._top, "rest": self._rest}


def restore_transform(state: Mapping[str, Any]) -> Transform:
    """Return the transform whose `Transform.state` this is."""
    if state["transform"] == "identity":
        return IdentityTransform(state["kind"])
    if state["transform"] == "constant":
        return ConstantTransform(state["value"])
    if state["transform"] == "binary":
        return BinaryTransform(state["low"], state["high"])
    if state["transform"] == "score":
        return ScoreTransform(NumericReference.unpacked(state["reference"]))
    return (CategoryTransform if state["transform"] == "category" else TopTransform)(state["top"], state["rest"])
