"""The brokers of the tests work."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from tests.brokers import Broker, Record, produce
from tests.conftest import MakeTopic
from tests.jars import NoKafka, fetch_jars, find_java
from tests.kafka_brokers import BrokerError, JarsBroker

RECORDS: list[Record] = [
    (b"k%d" % i, b"v%d" % i, [("model", b"churn")], 1_700_000_000_000 + i, 0) for i in range(100)
]


def consume(broker: Broker, topic: str, count: int, group: str | None = None) -> list[ConsumerRecord]:
    """Read ``count`` records from where the group stands, and commit.

    The mock cluster lets a group wait for a member that has left until its session ends, hence the short one.
    """
    options = {"auto_offset_reset": "earliest", "enable_auto_commit": False, "group_id": group}
    options |= {"session_timeout_ms": 6000, "heartbeat_interval_ms": 1000}
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap_servers, **options, **broker.client_options)
    # Before the first metadata are in, kafka-python 3.0.12 can forget what it subscribes to, for five minutes.
    consumer.bootstrap(timeout_ms=30_000)
    # Before it knows the topic, it joins the group for nothing and has to join again.
    consumer.partitions_for_topic(topic)
    consumer.subscribe([topic])
    records: list[ConsumerRecord] = []
    deadline = time.monotonic() + 30
    with closing(consumer):
        while len(records) < count and time.monotonic() < deadline:
            batches = consumer.poll(timeout_ms=500, max_records=count - len(records))
            records += [record for batch in batches.values() for record in batch]
        if group:
            consumer.commit()
    return records


def values(records: list[ConsumerRecord]) -> list[bytes]:
    return [record.value for record in records]


@pytest.fixture(scope="session")
def kafka_jars() -> Path:
    """Return the jars, and a Java to run them."""
    try:
        find_java()
        return fetch_jars()
    except NoKafka as none:
        pytest.skip(str(none))


@pytest.fixture
def own_broker(request: pytest.FixtureRequest) -> Iterator[JarsBroker]:
    """Yield a broker that the test may kill."""
    request.getfixturevalue("kafka_jars")
    with JarsBroker() as broker:
        yield broker


def test_a_record_arrives_as_it_was_sent(any_broker: Broker, topic: MakeTopic) -> None:
    name = topic("whole")
    assert produce(any_broker, name, RECORDS) == len(RECORDS)
    arrived = [
        (r.key, r.value, list(r.headers), r.timestamp, r.partition) for r in consume(any_broker, name, len(RECORDS))
    ]
    assert arrived == RECORDS


def test_a_group_goes_on_where_it_committed(any_broker: Broker, topic: MakeTopic) -> None:
    name = topic("group")
    produce(any_broker, name, RECORDS)
    first = consume(any_broker, name, 40, group=name)
    rest = consume(any_broker, name, 60, group=name)
    assert values(first + rest) == [value for _, value, *_ in RECORDS]


def test_a_topic_has_the_partitions_asked_for(kafka_broker: Broker, topic: MakeTopic) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka_broker.bootstrap_servers)
    with closing(producer):
        assert producer.partitions_for(topic("three", partitions=3)) == {0, 1, 2}


def test_a_record_may_have_ten_mebibytes(kafka_broker: Broker, topic: MakeTopic) -> None:
    name = topic("big")
    produce(kafka_broker, name, [(None, bytes(10 * 1024 * 1024), [], None, None)])
    assert [len(value) for value in values(consume(kafka_broker, name, 1))] == [10 * 1024 * 1024]


@pytest.mark.kafka
@pytest.mark.parametrize("how", ["restart", "kill"])
def test_data_and_offsets_outlive_the_process(own_broker: JarsBroker, how: str) -> None:
    own_broker.create_topic("kept")
    produce(own_broker, "kept", RECORDS)
    consume(own_broker, "kept", 40, group="readers")
    port, pid = own_broker.bootstrap_servers, own_broker.pid
    if how == "restart":
        own_broker.restart()
    else:
        own_broker.kill()
        assert own_broker.pid is None
        own_broker.start()
    assert own_broker.bootstrap_servers == port
    assert own_broker.pid != pid
    assert len(consume(own_broker, "kept", 60, group="readers")) == 60


@pytest.mark.kafka
def test_a_client_lives_through_a_restart(own_broker: JarsBroker) -> None:
    own_broker.create_topic("lived")
    producer = KafkaProducer(bootstrap_servers=own_broker.bootstrap_servers)
    with closing(producer):
        producer.send("lived", b"before").get(10)
        own_broker.restart()
        producer.send("lived", b"after").get(30)
        ends = KafkaConsumer(bootstrap_servers=own_broker.bootstrap_servers)
        with closing(ends):
            assert ends.end_offsets([TopicPartition("lived", 0)]) == {TopicPartition("lived", 0): 2}


@pytest.mark.kafka
def test_a_broker_that_can_not_start_shows_its_log(own_broker: JarsBroker) -> None:
    own_broker.stop()
    host, port = own_broker.bootstrap_servers.split(":")
    with socket.create_server((host, int(port))), pytest.raises(BrokerError, match="Address already in use"):
        own_broker.start()
    assert own_broker.pid is None


@pytest.mark.kafka
@pytest.mark.usefixtures("kafka_jars")
def test_a_setting_that_kafka_refuses_is_shown() -> None:
    with closing(JarsBroker({"num.partitions": "many"})) as refused, pytest.raises(BrokerError, match="many"):
        refused.start()


@pytest.mark.kafka
@pytest.mark.usefixtures("kafka_jars")
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is asked for on Linux only")
def test_the_broker_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    script = (
        "from tests.kafka_brokers import JarsBroker; b = JarsBroker(); b.start(); print(b.pid, flush=True); input()"
    )
    root, home = Path(__file__).parents[2], os.environ | {"TMPDIR": str(tmp_path)}
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", script], cwd=root, env=home, stdin=pipe, stdout=pipe) as parent:
        assert parent.stdout
        java = int(parent.stdout.readline())
        assert is_running(java)
        parent.kill()
    deadline = time.monotonic() + 10
    while is_running(java) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(java)


def is_running(pid: int) -> bool:
    """Return True if the process exists and is not a zombie."""
    try:
        os.kill(pid, 0)
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
