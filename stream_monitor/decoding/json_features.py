"""Features of JSON events: typed where events carry most of the features there are, else a dict of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, starmap
from struct import Struct
from struct import error as StructError  # noqa: N812 - `error` says nothing here
from typing import Annotated, Any, Final, Protocol

import msgspec
import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.core.feature_values import ABSENT
from stream_monitor.decoding.json_tree import as_tuple, struct

#: Integers of more bits are floats to the JSON decoder, and ints to a typed one.
Int = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Scalar = str | bool | Int | float | None
_Inner = Scalar | list[Scalar] | dict[str, Scalar]
#: Any value that is not nested deeper.
Value = Scalar | list[_Inner] | dict[str, _Inner]
_Number = bool | float | None
#: A NaN with a payload of its own: the default of a number that an event does not carry.
_ABSENT_BITS: Final = 0x7FF8_0000_0000_0001
_ABSENT_NUMBER: Final = float(np.array(_ABSENT_BITS, np.int64).view(np.float64))


class TableBuilder(Protocol):
    """Makes the table of a batch's features."""

    def add(self, features: Sequence[Any]) -> None:
        """Add the features of the next events, None where there are none."""
        ...

    def table(self) -> FeatureTable:
        """Return the table of all that were added."""
        ...


class FeatureDecoding(Protocol):
    """A type that a typed decoder reads features as, and the way from there to a table."""

    @property
    def kind(self) -> Any:
        """The type."""
        ...

    @property
    def width(self) -> int:
        """Number of features of an event, about."""
        ...

    def builder(self, count: int) -> TableBuilder:
        """Return a builder for at most ``count`` events."""
        ...


class SparseFeatures:
    """Features of which each event carries few: a dict each, so that the cost follows the values that come."""

    kind = dict[str, Value]

    def __init__(self, width: int, is_category: Callable[[str], bool]) -> None:
        self.width, self._is_category = width, is_category

    def builder(self, count: int) -> TableBuilder:  # noqa: ARG002
        return _SparseBuilder(self._is_category)


class _SparseBuilder:
    def __init__(self, is_category: Callable[[str], bool]) -> None:
        self._rows: list[dict[str, Any]] = []
        self._is_category = is_category

    def add(self, features: Sequence[Any]) -> None:
        self._rows += [{} if each is None else each for each in features]

    def table(self) -> FeatureTable:
        return FeatureTable.of(self._rows, self._is_category)


class FeatureColumns:
    """Features of which each event carries most: a column each.

    Args:
        features: The names of the features, each with True where its values are numbers or null.
        is_category: As in `FeatureTable.of`.
        has_nulls: False where an event whose value is null does not carry the feature.
    """

    def __init__(
        self, features: Mapping[str, bool], is_category: Callable[[str], bool], has_nulls: bool = True
    ) -> None:
        #: The type and the default of each feature.
        self.types: list[tuple[Any, Any]] = [
            (_Number, _ABSENT_NUMBER) if is_number else (Value, ABSENT) for is_number in features.values()
        ]
        self.width, self.has_nulls = len(features), has_nulls
        self.names, self.is_category = tuple(features), is_category
        self.numbers = [at for at, is_number in enumerate(features.values()) if is_number]
        self.mixed = [at for at, is_number in enumerate(features.values()) if not is_number]

    def columns(self, count: int) -> ColumnBuilder:
        """Return a builder for at most ``count`` events."""
        return ColumnBuilder(self, count)


class DenseFeatures(FeatureColumns):
    """Features of which each event carries most, in an object: a struct of them.

    Raises:
        ValueError: A struct can't have one of the names.
    """

    def __init__(self, features: Mapping[str, bool], is_category: Callable[[str], bool]) -> None:
        super().__init__(features, is_category)
        self.kind = struct("Features", [(name, *kind) for name, kind in zip(features, self.types, strict=True)])
        self.none = self.kind()

    def builder(self, count: int) -> TableBuilder:
        return _DenseBuilder(self, count)


class ColumnBuilder:
    """Copies the numbers of events to a matrix, as long as they are in the processor's cache."""

    def __init__(self, features: FeatureColumns, count: int) -> None:
        self._features = features
        self._numbers = np.empty((count, len(features.numbers)))
        self._count = 0
        self._mixed: list[list[Any]] = [[] for _ in features.mixed]

    def add_columns(self, columns: Sequence[Sequence[Any]], count: int) -> None:
        """Add the values of each feature in the next ``count`` events."""
        numbers = self._next(count)
        in_order = [columns[at] for at in self._features.numbers]
        numbers[:] = _as_floats(in_order, Struct(f"{count}d").pack).reshape(numbers.shape[::-1]).T
        for column, at in zip(self._mixed, self._features.mixed, strict=True):
            column += columns[at]

    def table(self) -> FeatureTable:
        """Return the table of all that were added."""
        features, numbers = self._features, self._numbers[: self._count]
        is_absent = numbers.view(np.int64) == _ABSENT_BITS if features.has_nulls else np.isnan(numbers)
        present = None
        if is_absent.any():
            numbers[is_absent], present = np.nan, ~is_absent
        table = FeatureTable([features.names[at] for at in features.numbers], numbers, present)
        mixed = self._mixed
        if not features.has_nulls:
            mixed = [[ABSENT if value is None else value for value in column] for column in mixed]
        names = (features.names[at] for at in features.mixed)
        return table.with_columns(dict(zip(names, mixed, strict=True)), features.is_category)

    def _next(self, count: int) -> Floats:
        """Return the rows of the matrix that the next events have."""
        begin, self._count = self._count, self._count + count
        return self._numbers[begin : self._count]


class _DenseBuilder(ColumnBuilder):
    def __init__(self, features: DenseFeatures, count: int) -> None:
        super().__init__(features, count)
        self._none = features.none
        self._pack = Struct(f"{len(features.names)}d").pack

    def add(self, features: Sequence[Any]) -> None:
        if features.count(None):
            features = [self._none if each is None else each for each in features]
        if self._mixed:
            self.add_columns(list(zip(*map(as_tuple, features), strict=True)), len(features))
            return
        numbers = self._next(len(features))
        numbers[:] = _as_floats(list(map(as_tuple, features)), self._pack).reshape(numbers.shape)


def _as_floats(rows: Sequence[Sequence[Any]], pack: Callable[..., bytes]) -> Floats:
    """Return rows of numbers one behind the other, NaN for null; ``pack`` makes the bytes of a row without any."""
    try:
        return np.frombuffer(b"".join(starmap(pack, rows)))
    except StructError:
        return np.fromiter(chain.from_iterable(rows), np.float64)
