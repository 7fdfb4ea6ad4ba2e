"""The loop: every record is accounted for, a source may fail, and one record never ends the process."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream_monitor.core.errors import Reason, SourceError
from stream_monitor.core.records import Record
from stream_monitor.decoding.codec import Codec
from stream_monitor.join.joiner import Joiner
from stream_monitor.testing import FakeClock, MemorySource, make_label, make_prediction, make_records
from tests.examples import examples
from tests.harness import Turning, make_pipeline, run

GARBAGE = st.sampled_from(
    (None, b"", b"{", b"\xff", b"[1]", b"5", b'{"id": 1}', b'{"prediction": 1}', b'{"id": [], "prediction": 1}')
)
INDEX = st.integers(0, 12)
LABEL = st.sampled_from(("yes", "no"))
VERSION = st.sampled_from(("1", "2", "3"))
RECORDS = st.lists(
    st.one_of(
        GARBAGE,
        st.binary(max_size=20),
        st.builds(lambda at, version: make_prediction(at, version=version), INDEX, VERSION),
        st.builds(lambda at, label: make_prediction(at, label=label), INDEX, LABEL),
        st.builds(make_label, INDEX, LABEL),
        st.builds(lambda at, label, version: make_label(at, label, version=version), INDEX, LABEL, VERSION),
    ),
    max_size=60,
)


@given(RECORDS, st.integers(1, 60), st.integers(1, 8), st.sampled_from((5.0, 1e9)), st.integers(1, 3))
@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_record_is_accounted_for(
    events: list[Any], batch_size: int, bound: int, ttl: float, max_versions: int
) -> None:
    logging.disable(logging.WARNING)
    joiner = Joiner(max_waiting=bound, ttl=ttl)
    pipeline, _ = run(events, batch_size=batch_size, joiner=joiner, max_versions=max_versions)
    logging.disable(logging.NOTSET)
    counters = pipeline.processor.counters
    assert sum(counters.records.values()) == len(events)
    ledger = joiner.ledger
    ended = ledger.applied_predictions + ledger.expired_predictions
    assert counters.predictions == ended + joiner.waiting_predictions
    assert counters.rejected[Reason.INTERNAL] == 0
    outcomes = sum(int(m.performance.totals()["outcomes"]) for m in pipeline.processor.fleet.monitors.values())
    assert outcomes + pipeline.processor.fleet.outcomes_evicted <= ledger.applied_predictions


@given(RECORDS, st.integers(1, 60))
@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_records_are_predictions_labels_duplicates_and_rejects(events: list[Any], batch_size: int) -> None:
    """Without labels inside predictions, the sum is exact."""
    logging.disable(logging.WARNING)
    plain = [e for e in events if not (isinstance(e, dict) and "label" in e and "prediction" in e)]
    pipeline, _ = run(plain, batch_size=batch_size)
    logging.disable(logging.NOTSET)
    counters, joiner = pipeline.processor.counters, pipeline.processor.joiner
    duplicates = joiner.ledger.duplicate_predictions + joiner.ledger.duplicate_labels
    assert len(plain) == counters.predictions + counters.labels + duplicates + sum(counters.rejected.values())


@given(RECORDS, st.integers(1, 60))
@settings(max_examples=examples(50), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_counts_do_not_depend_on_batches(events: list[Any], batch_size: int) -> None:
    logging.disable(logging.WARNING)
    (one, _), (other, _) = run(events, batch_size=1), run(events, batch_size=batch_size)
    logging.disable(logging.NOTSET)
    assert vars(one.processor.counters) | {"polls": 0} == vars(other.processor.counters) | {"polls": 0}


def test_garbage_alone_is_loud() -> None:
    pipeline, _ = run([b"garbage"] * 50)
    assert pipeline.processor.counters.reject_share == 1.0
    assert pipeline.processor.counters.rejected[Reason.NOT_JSON] == 50


def test_rejects_are_logged_at_a_limited_rate(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        run([b"garbage"] * 500)
    lines = [record for record in caplog.records if "rejected" in record.getMessage()]
    assert len(lines) == 10
    assert lines[0].getMessage().startswith("rejected inference[0] offset 0: not_json: ")


# A source that fails


class _Flaky(MemorySource):
    """Fails before each of its batches, so many times."""

    def __init__(self, records: Sequence[Record], failures: int, batch_size: int) -> None:
        super().__init__(records, batch_size)
        self._failures = self._left = failures

    def poll(self, timeout: float) -> Sequence[Record]:
        if self._left:
            self._left -= 1
            raise SourceError("the broker is gone")
        self._left = self._failures
        return super().poll(timeout)


def test_a_source_that_fails_is_tried_again_with_growing_waits_and_nothing_is_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pipeline, _ = make_pipeline([])
    pipeline.source = _Flaky(make_records(make_prediction(at) for at in range(30)), failures=8, batch_size=10)
    stop = Turning(FakeClock())
    with caplog.at_level(logging.WARNING):
        pipeline.run(stop)
    assert pipeline.processor.counters.predictions == 30
    assert pipeline.processor.counters.source_errors == 24
    assert stop.waits == [1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0, 15.0] * 3
    assert "the broker is gone; trying again in 1 s" in caplog.text


def test_while_a_source_fails_no_partition_counts_as_read() -> None:
    pipeline, _ = make_pipeline(make_records([make_prediction(0)]))
    pipeline.run(Turning(FakeClock()))
    assert pipeline.positions
    pipeline.source = _Flaky(make_records([make_prediction(1)]), failures=1, batch_size=1)
    seen: list[bool] = []

    class Stop(Turning):
        def wait(self, timeout: float | None = None) -> bool:
            seen.append(bool(pipeline.positions))
            return super().wait(timeout)

    pipeline.run(Stop(FakeClock()))
    assert seen == [False]


def test_a_bug_in_a_source_ends_the_process() -> None:
    pipeline, _ = make_pipeline(make_records([make_prediction(0)]))
    pipeline.source.poll = _raise  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        pipeline.run(Turning(FakeClock()))


def _raise(*_: Any) -> Any:
    raise ZeroDivisionError("a bug")


# A bug in the codec


def test_a_bug_in_the_codec_costs_one_record(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    decode = Codec.decode

    def buggy(self: Codec, record: Record) -> Any:
        return _raise() if record.offset == 3 else decode(self, record)

    monkeypatch.setattr(Codec, "decode", buggy)
    with caplog.at_level(logging.WARNING):
        # NaN is no JSON: only the codec reads such records.
        pipeline, _ = run([make_prediction(at, score=math.nan) for at in range(10)])
    assert pipeline.processor.counters.predictions == 9
    assert pipeline.processor.counters.rejected[Reason.INTERNAL] == 1
    assert "ZeroDivisionError while decoding" in caplog.text


# Order, commits and stopping


def test_stop_ends_the_loop_after_the_batch() -> None:
    pipeline, _ = make_pipeline(make_records(make_prediction(at) for at in range(100)), batch_size=10)
    stop = Turning(FakeClock())
    pipeline.run(stop, lambda _: stop.set() if pipeline.processor.counters.predictions >= 30 else None)
    assert pipeline.processor.counters.predictions == 30


def test_only_what_was_applied_is_committed() -> None:
    clock = FakeClock()
    pipeline, _ = make_pipeline(make_records(make_prediction(at) for at in range(30)), batch_size=10, clock=clock)
    source = pipeline.source
    assert isinstance(source, MemorySource)
    pipeline.step()
    assert source.committed == 0
    clock.advance(6)
    pipeline.step()
    assert source.committed == pipeline.processor.counters.predictions == 20
    pipeline.step()
    assert source.committed == 20
    pipeline.close()
    assert (source.committed, source.closed) == (30, True)


def test_the_age_of_the_loop() -> None:
    clock = FakeClock()
    pipeline, _ = make_pipeline([], clock=clock)
    clock.advance(7)
    assert pipeline.status().age == 7


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_labels_meet_predictions_inline_before_and_after(batch_size: int) -> None:
    events = [
        make_label(0, "yes"),
        make_prediction(0, prediction="yes"),
        make_prediction(1, prediction="yes"),
        make_label(1, "no"),
        make_prediction(2, prediction="yes", label="yes"),
        make_prediction(3, prediction="yes"),
    ]
    pipeline, _ = run(events, batch_size=batch_size)
    (monitor,) = pipeline.processor.fleet.monitors.values()
    assert monitor.performance.totals() == {"outcomes": 3, "correct": 2}
    assert (
        pipeline.processor.counters.predictions,
        pipeline.processor.counters.labels,
        pipeline.processor.joiner.ledger.applied_predictions,
    ) == (
        4,
        3,
        3,
    )
    assert pipeline.processor.joiner.waiting_predictions == 1


def test_duplicates_count_once() -> None:
    events = [make_prediction(0), make_prediction(0), make_label(0, "yes"), make_label(0, "no"), make_prediction(0)]
    pipeline, _ = run(events)
    assert (
        pipeline.processor.counters.predictions,
        pipeline.processor.counters.labels,
        pipeline.processor.joiner.ledger.applied_predictions,
    ) == (
        1,
        1,
        1,
    )
    assert (
        pipeline.processor.joiner.ledger.duplicate_predictions,
        pipeline.processor.joiner.ledger.duplicate_labels,
    ) == (2, 1)
    (monitor,) = pipeline.processor.fleet.monitors.values()
    assert monitor.predictions == 1
