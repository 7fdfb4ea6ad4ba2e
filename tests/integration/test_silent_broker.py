"""A broker that disappears without closing connections, under a client with a fixed api_version."""

from __future__ import annotations

import signal

import pytest

from tests.integration.sidecar import Sidecar

OPTIONS = ("--group-id", "silent", "--topic", "inference", "--kafka-option", "api_version=2.3")


def test_a_broker_that_was_never_there() -> None:
    with Sidecar("--bootstrap-servers", "127.0.0.1:9", *OPTIONS) as sidecar:
        assert "can't connect to 127.0.0.1:9" in sidecar.wait_for_line("trying again")
        assert sidecar.get("/readyz")[0] == 503
        assert sidecar.ended(signal.SIGTERM) == 0


def test_a_broker_that_goes_away_turns_readyz_red_and_lets_the_process_end() -> None:
    pytest.importorskip("confluent_kafka")
    from kafka import KafkaProducer

    from stream_monitor.demo.broker import CLIENT_OPTIONS, EmbeddedBroker

    broker = EmbeddedBroker()
    broker.start()
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap_servers, **CLIENT_OPTIONS)
    for at in range(50):
        producer.send("inference", b'{"id": %d, "prediction": 1}' % at)
    producer.flush()
    producer.close()
    with Sidecar("--bootstrap-servers", broker.bootstrap_servers, *OPTIONS) as sidecar:
        sidecar.wait_for_records(50)
        sidecar.wait_until_ready()
        broker.stop()
        sidecar.wait_until_ready(False)
        assert sidecar.scrape()("source_errors_total") > 0
        assert sidecar.ended(signal.SIGTERM) == 0
