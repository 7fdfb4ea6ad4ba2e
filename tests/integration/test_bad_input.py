"""Bad data over Kafka: it is counted under its reason and skipped, all else is counted, and the process lives."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
import pytest

from tests.brokers import Broker, produce
from tests.conftest import MakeTopic
from tests.integration import raw_batches
from tests.integration.events import START, as_record, label, prediction, send
from tests.integration.sidecar import Scrape, Sidecar, watch

MANY_FEATURES = {f"f{at}": at for at in range(10_000)}
GOOD = orjson.dumps(prediction(0))
ANY_SHARE = ("--max-reject-share", "100%")


class Bad(NamedTuple):
    """Bad records between two good predictions, and the expected result: a rejection, or further counts."""

    name: str
    records: list[Any]
    reason: str | None = None
    predictions: int = 0
    others: dict[str, int] = {}  # noqa: RUF012 - never changed


def event(**fields: Any) -> dict[str, Any]:
    """A prediction with these fields in place of its own; None takes one away."""
    whole = prediction(1, prefix="odd") | fields
    return {name: value for name, value in whole.items() if value is not None}


CASES = (
    Bad("not-json", [b"not json", b"", b"\xef\xbb\xbf", b"{'id': 1}"], "not_json"),
    Bad("truncated", [GOOD[: len(GOOD) // 2], GOOD[:-1]], "not_json"),
    Bad("not-utf8", [b"\xff\xfe\xfd", GOOD.replace(b"yes", b"\xe9\xe8")], "not_utf8"),
    Bad("list-and-number", [b"[]", [prediction(1)], b"17", b'"text"', b"null", b"true"], "not_object"),
    Bad("missing-id", [event(id=None), event(id="")], "missing_id"),
    Bad("missing-prediction", [event(prediction=None), b"{}"], "missing_prediction"),
    Bad("type-of-id", [event(id=1.5), event(id=["x"]), event(id=True)], "wrong_type"),
    Bad("type-of-prediction", [event(prediction=["yes"]), event(prediction={"yes": 1})], "wrong_type"),
    Bad("type-of-features", [event(features=[1, 2]), event(features="age"), event(features=3)], "wrong_type"),
    Bad("type-of-score", [event(score="high"), event(score=[0.5])], "wrong_type"),
    Bad("type-of-model", [event(model=["churn"]), event(version={"v": 1}), event(model="m" * 1000)], "wrong_type"),
    Bad("type-of-groups", [event(groups=["f"])], "wrong_type"),
    Bad("type-of-ts", [event(ts="yesterday"), event(ts=[2026]), event(ts="2026-13-45")], "bad_timestamp"),
    Bad(
        "nan-and-infinity",
        [
            b'{"id": "nan%d", "prediction": "yes", "features": {"age": %s}}' % pair
            for pair in enumerate((b"NaN", b"Infinity", b"-Infinity", b"1e999"))
        ],
        predictions=4,
        others={"missing": 4},
    ),
    Bad("nan-as-prediction", [b'{"id": "x", "prediction": NaN}'], "wrong_type"),
    Bad(
        "numbers-as-strings",
        [event(id="text1", features={"age": "41"}), event(id="text2", prediction="1")],
        predictions=2,
        others={"text": 1},
    ),
    Bad("ten-megabytes", [event(id="big", features={"age": "x" * 10 * 1024 * 1024})], "too_large"),
    Bad("many-features", [event(id="wide", features=MANY_FEATURES)], predictions=1),
    Bad("nested-too-deeply", [b"[" * 100_000 + b"]" * 100_000, b'{"id":' * 50_000], "not_json"),
    Bad(
        "nested",
        [b'{"id": "deep", "prediction": "yes", "features": {"age": ' + b"[" * 500 + b"]" * 500 + b"}}"],
        predictions=1,
        others={"other": 1},
    ),
    Bad("duplicate-ids", [event(id="twice"), event(id="twice"), event(id="twice", prediction="no")], predictions=1),
    Bad(
        "duplicate-keys",
        [b'{"id": "k1", "id": "k2", "prediction": "no", "prediction": "yes"}', event(id="k2"), event(id="k1")],
        predictions=2,
    ),
    Bad(
        "times",
        [event(id=f"t{at}", ts=ts) for at, ts in enumerate((0, "1970-01-01", "2099-01-01T00:00:00Z", 4e9, 1e18))],
        predictions=5,
    ),
    Bad("tombstones", [None, None], "tombstone"),
)


class Watched(NamedTuple):
    """A sidecar that has read its topic up to now."""

    sidecar: Sidecar
    broker: Broker
    topic: str


@pytest.fixture(scope="module")
def watched(any_broker: Broker) -> Iterator[Watched]:
    """One sidecar for all the cases of a broker."""
    name = f"bad-{any_broker.kind}"
    any_broker.create_topic(name)
    send(any_broker, name, [prediction(0, prefix="first")])
    with Sidecar(*watch(any_broker, name, *ANY_SHARE)) as sidecar:
        sidecar.wait_for_records(1)
        yield Watched(sidecar, any_broker, name)
        sidecar.stop()


@pytest.mark.parametrize("bad", CASES, ids=[case.name for case in CASES])
def test_bad_records_are_counted_and_the_good_ones_beside_them_too(watched: Watched, bad: Bad) -> None:
    sidecar, broker, name = watched
    if bad.name == "ten-megabytes" and broker.kind == "embedded":
        pytest.skip("the mock cluster keeps no more than 5 MB of a partition")
    before = sidecar.scrape()
    first, last = prediction(0, prefix=f"{bad.name}-a"), prediction(1, prefix=f"{bad.name}-b")
    sent = send(broker, name, [first, *bad.records, last])
    after = sidecar.wait_for_records(int(before("records_total")) + sent)
    assert after("predictions_total") - before("predictions_total") == 2 + bad.predictions
    rejected = {reason: count - before.rejected().get(reason, 0) for reason, count in after.rejected().items()}
    expected = {bad.reason: len(bad.records)} if bad.reason else {}
    assert {reason: count for reason, count in rejected.items() if count} == expected
    for kind, count in bad.others.items():
        assert values_of_age(after, kind) - values_of_age(before, kind) == count
    assert sidecar.is_ready()


def values_of_age(scrape: Scrape, kind: str) -> float:
    return scrape("feature_values_total", feature="age", kind=kind)


def test_the_log_says_where_and_why_but_not_what(watched: Watched) -> None:
    sidecar, broker, name = watched
    send(broker, name, [b'{"secret": "4929-1234"'])
    line = sidecar.wait_for_line(rf"rejected {name}\[0\] offset \d+: not_json: ")
    assert "WARNING" in line
    assert "4929" not in sidecar.log


def test_total_garbage_is_loud(kafka_broker: Broker, topic: MakeTopic) -> None:
    name = topic("garbage")
    send(kafka_broker, name, [b"garbage"] * 100)
    with Sidecar(*watch(kafka_broker, name)) as sidecar:
        assert sidecar.wait_for_records(100).rejected() == {"not_json": 100}
        status, why = sidecar.get("readyz")
        assert status == 503
        assert "100.0% of the newest records were rejected" in why
        assert len([line for line in sidecar.lines if "rejected" in line]) <= 10
        send(kafka_broker, name, [prediction(at) for at in range(3000)])
        sidecar.wait_for_records(3100)
        assert sidecar.is_ready()


UNKNOWN_CODECS = (5, 6, 7)


def raw(numbers: range, **options: Any) -> bytes:
    return raw_batches.batch([orjson.dumps(prediction(at)) for at in numbers], **options)


@pytest.mark.parametrize("codec", UNKNOWN_CODECS)
def test_kafka_refuses_an_unknown_compression(kafka_broker: Broker, topic: MakeTopic, codec: int) -> None:
    name = topic("refused")
    assert raw_batches.send_raw(kafka_broker.bootstrap_servers, name, raw(range(3))) == 0
    assert raw_batches.send_raw(kafka_broker.bootstrap_servers, name, raw(range(3), codec=codec)) != 0


def test_a_batch_that_can_not_be_read_is_skipped(embedded_broker: Broker, topic: MakeTopic) -> None:
    """The mock cluster keeps batches as they are: an unknown codec, damaged compressions, and a failed checksum."""
    name, codecs = topic("unreadable"), (*UNKNOWN_CODECS, 2, 3, 4)
    send(embedded_broker, name, [prediction(0)])
    batches = [raw(range(1, 6)), raw(range(6, 11), codec=1)]
    batches += [raw(range(100, 103), codec=codec) for codec in codecs]
    batches += [raw_batches.broken(raw(range(100, 103))), raw(range(11, 16))]
    for each in batches:
        assert raw_batches.send_raw(embedded_broker.bootstrap_servers, name, each) == 0
    with Sidecar(*watch(embedded_broker, name, *ANY_SHARE)) as sidecar:
        scrape = sidecar.wait_for_records(16 + 3 * (len(codecs) + 1))
        assert scrape("predictions_total") == 16
        assert scrape.rejected() == {"unreadable": 3 * (len(codecs) + 1)}
        assert sidecar.wait_for_line("unreadable: UnsupportedCodecError: Unrecognized compression type: 5")
        send(embedded_broker, name, [prediction(at) for at in range(16, 20)])
        assert sidecar.wait_for(lambda now: now("predictions_total") == 20).rejected() == scrape.rejected()
        sidecar.stop()


def test_a_record_that_can_not_be_read_is_stepped_over(kafka_broker: Broker, topic: MakeTopic) -> None:
    """Kafka takes a header whose name is not UTF-8; the client does not."""
    name = topic("header")
    good, bad = raw_batches.record(0, GOOD), raw_batches.record(1, GOOD, header=b"\xff\xfe")
    last = raw_batches.record(2, orjson.dumps(prediction(2)))
    assert raw_batches.send_raw(kafka_broker.bootstrap_servers, name, raw_batches.batch_of([good, bad, last])) == 0
    with Sidecar(*watch(kafka_broker, name, *ANY_SHARE)) as sidecar:
        scrape = sidecar.wait_for_records(3)
        assert scrape("predictions_total") == 2
        assert scrape.rejected() == {"unreadable": 1}
        assert scrape("consumer_lag_records") == 0


def test_an_empty_topic_is_waited_at(kafka_broker: Broker, topic: MakeTopic) -> None:
    name = topic("empty")
    with Sidecar(*watch(kafka_broker, name)) as sidecar:
        sidecar.wait_until_ready()
        assert sidecar.scrape()("consumer_lag_records") == 0
        send(kafka_broker, name, [prediction(at) for at in range(5)])
        assert sidecar.wait_for_records(5)("predictions_total") == 5
        sidecar.stop()


def test_a_topic_that_does_not_exist_is_waited_for(kafka_broker: Broker, topic: MakeTopic) -> None:
    there = topic("there")
    absent = there.replace("there", "absent")
    send(kafka_broker, there, [label(at) for at in range(5)])
    with Sidecar(*watch(kafka_broker, absent, "--label-topic", there)) as sidecar:
        sidecar.wait_for_line(f"waiting for topics that do not exist yet: {absent}$")
        sidecar.wait_for_records(5)
        kafka_broker.create_topic(absent)
        send(kafka_broker, absent, [prediction(at) for at in range(5)])
        assert sidecar.wait_for_records(10)("outcomes_total") == 5
        assert sidecar.is_ready()
        sidecar.stop()


def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        settings = ("--bootstrap-servers", "127.0.0.1:1", "--topic", "t", "--group-id", "g", "--listen", where)
        sidecar = Sidecar(*settings, listen=False)
        try:
            sidecar.start()
            assert sidecar.ended() == 2
        finally:
            sidecar.kill()
    assert len(sidecar.lines) == 1
    assert f"--listen: can't listen on {where}: Address already in use" in sidecar.lines[0]


def test_times_that_can_not_be_right_give_way_to_the_records_own(kafka_broker: Broker, topic: MakeTopic) -> None:
    """A time in 2099 must not expire what waits."""
    name = topic("times")
    events = [prediction(0), prediction(1, ts="2099-01-01"), prediction(2, ts=0), *(label(at) for at in range(3))]
    produce(kafka_broker, name, [as_record(value, ts_ms=int((START + 5) * 1000), partition=0) for value in events])
    with Sidecar(*watch(kafka_broker, name)) as sidecar:
        scrape = sidecar.wait_for_records(6)
        assert scrape("timestamps_replaced_total") == 2
        assert scrape("outcomes_total") == 3
        assert scrape("predictions_expired_total") == 0
