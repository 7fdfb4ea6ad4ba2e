"""Notices as CloudEvents: the official SDK reads them, from HTTP and from Kafka."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from cloudevents.v1.conversion import to_dict
from cloudevents.v1.http import from_http
from cloudevents.v1.kafka import KafkaMessage, from_structured

from stream_monitor.actions.cloud_event import CONTENT_TYPE, TYPES, cloud_event, encoded, source_of
from stream_monitor.actions.notice import Notice, kind_of, restored, saved
from stream_monitor.actions.topic_sink import TopicSink
from stream_monitor.testing import MemoryTopic
from tests.unit.actions.notices import DRIFT, EACH, REQUEST, SKEW

SOURCE = source_of("churn monitor")
each_notice = pytest.mark.parametrize("notice", EACH, ids=kind_of)


@each_notice
def test_the_sdk_reads_it_from_http(notice: Notice) -> None:
    event = from_http({"content-type": CONTENT_TYPE}, encoded(notice, SOURCE))
    assert event["specversion"] == "1.0"
    assert (event["id"], event["source"]) == (notice.id, "/stream-monitor/churn%20monitor")
    assert event["type"] == TYPES[kind_of(notice)]
    assert cloud_event(notice, SOURCE).get("time") == ("2023-11-14T22:13:20.000Z" if notice.ts else None)
    assert event.data["model"] == notice.model


@each_notice
def test_the_sdk_reads_it_from_kafka(notice: Notice) -> None:
    topic = MemoryTopic()
    TopicSink("requests", topic, SOURCE).send(notice)
    (record,) = topic.records
    headers = dict(record.headers)
    assert isinstance(record.value, bytes)
    event = from_structured(KafkaMessage(headers, record.key, record.value))
    assert (event["id"], event["subject"]) == (notice.id, f"{notice.model}/{notice.version}")
    assert record.key == notice.model.encode()
    # The data come back as they were, and whole.
    assert to_dict(event)["data"] == orjson.loads(orjson.dumps(cloud_event(notice, SOURCE)["data"]))


def test_a_request_tells_all_that_a_trainer_needs() -> None:
    data: dict[str, Any] = cloud_event(REQUEST, SOURCE)["data"]
    assert (data["model"], data["version"], data["index"], data["labels"]) == ("churn", "3", 901, 500)
    assert [reason["policy"] for reason in data["reasons"]] == ["drift", "labels:count=9"]
    assert [episode["id"] for episode in data["episodes"]] == ["e1"]
    assert data["episodes"][0]["signals"][0]["signal"] == "feature:age"
    assert data["performance"] == [
        {"version": "3", "measure": "accuracy", "value": 0.7, "interval": [0.6, 0.8], "outcomes": 500}
    ]
    assert data["evaluation_sets"] == ["/sets/churn-1.parquet"]
    assert datetime.fromisoformat(data["ts"]) == datetime.fromtimestamp(1.7e9, UTC)


@each_notice
def test_it_is_restored_as_it_was_saved(notice: Notice) -> None:
    assert restored(orjson.loads(orjson.dumps(saved(notice), default=list))) == notice


def test_ids_differ() -> None:
    assert len({one.id for one in (DRIFT, SKEW, REQUEST, REQUEST._replace(index=902))}) == 4
