"""Comparison of batches of events, and their plain definition: record by record through the codec."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.event_batch import EventBatch
from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.core.records import Record
from stream_monitor.decoding.batch_decoder import BatchDecoder
from stream_monitor.decoding.codec import Codec
from stream_monitor.signals.columns import feature_columns
from stream_monitor.testing import FakeClock


def contents(batch: EventBatch) -> dict[str, Any]:
    """Return all that a batch tells, whatever the order of its features; texts tell types and the sign of zero."""
    predictions, labels = batch.predictions, batch.labels
    return {
        "count": batch.count,
        "predictions": [(int(at), repr(predictions.event(row))) for row, at in enumerate(predictions.at)],
        "labels": [(int(at), repr(labels.event(row))) for row, at in enumerate(labels.at)],
        "rejections": list(batch.rejections),
        "features": _features(predictions.features),
    }


def _features(table: FeatureTable) -> dict[str, Any]:
    carried = [table.carried(row) for row in range(len(table))]
    columns = feature_columns(table, sorted({name for names in carried for name in names}))
    return {"carried": carried, **{name: _column(column) for name, column in columns.items()}}


def _column(column: Any) -> str:
    return repr(column._replace(values=column.values.tolist(), missing=column.missing.tolist()))


def decode_both_ways(
    batches: Sequence[Sequence[Record] | RecordBatch],
    is_category: Callable[[str], bool] = lambda _: False,
    **options: Any,
) -> BatchDecoder:
    """Decode batches by columns and record by record, and compare; return the decoder of batches."""
    codec, reference = Codec(FakeClock(), **options), Codec(FakeClock(), **options)
    decoder = BatchDecoder(codec, is_category)
    for records in batches:
        batch = records if isinstance(records, RecordBatch) else RecordBatch.of(records)
        found = contents(decoder.decode(batch))
        expected = contents(
            EventBatch.of([reference.decode(batch.record(at)) for at in range(len(batch))], is_category)
        )
        assert found == expected
        assert codec.timestamps_replaced == reference.timestamps_replaced
        assert decoder.is_by_columns
    return decoder
