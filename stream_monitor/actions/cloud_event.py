"""Notices as CloudEvents 1.0, in the JSON format.

Sources: the CloudEvents specification 1.0.2 and its JSON event format, Cloud Native Computing Foundation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from stream_monitor.actions.notice import Notice, NoticeKind, kind_of, notice_fields
from stream_monitor.core.events import ModelVersion
from stream_monitor.core.timestamps import format_timestamp

CONTENT_TYPE = "application/cloudevents+json"
#: The type of an event by the kind of the notice.
TYPES: Mapping[NoticeKind, str] = {
    "drift": "stream_monitor.drift.detected",
    "skew": "stream_monitor.skew.detected",
    "recovery": "stream_monitor.drift.recovered",
    "retrain_request": "stream_monitor.retrain.requested",
}


def source_of(name: str) -> str:
    """Return the source of the events of a sidecar, of its consumer group's name.

    >>> source_of("churn monitor")
    '/stream-monitor/churn%20monitor'
    """
    return f"/stream-monitor/{quote(name, safe='')}"


def cloud_event(notice: Notice, source: str) -> dict[str, Any]:
    """Return a notice as an event; ``time`` is event time, and left out where that is not known."""
    time = format_timestamp(notice.ts)
    return {
        "specversion": "1.0",
        "id": notice.id,
        "source": source,
        "type": TYPES[kind_of(notice)],
        "subject": "/".join(ModelVersion(notice.model, notice.version)),
        **({"time": time} if time else {}),
        "datacontenttype": "application/json",
        "data": notice_fields(notice),
    }


def encoded(notice: Notice, source: str) -> bytes:
    """Return a notice as the JSON of an event."""
    return orjson.dumps(cloud_event(notice, source))
