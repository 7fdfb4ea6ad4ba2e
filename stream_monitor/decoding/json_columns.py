"""Columns of fields out of a batch of JSON events, by a typed decoder that follows the keys that come."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.errors import RecordError
from stream_monitor.core.feature_values import ABSENT
from stream_monitor.core.records import Body
from stream_monitor.core.sequences import take
from stream_monitor.decoding.base import Decoder
from stream_monitor.decoding.field_columns import FieldColumns
from stream_monitor.decoding.fields import FEATURE, FieldMap
from stream_monitor.decoding.json_features import (
    DenseFeatures,
    FeatureColumns,
    FeatureDecoding,
    SparseFeatures,
    Value,
)
from stream_monitor.decoding.json_fields import JsonFields
from stream_monitor.decoding.json_keys import JsonKeys, KeyCounts
from stream_monitor.decoding.json_places import FieldPlaces
from stream_monitor.decoding.json_shape import JsonShape, PlacedColumns
from stream_monitor.decoding.json_tree import JsonTree

#: Records of a batch whose keys are looked at, and records that are tried for that; some may be no JSON.
MAX_SAMPLE, MAX_TRIED = 8, 64
#: Records that come for each that is tried.
RECORDS_PER_TRY = 100
#: Multiples of it, modulo 1, spread evenly, and have no period that the stream could have, too.
_GOLDEN_RATIO = 0.6180339887498949
#: Times that a key must be met in refused records before a typed decoder is made that knows it.
MIN_MET = 2
#: A typed decoder costs as much to make as decoding so many records; one is made for as many that came.
RECORDS_PER_SHAPE = 500
#: Typed decoders that may be made before that.
MAX_SHAPES_AHEAD = 8
#: Features and other keys of one typed decoder.
MAX_FEATURES, MAX_OTHERS = 1000, 100
#: Features are sparse where there are more, and an event has fewer than this part of them.
MIN_SPARSE, MIN_CARRIED = 32, 0.25


class JsonColumns:
    """Reads the usual records of batches; what is not usual is left out, for the codec.

    Args:
        decoder: Decodes JSON.
        max_record_bytes: Size above which a record is left out.
        is_category: As in `FeatureTable.of`.
        fields: The mapping of fields.
        is_label: True for records of label topics.
    """

    def __init__(
        self,
        decoder: Decoder,
        max_record_bytes: int,
        is_category: Callable[[str], bool],
        fields: FieldMap | None = None,
        is_label: bool = False,
    ) -> None:
        self._decode, self._max_bytes, self._is_category = decoder.decode, max_record_bytes, is_category
        self._shape: JsonShape | None = None
        places = FieldPlaces(fields or FieldMap({}), is_label)
        self._can_read = places.can_read
        self._counts = KeyCounts(places, is_category)
        self._shapes = _Allowance(RECORDS_PER_SHAPE, MAX_SHAPES_AHEAD)
        self._tries = _Allowance(RECORDS_PER_TRY, MAX_TRIED)

    @property
    def is_sparse(self) -> bool:
        """True while features are read as a dict of each event, because it has few of all that there are."""
        return self._shape is not None and self._shape.keys.features is None

    def read(self, batch: RecordBatch, rows: Ints | None = None) -> FieldColumns | None:
        """Return the fields of the usual records in some rows of a batch, or in all; None where there are none."""
        if not self._can_read:
            return None
        at, values = self._usable(batch.values, rows)
        self._shapes.add(len(values))
        self._tries.add(len(values))
        if self._shape is None or (self.is_sparse and self._shapes.is_full):
            self._begin(values)
        if self._shape is None or not values:
            return None
        shape, decoded = self._shape, self._shape.read(values)
        if decoded.refused:
            self._follow(shape, [values[place] for place in decoded.refused])
            at = np.delete(at, decoded.refused)
        return JsonFields(shape.keys.places, batch, at, decoded).columns(self._is_category)

    def received(self, values: Sequence[bytes], names: Collection[str]) -> dict[str, Sequence[Any]] | None:
        """Return features of values that were read already, as received; None where only the codec can do that.

        Columns of numbers are made of them no more: their values may be of any type from now on.
        """
        if self._shape is None:
            return None
        keys = self._shape.keys
        if (mixed := keys.with_mixed(names)) != keys:
            self._make(mixed)
        places = {name: place for name in names if (place := keys.places.of_feature(name))}
        refused: list[int] = []
        tree = JsonTree(dict.fromkeys(places.values(), (Value, ABSENT)), skips=True)
        objects = tree.decode_all(values, 0, refused)
        if not objects or refused or len(places) < len(names):
            return None
        columns = tree.columns(objects)
        return {name: keys.received(name, columns[place]) for name, place in places.items()}

    def _usable(self, values: Sequence[Body], rows: Ints | None) -> tuple[Ints, Sequence[bytes]]:
        """Return the rows of the values that are bytes and not too large, and those values."""
        if rows is not None:
            values = take(values, rows)
        at = np.arange(len(values)) if rows is None else rows
        if set(map(type, values)) == {bytes} and max(map(len, values)) <= self._max_bytes:  # type: ignore[arg-type]
            return at, values  # type: ignore[return-value]
        usable = {
            at: value for at, value in enumerate(values) if type(value) is bytes and len(value) <= self._max_bytes
        }
        return at[np.array(list(usable), np.int64)], list(usable.values())

    def _begin(self, values: Sequence[bytes]) -> None:
        """Make a typed decoder that knows the keys of some of the values."""
        counts = self._counts
        counts.clear()
        self._count(values)
        if counts.events:
            self._make(JsonKeys(counts.places, counts.features(1), counts.mapped(), frozenset(counts.others(1))))

    def _follow(self, shape: JsonShape, values: Sequence[bytes]) -> None:
        """Look at the keys of some values that were refused, and make a typed decoder that knows those that recur."""
        self._count(values)
        keys = shape.keys.with_those_of(self._counts, MIN_MET)
        if keys != shape.keys:
            self._make(keys)

    def _count(self, values: Sequence[bytes]) -> None:
        """Count the keys of some of the values, from all over the batch."""
        counted = 0
        for number in range(min(len(values), MAX_TRIED)):
            if counted == MAX_SAMPLE or not self._tries.take():
                return
            with suppress(RecordError):
                self._counts.add(self._decode(values[int(number * _GOLDEN_RATIO % 1 * len(values))]))
                counted += 1

    def _make(self, keys: JsonKeys) -> None:
        """Make a typed decoder of these keys; without features, or of too many, it reads a dict of them."""
        if len(keys.others) > MAX_OTHERS or not keys.places.can_read or not self._shapes.take():
            return
        carried = self._counts.mean_features
        if keys.features and len(keys.features) > max(MIN_SPARSE, min(carried / MIN_CARRIED, MAX_FEATURES)):
            keys = replace(keys, features=None)
        self._counts.clear()
        if keys.features is None and (keys.mapped or keys.places.has_rest):
            return
        with suppress(ValueError):  # a key that no typed decoder can have
            self._shape = JsonShape(keys, *self._features(keys, round(carried)))

    def _features(self, keys: JsonKeys, carried: int) -> tuple[FeatureDecoding | None, Sequence[PlacedColumns]]:
        """Return the types of features in an object, and of those at places of their own."""
        columns: list[PlacedColumns] = []
        in_object: FeatureDecoding | None = None
        if keys.places.has_rest:
            columns.append(
                (FeatureColumns(keys.features or {}, self._is_category), [(n,) for n in keys.features or ()])
            )
        elif keys.places.features:
            in_object = (
                SparseFeatures(carried, self._is_category)
                if keys.features is None
                else DenseFeatures(keys.features, self._is_category)
            )
        if keys.mapped:
            mapped = FeatureColumns(keys.mapped, self._is_category, has_nulls=False)
            columns.append((mapped, list(keys.places.of_prefix(FEATURE).values())))
        return in_object, columns


class _Allowance:
    """Something that is allowed once for so many records that come, and ``ahead`` times before.

    Args:
        records: Records for each time.
        ahead: Times that are saved up at most.
    """

    def __init__(self, records: int, ahead: int) -> None:
        self._records, self._ahead = records, ahead
        self._left = records * ahead

    @property
    def is_full(self) -> bool:
        """True where no more times can be saved up."""
        return self._left == self._records * self._ahead

    def add(self, count: int) -> None:
        """Add records that have come."""
        self._left = min(self._left + count, self._records * self._ahead)

    def take(self) -> bool:
        """Take one time; False where there is none."""
        if self._left < self._records:
            return False
        self._left -= self._records
        return True
