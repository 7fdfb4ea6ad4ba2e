"""A typed decoder of JSON events, made for the keys that a stream's events have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Annotated, Any, Final, NamedTuple

import msgspec
import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.core.feature_table import ABSENT, FeatureTable

#: Integers of more bits are floats to the JSON decoder, and ints to a typed one.
_Int = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_Scalar = str | bool | _Int | float | None
_Inner = _Scalar | list[_Scalar] | dict[str, _Scalar]
_Value = _Scalar | list[_Inner] | dict[str, _Inner]
_Number = bool | float | None
_FIELD_TYPES: Final[Mapping[str, Any]] = {
    "id": str | _Int | float | None,
    "ts": str | _Int | float | None,
    "model": str | _Int | float | None,
    "version": str | _Int | float | None,
    "prediction": _Scalar,
    "score": float | dict[str, float] | None,
    "groups": dict[str, _Inner] | None,
    "label": _Scalar,
}
FIELDS: Final = tuple(_FIELD_TYPES)
#: A NaN with a payload of its own: the default of a number that an event does not carry.
_ABSENT_BITS: Final = 0x7FF8_0000_0000_0001
_ABSENT_NUMBER: Final = float(np.array(_ABSENT_BITS, np.int64).view(np.float64))
#: Numbers that are decoded before they are copied to the matrix: as many as the processor's cache holds.
_NUMBERS_AT_ONCE = 2560
_MIN_RECORDS_AT_ONCE = 16

_as_tuple = msgspec.structs.astuple


class Decoded(NamedTuple):
    """The fields and features that a typed decoder has read of n values.

    Attributes:
        refused: Positions of the values that it refuses, rising.
        fields: A column for each of `FIELDS`, of those that it has read.
        features: Their features.
    """

    refused: Sequence[int]
    fields: Sequence[Sequence[Any]]
    features: FeatureTable


class JsonShape:
    """The keys that events have, and a typed decoder that refuses an event with any other.

    What it reads, it reads as the JSON decoder does. As it skips no key, there is nothing in a record that it reads
    that it has not checked.

    Args:
        features: The names of the features, each with True where its values are numbers or null.
        others: Keys at the top of events that are no native fields.
        is_category: As in `FeatureTable.of`.
    """

    def __init__(
        self, features: Mapping[str, bool], others: Collection[str], is_category: Callable[[str], bool]
    ) -> None:
        self.features, self.others = dict(features), frozenset(others)
        self._is_category = is_category
        self._numbers = [at for at, is_number in enumerate(features.values()) if is_number]
        self._mixed = [at for at, is_number in enumerate(features.values()) if not is_number]
        self._names = tuple(features)
        kind = _struct(
            "Features",
            (
                (name, _Number if number else _Value, _ABSENT_NUMBER if number else ABSENT)
                for name, number in features.items()
            ),
        )
        self._no_features = kind()
        fields = [(name, kind_of, None) for name, kind_of in _FIELD_TYPES.items()]
        rest = [(name, _Value, None) for name in self.others]
        event = _struct("Event", [*fields, ("features", kind | None, None), *rest])
        self._decode = msgspec.json.Decoder(event).decode

    def read(self, values: Sequence[bytes]) -> Decoded:
        """Return what the typed decoder reads of values."""
        step = max(_NUMBERS_AT_ONCE // max(len(self._names), 1), _MIN_RECORDS_AT_ONCE)
        numbers = np.empty((len(values), len(self._numbers)))
        refused: list[int] = []
        parts: list[Sequence[Sequence[Any]]] = []
        mixed: list[Sequence[Sequence[Any]]] = []
        count = 0
        for begin in range(0, len(values), step):
            events = self._decode_all(values[begin : begin + step], begin, refused)
            if not events:
                continue
            *columns, features = list(zip(*map(_as_tuple, events), strict=True))[: len(FIELDS) + 1]
            parts.append(columns)
            mixed.append(self._split(features, numbers[count : count + len(events)]))
            count += len(events)
        fields = [list[Any](chain.from_iterable(column)) for column in zip(*parts, strict=True)]
        fields = fields or [[]] * len(FIELDS)
        return Decoded(refused, fields, self._table(numbers[:count], mixed))

    def _decode_all(self, values: Sequence[bytes], begin: int, refused: list[int]) -> list[Any]:
        """Return the events of values; add the positions of those that are refused, the first being at ``begin``."""
        events: list[Any] = []
        left = iter(values)
        already = len(refused)
        while True:
            try:
                events.extend(map(self._decode, left))
            except (msgspec.DecodeError, ValueError, RecursionError):
                refused.append(begin + len(events) + len(refused) - already)
            else:
                return events

    def _split(self, features: Sequence[Any], numbers: Floats) -> Sequence[Sequence[Any]]:
        """Copy the numbers of events to their rows of the matrix; return the columns of their other features."""
        if features.count(None):
            features = [self._no_features if each is None else each for each in features]
        rows = map(_as_tuple, features)
        if not self._mixed:
            numbers[:] = np.fromiter(chain.from_iterable(rows), np.float64, numbers.size).reshape(numbers.shape)
            return ()
        columns = list(zip(*rows, strict=True))
        in_order = chain.from_iterable(columns[at] for at in self._numbers)
        numbers[:] = np.fromiter(in_order, np.float64, numbers.size).reshape(numbers.shape[::-1]).T
        return [columns[at] for at in self._mixed]

    def _table(self, numbers: Floats, parts: Sequence[Sequence[Sequence[Any]]]) -> FeatureTable:
        """Return the table of a matrix of numbers, and of the columns of the other features in parts."""
        is_absent = numbers.view(np.int64) == _ABSENT_BITS
        present = None
        if is_absent.any():
            numbers[is_absent], present = np.nan, ~is_absent
        names = [self._names[at] for at in self._numbers]
        columns = [list(chain.from_iterable(column)) for column in zip(*parts, strict=True)]
        mixed = {self._names[at]: column for at, column in zip(self._mixed, columns, strict=True)} if columns else {}
        table = FeatureTable(names, numbers, present)
        return table.with_columns(mixed, self._is_category) if mixed else table


def _struct(name: str, fields: Iterable[tuple[str, Any, Any]]) -> type[msgspec.Struct]:
    """Return a struct of (key, type, default), whatever the keys; it has no others."""
    named = [(f"f{at}", *field) for at, field in enumerate(fields)]
    return msgspec.defstruct(
        name,
        [(attribute, kind, default) for attribute, _, kind, default in named],
        rename={attribute: key for attribute, key, _, _ in named},
        forbid_unknown_fields=True,
        gc=False,
        eq=False,
    )
