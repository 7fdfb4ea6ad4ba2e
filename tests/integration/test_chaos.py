"""The broker dies, the log loses its beginning, the clock jumps: every record is counted once, or counted as lost."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from tests.brokers import Broker
from tests.conftest import MakeTopic
from tests.integration.events import correct, label, prediction, send
from tests.integration.load import Load
from tests.integration.sidecar import ENDS, Scrape, Sidecar, watch
from tests.kafka_brokers import JarsBroker

pytestmark = pytest.mark.kafka

QUICK = ("--checkpoint-interval", "200ms")
YEAR = 365 * 86_400
JUMPING = """
import pathlib, time
real, jump = time.time, pathlib.Path({path!r})
time.time = lambda: real() + float(jump.read_text())
"""


def assert_counted(scrape: Scrape, count: int, repeated: int = 0) -> None:
    """Assert that this many pairs were counted, each once, and matched; so many records are in the log once more."""
    assert scrape("predictions_total") == scrape("labels_total") == scrape("outcomes_total") == count
    assert scrape("outcomes_correct_total") == correct(range(count))
    assert scrape("records_total") == 2 * count + repeated
    assert scrape("records_applied_total") == 2 * count
    assert sum(scrape(name) for name in ENDS if "duplicate" in name) == repeated
    assert [name for name in ENDS if "applied" not in name and "duplicate" not in name and scrape(name)] == []


def records_in(broker: Broker, partitions: int) -> int:
    """Return the number of records in the two logs: a producer repeats some when the broker dies as it answers."""
    tps = [TopicPartition(topic, at) for topic in ("predictions", "labels") for at in range(partitions)]
    with closing(KafkaConsumer(bootstrap_servers=broker.bootstrap_servers, **broker.client_options)) as consumer:
        return sum(consumer.end_offsets(tps).values())


def test_the_broker_is_killed_under_load_and_comes_back(mortal_broker: JarsBroker, tmp_path: Path) -> None:
    """The broker is killed twice while pairs are sent; the sidecar is restarted, too."""
    for name in ("predictions", "labels"):
        mortal_broker.create_topic(name, partitions=2)
    state = ("--state-dir", str(tmp_path / "state"))
    arguments = watch(mortal_broker, "predictions", "--label-topic", "labels", *state, *QUICK)
    with Load(mortal_broker, "predictions", "labels", partitions=2) as load, Sidecar(*arguments) as sidecar:
        sidecar.wait_for_records(500)
        for _ in range(2):
            mortal_broker.kill()
            load.wait_for(300)
            sidecar.scrape()
            mortal_broker.start()
            sidecar.wait_for_records(2 * load.sent)
        sidecar.stop()
    with Sidecar(*arguments) as sidecar:
        found = records_in(mortal_broker, partitions=2)
        assert_counted(sidecar.wait_for_records(found), load.sent, repeated=found - 2 * load.sent)
        sidecar.wait_until_ready()
        sidecar.stop()


def delete_before(broker: Broker, offsets: Mapping[tuple[str, int], int]) -> None:
    """Delete the beginning of these partitions, as retention does."""
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)) as admin:
        admin.delete_records({TopicPartition(*partition): offset for partition, offset in offsets.items()})


@pytest.mark.parametrize("kept", [True, False], ids=["with-a-state", "without"])
def test_what_the_log_has_lost_meanwhile_is_counted_and_said(
    kafka_broker: Broker, topic: MakeTopic, tmp_path: Path, kept: bool
) -> None:
    name, labels = topic("retention"), topic("labels")
    state = ("--state-dir", str(tmp_path / "state")) if kept else ()
    arguments = watch(kafka_broker, name, "--label-topic", labels, *QUICK, *state)
    send(kafka_broker, name, [prediction(at) for at in range(100)])
    send(kafka_broker, labels, [label(at) for at in range(100)])
    with Sidecar(*arguments) as sidecar:
        assert sidecar.wait_for_records(200)("records_lost_total") == 0
        sidecar.stop()
    send(kafka_broker, name, [prediction(at, prefix="later") for at in range(100)])
    delete_before(kafka_broker, {(name, 0): 150, (labels, 0): 60})  # of the labels, what was read already
    with Sidecar(*arguments) as sidecar:
        before = 200 if kept else 0
        scrape = sidecar.wait_for_records(before + 50)
        assert scrape("records_lost_total", topic=name) == 50
        assert scrape("records_lost_total", topic=labels) == 0
        assert scrape("predictions_total") == (150 if kept else 50)
        sidecar.wait_for_line(rf"{name}\[0\]: 50 records .* deleted before they were read")
        sidecar.stop()
    with Sidecar(*arguments) as sidecar:  # said once, and never forgotten where there is a state
        scrape = sidecar.wait_for(lambda now: bool(now.series("consumer_lag_records", topic=name)))
        assert scrape("records_lost_total") == (50 if kept else 0)


def test_the_wall_clock_jumps(kafka_broker: Broker, topic: MakeTopic, tmp_path: Path) -> None:
    """The clock jumps a year ahead and back, under load: expiry depends on event time only."""
    name, labels = topic("jumping", partitions=2), topic("labels", partitions=2)
    jump = tmp_path / "jump"
    jump.write_text("0")
    state = ("--state-dir", str(tmp_path / "state"), "--label-ttl", "1h")
    arguments = watch(kafka_broker, name, "--label-topic", labels, *state, *QUICK)
    with Load(kafka_broker, name, labels, partitions=2) as load:
        with Sidecar(*arguments, first=JUMPING.format(path=str(jump))) as sidecar:
            for offset in (0, YEAR, -YEAR, 0):
                turn(jump, offset)
                read = sidecar.scrape()("records_total")
                sidecar.wait_for_records(int(read) + 400)
            turn(jump, YEAR)
            sidecar.stop()
        with Sidecar(*arguments) as sidecar:
            sidecar.wait_for_records(load.sent)
            sidecar.stop()
    with Sidecar(*arguments) as sidecar:
        assert_counted(sidecar.wait_for_records(2 * load.sent), load.sent)


def turn(clock: Path, offset: float) -> None:
    """Set the jumping clock in one step."""
    fresh = clock.with_suffix(".new")
    fresh.write_text(str(offset))
    fresh.rename(clock)


def test_events_that_are_a_year_off_expire_nothing(kafka_broker: Broker, topic: MakeTopic) -> None:
    """A time a year ahead of its record is not used, and one a year back does not move stream time."""
    name = topic("off")
    events = []
    for at in range(100):
        off = {"ts": prediction(at)["ts"] + YEAR * (at % 3 - 1)}
        events += [prediction(at), prediction(at, prefix="off", **off)]
    events += [label(at, prefix=prefix) for at in range(100) for prefix in ("r", "off")]
    send(kafka_broker, name, events)
    with Sidecar(*watch(kafka_broker, name, "--label-ttl", "1h")) as sidecar:
        scrape = sidecar.wait_for_records(400)
        assert scrape("outcomes_total") == 200
        assert scrape("records_applied_total") == 400
        assert scrape("timestamps_replaced_total") == len(range(2, 100, 3))
