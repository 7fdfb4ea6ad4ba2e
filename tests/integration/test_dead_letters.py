"""Dead letters over a real Kafka: nothing is lost, whatever becomes of their topic or of the process."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from tests.brokers import Broker, Record, produce
from tests.conftest import MakeTopic
from tests.integration.events import START, prediction
from tests.integration.sidecar import Sidecar, watch

CONTRACT = "features: {age: {type: integer, minimum: 18}}\n"
HEADERS = [("trace", b"\x00\xff"), ("trace", b"2")]
PREFIX = "stream_monitor.errors."
QUICK = ("--checkpoint-interval", "500ms", "--max-reject-share", "100%")


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    path = tmp_path / "contract.yaml"
    path.write_text(CONTRACT)
    return path


def _records(bodies: Sequence[Any]) -> list[Record]:
    """Return records with keys, headers and times of their own."""
    raw = [body if isinstance(body, bytes | None) else orjson.dumps(body) for body in bodies]
    return [(f"k{at}".encode(), value, HEADERS, int(START * 1000) + at, 0) for at, value in enumerate(raw)]


def _letters(broker: Broker, topic: str) -> list[Any]:
    """Return all records of a topic."""
    with closing(KafkaConsumer(bootstrap_servers=broker.bootstrap_servers, **broker.client_options)) as consumer:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        found: list[Any] = []
        while consumer.position(partition) < consumer.end_offsets([partition])[partition]:
            found += consumer.poll(timeout_ms=500).get(partition, [])
        return found


def _own(letter: Any) -> dict[str, str]:
    return {name.removeprefix(PREFIX): value.decode() for name, value in letter.headers[len(HEADERS) :]}


BODIES = [
    prediction(0),
    b"no json \xff",
    prediction(2, features={"age": "41"}),
    None,
    prediction(4, features={"age": 7}),
    prediction(5),
]
BAD = (1, 2, 3, 4)


def test_letters_are_as_they_came(kafka_broker: Broker, topic: MakeTopic, contract: Path) -> None:
    inference, dead = topic("inference"), topic("dead")
    records = _records(BODIES)
    produce(kafka_broker, inference, records)
    flags = ("--dead-letter-topic", dead, "--contract", str(contract), *QUICK)
    with Sidecar(*watch(kafka_broker, inference, *flags)) as sidecar:
        _await_letters(sidecar)
        sidecar.wait_until_ready()
        sidecar.stop()
    letters = _letters(kafka_broker, dead)
    assert len(letters) == len(BAD)
    for letter, at in zip(letters, BAD, strict=True):
        key, value, headers, ts, _ = records[at]
        assert (letter.key, letter.value, list(letter.headers[: len(HEADERS)]), letter.timestamp) == (
            *(key, value, headers, ts),
        )
        own = _own(letter)
        assert (own["topic"], own["partition"], own["offset"]) == (inference, "0", str(at))
    assert [_own(letter)["reason"] for letter in letters] == ["not_utf8", "contract", "tombstone", "contract"]
    wrong = _own(letters[1])
    assert (wrong["feature"], wrong["rule"]) == ("age", "type")
    assert wrong["expected"] == "a whole number of at least 18"
    assert (wrong["received"], wrong["fix"]) == ("the text '41'", "send 41 without quotes")


def _await_letters(sidecar: Sidecar) -> None:
    """Wait until all letters are written, and check the counters."""
    sidecar.wait_for_records(len(BODIES))
    scrape = sidecar.wait_for(lambda scrape: scrape("dead_letters_total") == len(BAD))
    assert scrape("dead_letters_total", reason="contract") == 2
    assert scrape("feature_violations_total", feature="age", rule="type") == 1
    assert scrape("feature_violations_total", feature="age", rule="range") == 1
    assert scrape("predictions_invalid_total") == 2


def test_a_topic_that_is_not_there_holds_all_back_until_it_is(
    kafka_broker: Broker, topic: MakeTopic, contract: Path
) -> None:
    inference, dead = topic("inference"), f"dead-{uuid.uuid4().hex[:8]}"
    produce(kafka_broker, inference, _records(BODIES))
    flags = ("--dead-letter-topic", dead, "--contract", str(contract), *QUICK)
    with Sidecar(*watch(kafka_broker, inference, *flags)) as sidecar:
        sidecar.wait_for_line(f"--dead-letter-topic: the topic '{dead}' does not exist, .*trying again in 1 s")
        status, text = sidecar.get("readyz")
        assert status == 503
        assert "dead letters can't be written, so nothing is read" in text
        assert sidecar.scrape()("records_total") == 0
        kafka_broker.create_topic(dead)
        _await_letters(sidecar)
        sidecar.wait_until_ready()
        sidecar.stop()
    assert len(_letters(kafka_broker, dead)) == len(BAD)


def test_a_topic_that_refuses_loses_nothing(
    kafka_broker: Broker, topic: MakeTopic, contract: Path, tmp_path: Path
) -> None:
    inference, dead = topic("inference"), topic("dead")
    _limit(kafka_broker, dead, 10)
    produce(kafka_broker, inference, _records(BODIES))
    state = ("--state-dir", str(tmp_path / "state"))
    command = watch(kafka_broker, inference, "--dead-letter-topic", dead, "--contract", str(contract), *state, *QUICK)
    with Sidecar(*command) as sidecar:
        line = sidecar.wait_for_line("--dead-letter-topic: can't write to")
        assert "TooLarge" in line
        assert not sidecar.is_ready()
        assert sidecar.ended(signal.SIGTERM) == 0
        assert "the records since the last checkpoint will be read again" in sidecar.log
    _limit(kafka_broker, dead, 1_000_000)
    with Sidecar(*command) as sidecar:
        _await_letters(sidecar)
        sidecar.stop()
    assert [_own(letter)["offset"] for letter in _letters(kafka_broker, dead)] == list(map(str, BAD))


def _limit(broker: Broker, topic: str, size: int) -> None:
    """Set the size of the largest batch that a topic takes."""
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)) as admin:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic, configs={"max.message.bytes": str(size)})
        admin.alter_configs([resource])


@pytest.mark.parametrize("point", ["applied", "checkpoint.sealed", "checkpoint.written", "committed"])
def test_a_killed_process_writes_each_letter_at_least_once(
    kafka_broker: Broker, topic: MakeTopic, contract: Path, tmp_path: Path, point: str
) -> None:
    inference, dead = topic("inference"), topic("dead")
    produce(kafka_broker, inference, _records(BODIES))
    state = ("--state-dir", str(tmp_path / "state"), "--group-instance-id", "only")
    command = watch(kafka_broker, inference, "--dead-letter-topic", dead, "--contract", str(contract), *state, *QUICK)
    with Sidecar(*command, environment={"STREAM_MONITOR_FAILPOINT": f"{point}:1"}) as sidecar:
        assert sidecar.ended() == -signal.SIGKILL
    with Sidecar(*command) as sidecar:
        _await_letters(sidecar)
        sidecar.stop()
    assert {_own(letter)["offset"] for letter in _letters(kafka_broker, dead)} == set(map(str, BAD))
