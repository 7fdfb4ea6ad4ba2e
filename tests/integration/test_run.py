"""``stream-monitor run`` over Kafka counts all events, over restarts and replicas.

A group of the embedded broker whose last member has left doesn't take another, so what restarts needs the real one.
"""

from __future__ import annotations

import signal
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from kafka import KafkaAdminClient

from tests.brokers import Broker, Record, produce
from tests.conftest import MakeTopic
from tests.integration.events import START, as_record, correct, label, prediction, send
from tests.integration.sidecar import Scrape, Sidecar, watch

COMPRESSIONS = (None, "gzip", "snappy", "lz4", "zstd")
QUICK = ("--checkpoint-interval", "500ms")


def assert_counted(scrape: Scrape, numbers: range) -> None:
    """Assert that exactly these predictions are matched with their labels."""
    assert scrape("predictions_total") == len(numbers)
    assert scrape("labels_total") == len(numbers)
    assert scrape("outcomes_total") == len(numbers)
    assert scrape("outcomes_correct_total") == correct(numbers)
    accuracy = scrape("performance_ratio", measure="accuracy", window="cumulative")
    assert accuracy == pytest.approx(correct(numbers) / len(numbers))
    assert scrape("waiting_predictions") == scrape("waiting_labels") == 0
    assert scrape("predictions_duplicate_total") == scrape("labels_duplicate_total") == 0
    assert scrape.rejected() == {}


def group_of(broker: Broker, name: str) -> dict[str, Any]:
    """Return the description of a consumer group by the broker."""
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)) as admin:
        group: dict[str, Any] = admin.describe_groups([name])[name]
        return group


def test_labels_from_another_topic_join_before_and_after_their_prediction(
    any_broker: Broker, topic: MakeTopic
) -> None:
    inference, labels = topic("inference"), topic("labels")
    send(any_broker, labels, [label(at) for at in range(50)])
    with Sidecar(*watch(any_broker, inference, "--label-topic", labels)) as sidecar:
        assert sidecar.wait_for_records(50)("waiting_labels") == 50
        send(any_broker, inference, [prediction(at) for at in range(100)])
        assert sidecar.wait_for_records(150)("waiting_predictions") == 50
        send(any_broker, labels, [label(at) for at in range(50, 100)])
        scrape = sidecar.wait_for_records(200)
        assert_counted(scrape, range(100))
        assert scrape("records_total", topic=inference) == scrape("records_total", topic=labels) == 100
        assert scrape("label_delay_seconds_count") == 100
        assert scrape("label_delay_seconds_sum") == 1000
        assert sidecar.is_ready()
        sidecar.stop()


def test_labels_come_inline_or_on_the_same_topic(any_broker: Broker, topic: MakeTopic) -> None:
    name = topic("mixed")
    inline = [prediction(at, label=label(at)["label"]) for at in range(50)]
    pairs = [event for at in range(50, 100) for event in (prediction(at), label(at))]
    send(any_broker, name, inline + pairs)
    with Sidecar(*watch(any_broker, name)) as sidecar:
        assert_counted(sidecar.wait_for_records(150), range(100))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well_and_it_leaves_the_group(
    kafka_broker: Broker, topic: MakeTopic, how: signal.Signals
) -> None:
    name = topic("signal")
    send(kafka_broker, name, [prediction(at) for at in range(10)])
    with Sidecar(*watch(kafka_broker, name)) as sidecar:
        sidecar.wait_for_records(10)
        assert len(group_of(kafka_broker, name)["members"]) == 1
        sidecar.stop(how)
    assert group_of(kafka_broker, name)["members"] == []
    send(kafka_broker, name, [prediction(at) for at in range(10, 15)])
    with Sidecar(*watch(kafka_broker, name)) as heir:
        begin = time.monotonic()
        assert heir.wait_for_records(5)("predictions_total") == 5
        assert time.monotonic() - begin < 5


def test_a_restart_goes_on_where_it_stopped(kafka_broker: Broker, topic: MakeTopic) -> None:
    name = topic("restart")
    for numbers in (range(60), range(60, 100)):
        send(kafka_broker, name, [event for at in numbers for event in (prediction(at), label(at))])
        with Sidecar(*watch(kafka_broker, name)) as sidecar:
            assert_counted(sidecar.wait_for_records(2 * len(numbers)), numbers)
            sidecar.stop()


def test_a_killed_one_goes_on_where_it_had_committed(kafka_broker: Broker, topic: MakeTopic, tmp_path: Path) -> None:
    """With --state-dir, nothing is counted twice over a kill."""
    name = topic("killed")
    # The dead member's partitions are free once its session ends.
    session = ("--kafka-option", "session_timeout_ms=1500", "--kafka-option", "heartbeat_interval_ms=400")
    arguments = watch(kafka_broker, name, "--state-dir", str(tmp_path / "state"), *QUICK, *session)
    send(kafka_broker, name, [prediction(at) for at in range(100)])
    with Sidecar(*arguments) as sidecar:
        sidecar.wait_for_records(100)
        time.sleep(1)
        sidecar.kill()
    send(kafka_broker, name, [label(at) for at in range(100)])
    with Sidecar(*arguments) as sidecar:
        assert_counted(sidecar.wait_for_records(200), range(100))
        sidecar.stop()


def test_start_latest_holds_only_where_the_group_has_no_position(kafka_broker: Broker, topic: MakeTopic) -> None:
    name = topic("latest")
    arguments = watch(kafka_broker, name, "--start", "latest")
    send(kafka_broker, name, [prediction(at) for at in range(50)])
    with Sidecar(*arguments) as sidecar:
        sidecar.wait_for(lambda scrape: bool(scrape.series("consumer_lag_records", topic=name)))
        send(kafka_broker, name, [prediction(at) for at in range(50, 70)])
        assert sidecar.wait_for_records(20)("predictions_total") == 20
        sidecar.stop()
    send(kafka_broker, name, [prediction(at) for at in range(70, 100)])
    with Sidecar(*arguments) as sidecar:
        assert sidecar.wait_for_records(30)("predictions_total") == 30


def test_flags_win_over_environment_over_file(kafka_broker: Broker, topic: MakeTopic, tmp_path: Path) -> None:
    name, labels = topic("configured"), topic("labels")
    file = tmp_path / "stream-monitor.yaml"
    settings = {"topic": [name], "label_topic": labels, "model": "of-file", "version": "of-file", "max-versions": 3}
    file.write_text(yaml.safe_dump(settings | {"kafka_option": {"max_poll_records": 500}, "group_id": "of-file"}))
    environment = {
        "STREAM_MONITOR_BOOTSTRAP_SERVERS": kafka_broker.bootstrap_servers,
        "STREAM_MONITOR_GROUP_ID": name,
        "STREAM_MONITOR_MODEL": "of-environment",
        "STREAM_MONITOR_VERSION": "of-environment",
        "STREAM_MONITOR_DETECTOR": "error=adwin feature:*=page_hinkley:threshold=25",
    }
    send(kafka_broker, name, [prediction(at) for at in range(20)])
    send(kafka_broker, labels, [label(at) for at in range(20)])
    with Sidecar("--config", str(file), "--version", "of-flag", environment=environment) as sidecar:
        scrape = sidecar.wait_for_records(40)
        assert scrape("outcomes_total", model="of-environment", version="of-flag") == 20
        watched = {(labels["signal"], labels["detector"]) for labels, _ in scrape.series("drift_detections_total")}
        assert watched == {("error", "adwin"), ("feature:age", "page_hinkley")}
        sidecar.stop()
    assert group_of(kafka_broker, name)["group_state"] != "Dead"


def test_the_lag_is_seen_to_shrink_to_nothing(kafka_broker: Broker, topic: MakeTopic) -> None:
    name, count = topic("lag"), 10_000
    send(kafka_broker, name, [prediction(at) for at in range(count)])
    seen: list[float] = []

    def note(scrape: Scrape) -> bool:
        seen.extend(value for _, value in scrape.series("consumer_lag_records", topic=name, partition="0"))
        return scrape("records_total") == count and seen[-1] == 0

    with Sidecar(*watch(kafka_broker, name, "--kafka-option", "max_poll_records=10")) as sidecar:
        sidecar.wait_for(note)
    assert seen == sorted(seen, reverse=True)
    assert 0 < seen[0] < count


def test_topics_may_be_compressed_by_every_codec(any_broker: Broker, topic: MakeTopic) -> None:
    name = topic("compressed")
    for codec in COMPRESSIONS:
        send(any_broker, name, [prediction(at, prefix=str(codec)) for at in range(40)], compression_type=codec)
    with Sidecar(*watch(any_broker, name)) as sidecar:
        scrape = sidecar.wait_for_records(40 * len(COMPRESSIONS))
        assert scrape("predictions_total") == 40 * len(COMPRESSIONS)
        assert scrape.rejected() == {}


def test_foreign_schemas_are_mapped(any_broker: Broker, topic: MakeTopic) -> None:
    inference, labels = topic("foreign"), topic("truth")
    fields = {
        "id": "@key",
        "ts": "@timestamp",
        "version": "@header.model-version",
        "model": "meta.name",
        "prediction": "result.class",
        "score": "result.p",
        "features": "input",
        "feature:hour": "meta.hour",
    }
    label_fields = {"id": "ref", "label": "truth.value", "ts": "@timestamp"}
    records: list[Record] = []
    for at in range(30):
        body = {
            "meta": {"name": "churn", "hour": at % 24},
            "result": {"class": "yes", "p": 0.5},
            "input": {"age": at},
        }
        key, value, _, ts, partition = as_record(body, b"k%d" % at, int((START + at) * 1000), 0)
        records.append((key, value, [("other", b"x"), ("model-version", b"v%d" % (at % 2))], ts, partition))
    produce(any_broker, inference, records)
    foreign_labels = [{"ref": f"k{at}", "truth": {"value": "yes"}} for at in range(30)]
    produce(any_broker, labels, [as_record(body, None, int((START + 60) * 1000), 0) for body in foreign_labels])
    flags = [part for name, path in fields.items() for part in ("--field", f"{name}={path}")]
    flags += [part for name, path in label_fields.items() for part in ("--label-field", f"{name}={path}")]
    with Sidecar(*watch(any_broker, inference, "--label-topic", labels, *flags)) as sidecar:
        scrape = sidecar.wait_for_records(60)
    assert scrape.rejected() == {}
    for version in ("v0", "v1"):
        assert scrape("outcomes_correct_total", model="churn", version=version) == 15
        assert scrape("signal_mean", version=version, signal="score") == 0.5
        assert scrape("feature_values_total", version=version, feature="age", kind="numeric") == 15
        assert scrape("feature_values_total", version=version, feature="hour", kind="numeric") == 15
    assert scrape("label_delay_seconds_sum") == sum(60 - at for at in range(30))


def test_replicas_share_the_partitions_and_their_counters_add_up(kafka_broker: Broker, topic: MakeTopic) -> None:
    """A replica joins under load, and one leaves: nothing is lost or doubled."""
    name = topic("replicas", partitions=4)
    arguments, sent = watch(kafka_broker, name, "--kafka-option", "max_poll_records=20"), 0

    def send_more() -> int:
        numbers = range(sent, sent + 1000)
        events = [(at, event) for at in numbers for event in (prediction(at), label(at))]
        produce(kafka_broker, name, [as_record(event, partition=at % 4) for at, event in events])
        return numbers.stop

    with Sidecar(*arguments) as first, Sidecar(*arguments) as second:
        while sent < 3000 or len(second.scrape().series("consumer_lag_records")) < 2:
            sent = send_more()
        sent = send_more()
        total = wait_for_sum((first, second), "records_total", 2 * sent)
        assert total("outcomes_total") == sent
        assert total("outcomes_correct_total") == correct(range(sent))
        assert all(scrape("records_total") > 0 for scrape in total.scrapes)
        first.stop()
        before = second.scrape()("outcomes_total")
        send_more()
        # A partition may have been handed over between a prediction and its label: records are no twice the outcomes.
        second.wait_for(lambda scrape: scrape("outcomes_total") >= before + 1000)
        time.sleep(1)
        assert second.scrape()("outcomes_total") == before + 1000


class Total:
    """The sum of several replicas' scrapes."""

    def __init__(self, scrapes: list[Scrape]) -> None:
        self.scrapes = scrapes

    def __call__(self, name: str, **labels: str) -> float:
        return sum(scrape(name, **labels) for scrape in self.scrapes)


def wait_for_sum(replicas: tuple[Sidecar, ...], name: str, value: float, seconds: float = 40) -> Total:
    """Wait until the counters of all replicas add up to the value, and a little longer to detect an excess."""
    deadline = time.monotonic() + seconds
    while (total := Total([replica.scrape() for replica in replicas]))(name) < value:
        assert time.monotonic() < deadline, "\n".join(f"{total(name)}: {replica.log}" for replica in replicas)
        time.sleep(0.2)
    time.sleep(1)
    total = Total([replica.scrape() for replica in replicas])
    assert total(name) == value
    return total
