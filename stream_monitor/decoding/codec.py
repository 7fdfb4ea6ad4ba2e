"""From a record to an event: size limit, decoder, field mapping, and the choice between prediction and label."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from stream_monitor.core.clock import Clock
from stream_monitor.core.errors import Reason, RecordError
from stream_monitor.core.events import Label, Prediction, Rejection, Task
from stream_monitor.core.records import Body, ParsedBody, Record, Unreadable
from stream_monitor.core.timestamps import parse_timestamp
from stream_monitor.decoding.base import Decoder
from stream_monitor.decoding.event_time import EventTimes
from stream_monitor.decoding.fields import REST, FieldMap
from stream_monitor.decoding.identity import ModelVersions
from stream_monitor.decoding.json import JsonDecoder
from stream_monitor.decoding.label import LabelReader
from stream_monitor.decoding.prediction import PredictionReader
from stream_monitor.decoding.targets import Targets


class Codec:
    """Turns a record into a `Prediction` or a `Label`, or says why it can't.

    Of a row of a table, the columns that are not mapped are features.

    Args:
        clock: The time by which a time in the far future is told.
        decoder: Decodes records' bytes.
        model: Model of events that name none.
        version: Version of events that name none.
        task: Kind of model.
        fields: Paths by native field, where the records have another schema.
        label_fields: The same for records of ``label_topics``; what it lacks is as in ``fields``.
        label_topics: Topics whose records are labels, whatever else they carry.
        max_record_bytes: Size above which a record is rejected.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        decoder: Decoder | None = None,
        model: str = "default",
        version: str = "default",
        task: Task = "classification",
        fields: Mapping[str, str] | None = None,
        label_fields: Mapping[str, str] | None = None,
        label_topics: Collection[str] = (),
        max_record_bytes: int = 1 << 20,
    ) -> None:
        self.task = task
        self.decoder = decoder or JsonDecoder()
        self._decode = self.decoder.decode
        self.times, self.targets, self.versions = EventTimes(clock), Targets(task), ModelVersions(model, version)
        self._read_prediction = PredictionReader(self.times, self.targets, self.versions).read
        self._read_label = LabelReader(self.times, self.targets).read
        fields = fields or {}
        self.fields = _field_map(fields)
        self.row_fields = FieldMap({"features": REST, **fields})
        self.label_fields = _field_map({**fields, **(label_fields or {})})
        self.label_topics = frozenset(label_topics)
        self.max_record_bytes = max_record_bytes

    @property
    def timestamps_replaced(self) -> int:
        """Number of events whose own time could not be right and gave way to the record's."""
        return self.times.replaced

    @timestamps_replaced.setter
    def timestamps_replaced(self, count: int) -> None:
        self.times.replaced = count

    def decode(self, record: Record) -> Prediction | Label | Rejection:
        """Return the event of a record, or its rejection; never raises for bad data."""
        try:
            value = record.value
            if type(value) is bytes and len(value) <= self.max_record_bytes:
                body: Mapping[str, Any] = self._decode(value)
            else:
                body = self._body(value)
            if record.topic in self.label_topics:
                fields = self.label_fields
                return self._read_label(fields.apply(body, record) if fields else body, record)
            is_row = type(value) is not bytes and type(value) is not ParsedBody
            fields = self.row_fields if is_row else self.fields
            body = fields.apply(body, record) if fields else body
            if body.get("prediction") is None and body.get("label") is not None:
                return self._read_label(body, record)
            return self._read_prediction(body, record, is_row)
        except RecordError as error:
            return Rejection(error.reason, error.detail)

    def read_time(self, record: Record) -> tuple[Record, float | None]:
        """Return a record, its body decoded where it can be, and the time that the event names; None without one."""
        fields = self.label_fields if record.topic in self.label_topics else self.fields
        try:
            body = self._body(record.value)
        except RecordError:
            return record, None
        if type(record.value) is bytes:
            record = record._replace(value=ParsedBody(body))
        try:
            return record, parse_timestamp(fields.read("ts", body, record) if fields else body.get("ts"))
        except (ValueError, OverflowError):
            return record, None

    def _body(self, value: Body) -> Mapping[str, Any]:
        if value is None:
            raise RecordError(Reason.TOMBSTONE, "the value is null")
        if isinstance(value, Unreadable):
            raise RecordError(Reason.UNREADABLE, value)
        if not isinstance(value, bytes):
            return value
        if len(value) > self.max_record_bytes:
            raise RecordError(Reason.TOO_LARGE, f"{len(value)} bytes; allowed: {self.max_record_bytes}")
        return self._decode(value)


def _field_map(fields: Mapping[str, str]) -> FieldMap | None:
    """Return a mapping of fields; None for an empty one, which costs nothing."""
    return FieldMap(fields) if fields else None
