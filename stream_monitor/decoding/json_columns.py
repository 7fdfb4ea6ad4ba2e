"""Columns of fields out of a batch of JSON events, by a typed decoder that follows the keys that come."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.errors import RecordError
from stream_monitor.core.records import Body
from stream_monitor.decoding.base import Decoder
from stream_monitor.decoding.field_columns import FieldColumns
from stream_monitor.decoding.json_features import DenseFeatures, FeatureDecoding, SparseFeatures
from stream_monitor.decoding.json_keys import KeyCounts
from stream_monitor.decoding.json_shape import JsonShape

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
    """

    def __init__(self, decoder: Decoder, max_record_bytes: int, is_category: Callable[[str], bool]) -> None:
        self._decode, self._max_bytes, self._is_category = decoder.decode, max_record_bytes, is_category
        self._shape: JsonShape | None = None
        #: The features that the typed decoder knows; None where it reads a dict of them.
        self._features: Mapping[str, bool] | None = None
        self._keys = KeyCounts(is_category)
        self._shapes = _Allowance(RECORDS_PER_SHAPE, MAX_SHAPES_AHEAD)
        self._tries = _Allowance(RECORDS_PER_TRY, MAX_TRIED)

    @property
    def is_sparse(self) -> bool:
        """True while features are read as a dict of each event, because it has few of all that there are."""
        return self._shape is not None and self._features is None

    def read(self, batch: RecordBatch) -> FieldColumns | None:
        """Return the fields of the usual records; None where no record is usual."""
        at, values = self._usable(batch.values)
        self._shapes.add(len(values))
        self._tries.add(len(values))
        if self._shape is None or (self.is_sparse and self._shapes.is_full):
            self._begin(values)
        if self._shape is None or not values:
            return None
        refused, fields, features = self._shape.read(values)
        if refused:
            self._follow([values[place] for place in refused])
            at = np.delete(at, refused)
        return FieldColumns(at, batch.times[at], features, False, *fields)

    def _usable(self, values: Sequence[Body]) -> tuple[Ints, Sequence[bytes]]:
        """Return the rows of the values that are bytes and not too large, and those values."""
        if set(map(type, values)) == {bytes} and max(map(len, values)) <= self._max_bytes:  # type: ignore[arg-type]
            return np.arange(len(values)), values  # type: ignore[return-value]
        usable = {
            at: value for at, value in enumerate(values) if type(value) is bytes and len(value) <= self._max_bytes
        }
        return np.array(list(usable), np.int64), list(usable.values())

    def _begin(self, values: Sequence[bytes]) -> None:
        """Make a typed decoder that knows the keys of some of the values."""
        self._keys.clear()
        self._count(values)
        if self._keys.events:
            self._make(self._keys.features(1), self._keys.others(1))

    def _follow(self, values: Sequence[bytes]) -> None:
        """Look at the keys of some values that were refused, and make a typed decoder that knows those that recur."""
        assert self._shape is not None
        self._count(values)
        others = self._shape.others | self._keys.others(MIN_MET)
        known = features = self._features
        if known is not None:
            met = self._keys.features(MIN_MET)
            features = {**known, **{name: known.get(name, True) and is_number for name, is_number in met.items()}}
        if features != known or others != self._shape.others:
            self._make(features, others)

    def _count(self, values: Sequence[bytes]) -> None:
        """Count the keys of some of the values, from all over the batch."""
        counted = 0
        for number in range(min(len(values), MAX_TRIED)):
            if counted == MAX_SAMPLE or not self._tries.take():
                return
            with suppress(RecordError):
                self._keys.add(self._decode(values[int(number * _GOLDEN_RATIO % 1 * len(values))]))
                counted += 1

    def _make(self, features: Mapping[str, bool] | None, others: Collection[str]) -> None:
        """Make a typed decoder of these keys; without features, or of too many, it reads a dict of them."""
        if len(others) > MAX_OTHERS or not self._shapes.take():
            return
        carried = self._keys.mean_features
        if features is not None and len(features) > max(MIN_SPARSE, min(carried / MIN_CARRIED, MAX_FEATURES)):
            features = None
        self._keys.clear()
        with suppress(ValueError):  # a key that no typed decoder can have
            self._shape = JsonShape(self._decoding(features, carried), others)
            self._features = features

    def _decoding(self, features: Mapping[str, bool] | None, carried: float) -> FeatureDecoding:
        if features is None:
            return SparseFeatures(round(carried), self._is_category)
        return DenseFeatures(features, self._is_category)


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
