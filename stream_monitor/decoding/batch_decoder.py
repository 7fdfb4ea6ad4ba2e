"""From a batch of records to a batch of events: the usual records a column at a time, the others by the codec."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.errors import Reason
from stream_monitor.core.event_batch import EventBatch, LabelBatch, PredictionBatch
from stream_monitor.core.events import Features, Label, Prediction, Rejection
from stream_monitor.core.feature_table import TooManyFeaturesError, received
from stream_monitor.core.records import Record
from stream_monitor.core.sequences import take
from stream_monitor.core.table import TableRows
from stream_monitor.decoding.codec import Codec
from stream_monitor.decoding.field_columns import ColumnReader, FieldColumns
from stream_monitor.decoding.json import JsonDecoder
from stream_monitor.decoding.json_columns import JsonColumns
from stream_monitor.decoding.merging import merge_labels, merge_predictions
from stream_monitor.decoding.table_columns import TableColumns

logger = logging.getLogger(__name__)
_NOTHING = (PredictionBatch.of((), ()), LabelBatch.of((), ()))


class BatchDecoder:
    """Decodes batches. The events are those that the codec gives, record by record.

    Args:
        codec: Decodes single records.
        is_category: As in `FeatureTable.of`.

    >>> from stream_monitor.core.records import Record
    >>> from stream_monitor.testing import FakeClock
    >>> record = Record("inference", 0, b'{"id": "r-1", "prediction": "yes", "features": {"age": 41}}')
    >>> BatchDecoder(Codec(FakeClock())).decode(RecordBatch.of([record])).predictions.features.numbers
    array([[41.]])
    """

    def __init__(self, codec: Codec, is_category: Callable[[str], bool] = lambda _: False) -> None:
        self._codec, self._is_category = codec, is_category
        self._columns = ColumnReader(codec.times, codec.targets, codec.versions)
        self._tables = TableColumns(codec.row_fields, is_category)
        #: Of records of label topics, and of others.
        self._json: dict[bool, JsonColumns] = {}
        if type(codec.decoder) is JsonDecoder:
            mappings = {True: codec.label_fields, False: codec.fields}
            self._json = {
                is_label: JsonColumns(codec.decoder, codec.max_record_bytes, is_category, mapping, is_label)
                for is_label, mapping in mappings.items()
            }
        #: True while usual records are read a column at a time.
        self.is_by_columns = True

    def decode(self, batch: RecordBatch) -> EventBatch:
        """Return the events of a batch; never raises for bad data.

        Raises:
            TooManyFeaturesError: The records have too many features for one table; each half may have one.
        """
        replaced = self._codec.timestamps_replaced
        try:
            return self._decode(batch)
        except TooManyFeaturesError:
            self._codec.timestamps_replaced = replaced
            raise
        except Exception:
            if not self.is_by_columns:
                raise
            hint = "records are decoded one by one from now on; please report it"
            logger.exception("error in decoding by columns, a bug; %s", hint)
        self.is_by_columns, self._codec.timestamps_replaced = False, replaced
        return self.decode(batch)

    def _decode(self, batch: RecordBatch) -> EventBatch:
        """Return the events of the usual records, read a column at a time, and of the others, read one by one."""
        usual = self._read_usual(batch) if self.is_by_columns else None
        if usual is None:
            return EventBatch.of(self._decode_each(batch), self._is_category)
        predictions, labels = usual
        left = np.ones(len(batch), bool)
        left[predictions.at] = left[labels.at] = False
        if not left.any():
            return EventBatch(len(batch), predictions, labels)
        rows = np.flatnonzero(left)
        events = self._decode_each(map(batch.record, rows.tolist()))
        late = EventBatch.of(events, self._is_category).at_rows(rows, len(batch))
        late_features = [event.features for event in events if isinstance(event, Prediction)]
        return EventBatch(
            len(batch),
            self._merge(batch, predictions, late.predictions, late_features),
            merge_labels(labels, late.labels),
            late.rejections,
        )

    def _read_usual(self, batch: RecordBatch) -> tuple[PredictionBatch, LabelBatch] | None:
        """Return the events of the usual records; None where the codec must read all."""
        is_label_topic = np.array([topic in self._codec.label_topics for topic in batch.topics], bool)
        if not is_label_topic.any():
            return self._read(self._fields(batch, False, None), False)
        on_label_topic = is_label_topic[batch.which]
        _, labels = self._read(self._fields(batch, True, np.flatnonzero(on_label_topic)), True) or _NOTHING
        predictions, others = (
            self._read(self._fields(batch, False, np.flatnonzero(~on_label_topic)), False) or _NOTHING
        )
        return predictions, merge_labels(labels, others)

    def _fields(self, batch: RecordBatch, is_label: bool, rows: Ints | None) -> FieldColumns | None:
        """Return the fields of the usual records of label topics, or of the others; None where there are none."""
        if isinstance(batch.values, TableRows):
            return self._tables.read(batch, batch.values) if rows is None else None
        return self._json[is_label].read(batch, rows) if self._json else None

    def _read(self, fields: FieldColumns | None, is_label: bool) -> tuple[PredictionBatch, LabelBatch] | None:
        if fields is None:
            return None
        predictions, labels = self._columns.read(fields, is_label)
        if len(predictions) < len(fields) and not is_label:
            table = predictions.features.without_numbers_in_raw(self._is_category)
            predictions = replace(predictions, features=table)
        return predictions, labels

    def _decode_each(self, records: Iterable[Record]) -> list[Prediction | Label | Rejection]:
        """Return the event of each of these records."""
        events: list[Prediction | Label | Rejection] = []
        for record in records:
            try:
                events.append(self._codec.decode(record))
            except Exception as error:
                logger.debug("while decoding", exc_info=True)
                hint = "please report it (--log-level debug tells more)"
                events.append(Rejection(Reason.INTERNAL, f"{type(error).__name__} while decoding; {hint}"))
        return events

    def _merge(
        self, batch: RecordBatch, usual: PredictionBatch, late: PredictionBatch, late_features: Sequence[Features]
    ) -> PredictionBatch:
        """Return both in order of their records. A feature that is text in either is as received in both."""
        if not len(late):
            return usual
        table, other = usual.features, late.features
        if mixed := set(table.names) & set(other.raw):
            table = table.as_received(self._received(batch, usual.at, mixed))
        if mixed := set(other.names) & set(table.raw):
            other = other.as_received(received(late_features, mixed))
        return merge_predictions(usual, late, table.followed_by(other))

    def _received(self, batch: RecordBatch, rows: Ints, names: Collection[str]) -> Mapping[str, Sequence[Any]]:
        """Return features of predictions that were read by columns, as received."""
        found = None
        if self._json and not isinstance(batch.values, TableRows):
            found = self._json[False].received(cast(Sequence[bytes], take(batch.values, rows)), names)
        return received(self._reread(batch, rows), names) if found is None else found

    def _reread(self, batch: RecordBatch, rows: Ints) -> list[Features]:
        """Return all features of predictions that were read by columns, as received."""
        replaced = self._codec.timestamps_replaced
        events = self._decode_each(map(batch.record, rows.tolist()))
        self._codec.timestamps_replaced = replaced
        return [event.features for event in events if isinstance(event, Prediction)]
