"""Entries of the audit log that follow from records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from stream_monitor.actions.message import fields
from stream_monitor.actions.retrain_message import request_fields
from stream_monitor.actions.retrain_request import RetrainRequest
from stream_monitor.core.events import Detection
from stream_monitor.core.timestamps import format_timestamp
from stream_monitor.performance.version_event import VersionEvent


def audit_events(
    detections: Iterable[Detection], events: Iterable[VersionEvent], requests: Iterable[RetrainRequest] = ()
) -> Iterator[dict[str, Any]]:
    """Yield the entries of what has happened to versions, then those of detections and of retrain requests.

    >>> event = VersionEvent("promotion", "churn", "3", "3", "it has nine tenths of the traffic", 2_999)
    >>> next(audit_events([], [event]))["event"]
    'promotion'
    """
    for event in events:
        yield {**event._asdict(), "ts": format_timestamp(event.ts)}
    for one in detections:
        yield {"event": "detection", **fields(one)}
    for request in requests:
        yield {"event": "retrain_request", **request_fields(request)}
