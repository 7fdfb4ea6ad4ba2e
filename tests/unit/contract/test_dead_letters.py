"""Dead letters: as they came, with the reason in headers, and written before anything moves on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from stream_monitor.contract.dead_letters import MAX_HEADER, DeadLetters
from stream_monitor.contract.input_contract import InputContract
from stream_monitor.contract.loading import parse
from stream_monitor.core.errors import Reason, SinkError
from stream_monitor.core.events import Rejection
from stream_monitor.core.records import Record
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.server.health import Health
from stream_monitor.testing import FakeClock, MemorySource, MemoryTopic, make_prediction
from tests.harness import Turning, make_pipeline

CONTRACT = parse(InputContract, "features: {age: {type: number, minimum: 18}}")
HEADERS = [("trace", b"\x00\xff"), ("trace", b"2")]


def _record(offset: int, body: Any) -> Record:
    value = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Record("inference", offset, value, 1_000 + offset, b"key", HEADERS, 3)


def _records(bodies: Sequence[Any]) -> list[Record]:
    return [_record(at, body) for at, body in enumerate(bodies)]


def _pipeline(bodies: Sequence[Any], topic: MemoryTopic, **options: Any) -> tuple[Pipeline, DeadLetters]:
    letters = DeadLetters(topic)
    pipeline, _ = make_pipeline(_records(bodies), contract=CONTRACT, dead_letters=letters, **options)
    return pipeline, letters


def _texts(record: Record) -> list[tuple[str, str]]:
    own = list(record.headers)[len(HEADERS) :]
    return [(name.removeprefix("stream_monitor.errors."), value.decode()) for name, value in own]


GOOD = make_prediction(0, features={"age": 41})
BODIES = [GOOD, b"no json", make_prediction(2, features={"age": "41"}), make_prediction(3, features={"age": 7}), GOOD]


def test_letters_are_as_they_came_with_the_reason_in_headers() -> None:
    topic = MemoryTopic()
    pipeline, letters = _pipeline(BODIES, topic)
    pipeline.run(Turning(FakeClock()))
    assert [one.offset for one in topic.records] == [1, 2, 3]
    for found, sent in zip(topic.records, [_records(BODIES)[at] for at in (1, 2, 3)], strict=True):
        assert found._replace(headers=()) == sent._replace(headers=())
        assert list(found.headers)[:2] == HEADERS
    rejected, wrong_type, _ = topic.records
    place = [("topic", "inference"), ("partition", "3")]
    assert _texts(rejected)[:4] == [*place, ("offset", "1"), ("reason", "not_json")]
    assert _texts(wrong_type) == [
        *place,
        ("offset", "2"),
        ("reason", "contract"),
        ("feature", "age"),
        ("rule", "type"),
        ("expected", "a number of at least 18"),
        ("received", "the text '41'"),
        ("fix", "send 41 without quotes"),
    ]
    assert {reason: count for reason, count in letters.written.items() if count} == {"not_json": 1, "contract": 2}


def test_each_violation_of_a_record_has_headers_of_its_own() -> None:
    topic, contract = MemoryTopic(), parse(InputContract, "features: {a: {type: text}, b: {type: text}}")
    letters = DeadLetters(topic)
    letters.put_violating(_record(0, GOOD), contract.check({"a": 1}))
    letters.write()
    texts = _texts(topic.records[0])
    assert [text for name, text in texts if name == "feature"] == ["a", "b"]
    assert [text for name, text in texts if name == "received"] == ["1", "nothing"]


def test_a_long_text_is_cut() -> None:
    topic = MemoryTopic()
    letters = DeadLetters(topic)
    letters.put_rejected(_record(0, GOOD), Rejection(Reason.WRONG_TYPE, "é" * 5_000))
    letters.write()
    assert len(topic.records[0].headers[-1][1]) == MAX_HEADER


class _Stop(Turning):
    """A stop that is set after some waits, or mends the topic."""

    def __init__(self, waits: int, topic: MemoryTopic | None = None) -> None:
        super().__init__(FakeClock())
        self._left, self._topic, self._is_set = waits, topic, False

    def wait(self, timeout: float | None = None) -> bool:
        super().wait(timeout)
        self._left -= 1
        if self._left <= 0 and self._topic:
            self._topic.fault = ""
        elif self._left <= 0:
            self._is_set = True
        return self._is_set

    def is_set(self) -> bool:
        return self._is_set


def test_nothing_is_read_while_the_topic_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    topic = MemoryTopic("the topic 'dead' does not exist")
    pipeline, letters = _pipeline(BODIES, topic)
    pipeline.run(stop := _Stop(4))
    assert isinstance(pipeline.source, MemorySource)
    assert pipeline.source.polled == 0
    assert stop.waits == [1.0, 2.0, 4.0, 8.0]
    assert caplog.messages[0] == "--dead-letter-topic: the topic 'dead' does not exist; trying again in 1 s"
    assert letters.errors == 4
    pipeline.positions = pipeline.source.positions()
    problems = Health(pipeline.status, 1.0).ready()
    assert problems == ["dead letters can't be written, so nothing is read: the topic 'dead' does not exist"]


def test_no_offset_is_committed_past_a_letter_that_is_not_written() -> None:
    topic = MemoryTopic()
    pipeline, letters = _pipeline(BODIES, topic, batch_size=2)
    source = pipeline.source
    assert isinstance(source, MemorySource)
    saved: list[int] = []
    source.before_commit = lambda applied: saved.append(applied[0].offset)
    letters.write()
    topic.fault = "refused"
    pipeline.run(_Stop(3))
    assert (source.polled, source.committed, saved, letters.pending) == (2, 0, [], 1)
    pipeline.close()
    assert source.closed and (source.committed, saved) == (0, [])


def test_all_goes_on_once_the_topic_is_there() -> None:
    topic = MemoryTopic("refused")
    pipeline, letters = _pipeline(BODIES, topic, batch_size=2)
    pipeline.run(_Stop(3, topic))
    pipeline.close()
    assert isinstance(pipeline.source, MemorySource)
    assert (pipeline.source.committed, letters.pending, letters.fault) == (5, 0, "")
    assert [one.offset for one in topic.records] == [1, 2, 3]
    assert topic.closed


def test_the_counts_are_restored() -> None:
    before, after = (DeadLetters(MemoryTopic()) for _ in range(2))
    before.put_rejected(_record(0, GOOD), Rejection(Reason.NOT_JSON, ""))
    before.write()
    after.restore(json.loads(json.dumps(before.state())))
    assert after.written == before.written
    assert after.written["not_json"] == 1


def test_a_refusal_in_the_midst_is_retried_as_a_whole() -> None:
    topic = MemoryTopic()
    letters = DeadLetters(topic)
    letters.put_rejected(_record(0, GOOD), Rejection(Reason.NOT_JSON, ""))
    topic.fault = "refused"
    with pytest.raises(SinkError, match="refused"):
        letters.write()
    letters.put_rejected(_record(1, GOOD), Rejection(Reason.NOT_JSON, ""))
    topic.fault = ""
    letters.write()
    assert [one.offset for one in topic.records] == [0, 1]
