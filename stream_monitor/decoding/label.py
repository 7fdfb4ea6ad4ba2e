"""Labels out of bodies of records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stream_monitor.core.errors import Reason, RecordError
from stream_monitor.core.events import Label
from stream_monitor.core.records import Record, TextRow
from stream_monitor.decoding.event_time import EventTimes
from stream_monitor.decoding.identity import read_id, read_name
from stream_monitor.decoding.targets import Targets, is_nan


class LabelReader:
    """Makes labels."""

    def __init__(self, times: EventTimes, targets: Targets) -> None:
        self._read_time, self._read_target = times.read, targets.read

    def read(self, body: Mapping[str, Any], record: Record) -> Label:
        """Return the label of a body with native names; a `RecordError` says what is wrong with it."""
        y_true = body.get("label")
        if y_true is None or is_nan(y_true):
            raise RecordError(Reason.MISSING_LABEL, "no label")
        model, version = body.get("model"), body.get("version")
        return Label(
            read_id(body.get("id")),
            self._read_time(body.get("ts"), record),
            self._read_target(y_true, "label", type(record.value) is TextRow),
            None if model is None else read_name(model, "model"),
            None if version is None else read_name(version, "version"),
        )
