"""A typed decoder of JSON events, made for the keys that a stream's events have."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

import msgspec

from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.decoding.json_features import FeatureDecoding, Int, Scalar, Value, as_tuple, struct

_FIELD_TYPES: Final[Mapping[str, Any]] = {
    "id": str | Int | float | None,
    "ts": str | Int | float | None,
    "model": str | Int | float | None,
    "version": str | Int | float | None,
    "prediction": Scalar,
    "score": float | dict[str, float] | None,
    "groups": dict[str, Value] | None,
    "label": Scalar,
}
FIELDS: Final = tuple(_FIELD_TYPES)
#: Numbers that are decoded before they are copied to the matrix: as many as the processor's cache holds.
_NUMBERS_AT_ONCE = 2560
_MIN_RECORDS_AT_ONCE = 16


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
        features: The type of the features.
        others: Keys at the top of events that are no native fields.

    Raises:
        ValueError: A typed decoder can't have one of the keys.
    """

    def __init__(self, features: FeatureDecoding, others: Collection[str]) -> None:
        self.features, self.others = features, frozenset(others)
        fields = [(name, kind, None) for name, kind in _FIELD_TYPES.items()]
        rest = [(name, Value, None) for name in sorted(self.others)]
        event = struct("Event", [*fields, ("features", features.kind | None, None), *rest])
        self._decode = msgspec.json.Decoder(event).decode

    def read(self, values: Sequence[bytes]) -> Decoded:
        """Return what the typed decoder reads of values."""
        step = max(_NUMBERS_AT_ONCE // max(self.features.width, 1), _MIN_RECORDS_AT_ONCE)
        builder = self.features.builder(len(values))
        refused: list[int] = []
        parts: list[Sequence[Sequence[Any]]] = []
        for begin in range(0, len(values), step):
            events = self._decode_all(values[begin : begin + step], begin, refused)
            if not events:
                continue
            *columns, features = list(zip(*map(as_tuple, events), strict=True))[: len(FIELDS) + 1]
            builder.add(features)
            parts.append(columns)
        fields = [list[Any](chain.from_iterable(column)) for column in zip(*parts, strict=True)]
        fields = fields or [[]] * len(FIELDS)
        return Decoded(refused, fields, builder.table())

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
