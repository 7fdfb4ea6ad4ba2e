"""Retrain requests and notices over a real Kafka: a topic that is not there holds nothing back."""

from __future__ import annotations

import uuid
from contextlib import closing
from typing import Any

import orjson
from cloudevents.v1.kafka import KafkaMessage, from_structured
from kafka import KafkaConsumer, TopicPartition

from tests.brokers import Broker, Record, produce
from tests.conftest import MakeTopic
from tests.integration.events import START, prediction
from tests.integration.sidecar import Sidecar, watch

COUNT = 2_000


def _records() -> list[Record]:
    """Return predictions with labels, right until the middle and wrong in six of ten from there on."""
    found: list[Record] = []
    for at in range(COUNT):
        is_wrong = at >= COUNT / 2 and at % 10 < 6
        body = prediction(at) | {"label": "no" if is_wrong else "yes", "prediction": "yes"}
        found.append((b"k", orjson.dumps(body), [], int(START * 1000) + at, 0))
    return found


def _events(broker: Broker, topic: str) -> list[Any]:
    """Return the events on a topic, as the CloudEvents SDK reads them."""
    with closing(KafkaConsumer(bootstrap_servers=broker.bootstrap_servers, **broker.client_options)) as consumer:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        found: list[Any] = []
        while consumer.position(partition) < consumer.end_offsets([partition])[partition]:
            found += consumer.poll(timeout_ms=500).get(partition, [])
    return [from_structured(KafkaMessage(dict(each.headers), each.key, each.value)) for each in found]


def test_requests_wait_for_their_topic_and_nothing_else_waits(kafka_broker: Broker, topic: MakeTopic) -> None:
    inference, notices, requests = topic("inference"), topic("notices"), f"requests-{uuid.uuid4().hex[:8]}"
    produce(kafka_broker, inference, _records())
    policies = ("--retrain-on", "error=drift", "--retrain-on", "performance:below=0.9")
    topics = ("--retrain-topic", requests, "--notice-topic", notices)
    with Sidecar(*watch(kafka_broker, inference, *policies, *topics)) as sidecar:
        sidecar.wait_for_records(COUNT)
        scrape = sidecar.wait_for(lambda scrape: scrape("notice_failures_total", sink="retrain-topic") > 0)
        assert scrape("retrain_requests_total") == scrape("retrain_request_open") == 1
        assert scrape("notices_waiting", sink="retrain-topic") == 1
        sidecar.wait_for_line(f"retrain-topic: the topic '{requests}' does not exist, .*; 1 notices wait")
        assert sidecar.is_ready()
        kafka_broker.create_topic(requests)
        sidecar.wait_for(lambda scrape: scrape("notices_delivered_total", sink="retrain-topic") == 1)
        sidecar.wait_for(lambda scrape: scrape("notices_waiting", sink="notice-topic") == 0)
        sidecar.stop()
    (request,) = _events(kafka_broker, requests)
    assert request["type"] == "stream_monitor.retrain.requested"
    assert [reason["policy"] for reason in request.data["reasons"]] in (
        ["error=drift"],
        ["performance:below=0.9"],
    )
    assert request.data["index"] >= COUNT / 2
    told = _events(kafka_broker, notices)
    assert {event["type"] for event in told} <= {"stream_monitor.drift.detected", "stream_monitor.drift.recovered"}
    assert "error" in {event.data["signal"] for event in told}
