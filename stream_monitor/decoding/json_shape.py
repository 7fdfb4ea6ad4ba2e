"""A typed decoder of JSON events, made for the keys that a stream's events have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.decoding.fields import FEATURES, GROUP
from stream_monitor.decoding.json_features import (
    ColumnBuilder,
    FeatureColumns,
    FeatureDecoding,
    Int,
    Scalar,
    TableBuilder,
    Value,
)
from stream_monitor.decoding.json_keys import JsonKeys
from stream_monitor.decoding.json_places import FieldPlaces, Place
from stream_monitor.decoding.json_tree import JsonTree

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
#: Numbers that are decoded before they are copied to the matrix: as many as the processor's cache holds.
_NUMBERS_AT_ONCE = 2560
_MIN_RECORDS_AT_ONCE = 16

#: Features that are each at a place of their own, and these places.
PlacedColumns = tuple[FeatureColumns, Sequence[Place]]


class Decoded(NamedTuple):
    """The fields and features that a typed decoder has read of n values.

    Attributes:
        refused: Positions of the values that it refuses, rising.
        unusual: Positions, among those that it has read, of events that the codec must read.
        columns: The values of all that it has read, by place.
        features: Their features.
    """

    refused: Sequence[int]
    unusual: Sequence[int]
    columns: Mapping[Place, Sequence[Any]]
    features: FeatureTable


class JsonShape:
    """The keys that events have, and a typed decoder that refuses an event with any other.

    What it reads, it reads as the JSON decoder does. As it skips no key, there is nothing in a record that it reads
    that it has not checked.

    Args:
        keys: The keys.
        features: The type of the features, where they are in an object.
        columns: The features that are each at a place of their own, and these places.

    Raises:
        ValueError: A typed decoder can't have one of the keys.
    """

    def __init__(
        self,
        keys: JsonKeys,
        features: FeatureDecoding | None,
        columns: Sequence[PlacedColumns] = (),
    ) -> None:
        self.keys, self._features, self._columns = keys, features, columns
        places = keys.places
        fields: dict[Place, Any] = {place: _FIELD_TYPES[name] for name in places.names for place in places.of(name)}
        fields |= dict.fromkeys((*places.of_prefix(GROUP).values(), *places.shared), Value)
        self._guards = list(_guards(places))
        self._kept = [*fields, *(own for _, own in self._guards)]
        leaves: dict[Place, tuple[Any, Any]] = dict.fromkeys((*keys.others, *places.of(FEATURES)), (Value, None))
        for some, where in columns:
            leaves |= dict(zip(where, some.types, strict=True))
        leaves |= {place: (kind, None) for place, kind in fields.items()}
        if features and places.features:
            leaves[places.features] = (features.kind | None, None)
        self._tree = JsonTree(leaves)
        self.width = (features.width if features else 0) + sum(some.width for some, _ in columns)

    def read(self, values: Sequence[bytes]) -> Decoded:
        """Return what the typed decoder reads of values."""
        step = max(_NUMBERS_AT_ONCE // max(self.width, 1), _MIN_RECORDS_AT_ONCE)
        tables = _Tables(self._features, self._columns, len(values))
        refused: list[int] = []
        unusual: list[int] = []
        kept: dict[Place, list[Any]] = {place: [] for place in self._kept}
        for begin in range(0, len(values), step):
            events = self._tree.decode_all(values[begin : begin + step], begin, refused)
            if not events:
                continue
            columns = self._tree.columns(events)
            unusual += [tables.count + at for at in self._unusual(columns)]
            tables.add(columns, self.keys.places.features, len(events))
            for place, column in kept.items():
                column += columns[place]
        return Decoded(refused, unusual, kept, tables.table())

    def _unusual(self, columns: Mapping[Place, Sequence[Any]]) -> Iterator[int]:
        """Yield the positions of events without a value at the place of a field, but with one of its name."""
        for place, own in self._guards:
            found = columns[own]
            if found.count(None) < len(found):
                mapped = columns[place] if place else [None] * len(found)
                yield from (at for at, value in enumerate(found) if value is not None and mapped[at] is None)


class _Tables:
    """Makes one table of features in an object and of those at places of their own."""

    def __init__(
        self,
        features: FeatureDecoding | None,
        columns: Sequence[PlacedColumns],
        count: int,
    ) -> None:
        self._in_object: TableBuilder | None = features.builder(count) if features else None
        self._columns: list[tuple[ColumnBuilder, Sequence[Place]]] = [
            (some.columns(count), places) for some, places in columns
        ]
        self.count = 0

    def add(self, columns: Mapping[Place, Sequence[Any]], features: Place | None, count: int) -> None:
        """Add the features of the next ``count`` events."""
        if self._in_object and features:
            self._in_object.add(columns[features])
        for builder, places in self._columns:
            builder.add_columns([columns[place] for place in places], count)
        self.count += count

    def table(self) -> FeatureTable:
        """Return the table of all that were added."""
        tables = [builder.table() for builder in (self._in_object, *(one for one, _ in self._columns)) if builder]
        if not tables:
            return FeatureTable((), np.empty((self.count, 0)))
        table = tables[0]
        for other in tables[1:]:
            table = table.beside(other)
        return table


def _guards(places: FieldPlaces) -> Iterator[tuple[Place | None, Place]]:
    """Yield the places of fields, and those of their names where what is there can't be read instead."""
    for name in (*places.names, FEATURES):
        own = (name,)
        if own in places.inner or (name == FEATURES and FEATURES in places.mapped and own != places.features):
            yield places.mapped.get(name), own
