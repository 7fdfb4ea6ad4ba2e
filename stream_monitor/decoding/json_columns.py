"""Columns of fields out of a batch of JSON events, by a typed decoder that follows the keys that come."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.batch import Body, RecordBatch
from stream_monitor.core.errors import RecordError
from stream_monitor.decoding.base import Decoder
from stream_monitor.decoding.field_columns import FieldColumns
from stream_monitor.decoding.json_keys import KeyCounts
from stream_monitor.decoding.json_shape import JsonShape

#: Records of a batch whose keys are looked at, where the typed decoder refuses some.
MAX_SAMPLE = 8
#: Times that a key must be met in refused records before a typed decoder is made that knows it.
MIN_MET = 2
#: A typed decoder costs as much to make as decoding so many records; one is made for as many that came.
RECORDS_PER_SHAPE = 500
#: Typed decoders that may be made before that.
MAX_SHAPES_AHEAD = 8
#: Features and other keys of one typed decoder.
MAX_FEATURES, MAX_OTHERS = 1000, 100


class JsonColumns:
    """Reads the usual records of batches; what is not usual is left out, for the codec.

    Args:
        decoder: Decodes JSON.
        max_record_bytes: Size above which a record is left out.
        is_category: As in `FeatureTable.of`.
    """

    def __init__(self, decoder: Decoder, max_record_bytes: int, is_category: Callable[[str], bool]) -> None:
        self._decode, self._max_bytes, self._is_category = decoder.decode, max_record_bytes, is_category
        self._shape: JsonShape | None = None
        self._keys = KeyCounts(is_category)
        self._credit = MAX_SHAPES_AHEAD * RECORDS_PER_SHAPE

    def read(self, batch: RecordBatch) -> FieldColumns | None:
        """Return the fields of the usual records; None where no record is usual."""
        at, values = self._usable(batch.values)
        self._credit = min(self._credit + len(values), MAX_SHAPES_AHEAD * RECORDS_PER_SHAPE)
        if self._shape is None:
            self._learn(values, 1)
        if self._shape is None or not values:
            return None
        refused, fields, features = self._shape.read(values)
        if refused:
            self._learn([values[place] for place in refused], MIN_MET)
            at = np.delete(at, refused)
        return FieldColumns(at, batch.times[at], features, *fields)

    def _usable(self, values: Sequence[Body]) -> tuple[Ints, Sequence[bytes]]:
        """Return the rows of the values that are bytes and not too large, and those values."""
        if set(map(type, values)) == {bytes} and max(map(len, values)) <= self._max_bytes:  # type: ignore[arg-type]
            return np.arange(len(values)), values  # type: ignore[return-value]
        usable = {
            at: value for at, value in enumerate(values) if type(value) is bytes and len(value) <= self._max_bytes
        }
        return np.array(list(usable), np.int64), list(usable.values())

    def _learn(self, values: Sequence[bytes], minimum: int) -> None:
        """Look at the keys of some of the values, and make a typed decoder that knows those that recur."""
        for value in values[:: -(-len(values) // MAX_SAMPLE) or 1]:
            try:
                self._keys.add(self._decode(value))
            except RecordError:
                continue
        features, others = self._keys.features(minimum), self._keys.others(minimum)
        known = self._shape
        if known is not None:
            features = known.features | {
                name: known.features.get(name, True) and one for name, one in features.items()
            }
            others |= known.others
        if known is None or features != known.features or others != known.others:
            self._make(features, others)

    def _make(self, features: dict[str, bool], others: set[str]) -> None:
        if self._credit < RECORDS_PER_SHAPE or len(features) > MAX_FEATURES or len(others) > MAX_OTHERS:
            return
        self._credit -= RECORDS_PER_SHAPE
        self._keys.clear()
        try:
            self._shape = JsonShape(features, others, self._is_category)
        except ValueError:  # a key that the typed decoder can't have
            return
