"""A broker that is down, dies or comes back: the sidecar waits, says so, and counts every event once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import closing

import orjson
import pytest
from kafka import KafkaProducer

from tests.brokers import Broker
from tests.integration.events import START, prediction, send
from tests.integration.sidecar import Sidecar, watch
from tests.jars import NoKafka
from tests.kafka_brokers import JarsBroker

pytestmark = pytest.mark.kafka


@pytest.fixture
def own_broker() -> Iterator[JarsBroker]:
    """Yield a broker for one test, not started yet."""
    try:
        broker = JarsBroker()
    except NoKafka as none:
        pytest.skip(str(none))
    with closing(broker):
        yield broker


def test_a_broker_that_is_down_at_start_is_waited_for(own_broker: JarsBroker) -> None:
    with Sidecar(*watch(own_broker, "inference")) as sidecar:
        sidecar.wait_for_line("trying again in 1 s")
        sidecar.wait_for_line("trying again in 2 s")
        status, why = sidecar.get("readyz")
        assert (status, "is the broker up" in why) == (503, True)
        assert sidecar.get("healthz")[0] == 200
        assert sidecar.scrape()("source_errors_total") >= 2
        own_broker.start()
        own_broker.create_topic("inference")
        send(own_broker, "inference", [prediction(at) for at in range(5)])
        assert sidecar.wait_for_records(5)("predictions_total") == 5
        assert sidecar.is_ready()
        sidecar.stop()


def test_a_broker_that_is_down_does_not_keep_it_from_ending(own_broker: JarsBroker) -> None:
    with Sidecar(*watch(own_broker, "inference")) as sidecar:
        sidecar.wait_for_line("trying again")
        sidecar.stop(signal.SIGINT)


def test_a_broker_that_goes_away_and_comes_back_costs_no_event(own_broker: JarsBroker) -> None:
    """Killed and restarted under load: every event is counted once."""
    own_broker.start()
    own_broker.create_topic("inference", partitions=2)
    with Sidecar(*watch(own_broker, "inference", "--checkpoint-interval", "500ms")) as sidecar:
        with Load(own_broker, "inference") as load:
            sidecar.wait_for_records(500)
            own_broker.kill()
            load.wait_for(1000)
            own_broker.start()
            sidecar.wait_for_records(load.sent + 500)
        scrape = sidecar.wait_for(lambda now: now("predictions_total") >= load.sent)
        assert scrape("predictions_total") == load.sent
        assert scrape("consumer_lag_records") == 0
        assert scrape.rejected() == {}
        assert sidecar.is_ready()
        sidecar.stop()


class Load(threading.Thread):
    """Sends predictions until the end of its ``with`` block; then the broker has all ``sent`` ones."""

    def __init__(self, broker: Broker, topic: str) -> None:
        super().__init__(daemon=True)
        self._topic = topic
        self._producer = KafkaProducer(bootstrap_servers=broker.bootstrap_servers, delivery_timeout_ms=100_000)
        self._ended = threading.Event()
        self.sent = 0

    def run(self) -> None:
        while not self._ended.wait(0.02):
            for _ in range(10):
                value = orjson.dumps(prediction(self.sent))
                stamp = int((START + self.sent) * 1000)
                self._producer.send(self._topic, value, partition=self.sent % 2, timestamp_ms=stamp)
                self.sent += 1

    def wait_for(self, more: int) -> None:
        """Wait until this many more are sent."""
        until = self.sent + more
        while self.sent < until:
            self._ended.wait(0.05)

    def __enter__(self) -> Load:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join(10)
        self._producer.flush(60)
        self._producer.close()
