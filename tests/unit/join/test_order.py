"""Order fakes drift: labels that come sorted by outcome, and partitions that are read block by block."""

from __future__ import annotations

import random
from typing import Any

import orjson

from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.records import Record
from stream_monitor.join.joiner import Joiner
from stream_monitor.sources.merge import TimeMerge
from stream_monitor.testing import FakeClock, make_label, make_prediction
from tests.harness import findings, make_pipeline, run

COUNT = 20_000
#: Labels of one delivery.
FILE = 1000
SHARE_WRONG = 0.1
HOUR = 3600.0


def _labelled(natural: bool) -> list[dict[str, Any]]:
    """Return predictions, wrong one time in ten, and their labels within the hour after the last of them.

    The labels are in natural order or sorted by outcome.
    """
    rng = random.Random(7)
    wrong = [rng.random() < SHARE_WRONG for _ in range(COUNT)]
    predictions = [make_prediction(at, prediction="yes") for at in range(COUNT)]
    order = sorted(range(COUNT), key=lambda at: (at // FILE, not wrong[at] and not natural))
    start = predictions[-1]["ts"]
    labels = [
        make_label(at, "no" if wrong[at] else "yes", ts=start + HOUR * (place + 1) / COUNT)
        for place, at in enumerate(order)
    ]
    # One more, later, brings the clock to where all is mature.
    return [*predictions, *labels, make_prediction(COUNT, prediction="yes", ts=start + 24 * HOUR)]


def _errors(natural: bool, maturity: float) -> tuple[int, float]:
    """Return the drifts of the error, and the accuracy after the first labels."""
    events = _labelled(natural)
    _, detections = run(events, joiner=Joiner(maturity=maturity), detectors=["error=adwin:delta=0.002"])
    begun, _ = run(events[: COUNT + 50], joiner=Joiner(maturity=maturity), detectors=["error=adwin:delta=0.002"])
    (monitor,) = begun.processor.fleet.monitors.values()
    return len(findings(detections)), monitor.performance.measures().get("accuracy", {}).get("rolling", -1.0)


def test_labels_sorted_by_outcome_fake_drift_unless_outcomes_mature() -> None:
    natural, _ = _errors(natural=True, maturity=0.0)
    fooled, accuracy = _errors(natural=False, maturity=0.0)
    held, nothing_yet = _errors(natural=False, maturity=12 * HOUR)
    assert natural == 0
    assert fooled >= 5
    assert accuracy == 0.0  # where the truth is 0.9: the errors were labelled first
    assert (held, nothing_yet) == (0, -1.0)


def test_partitions_read_in_blocks_fake_drift_unless_they_are_merged() -> None:
    """Two partitions whose feature differs: stationary as a whole, and yet each block is a shift."""
    rng = random.Random(3)
    logs = {
        partition: [
            Record(
                "inference",
                at,
                make_prediction(2 * at + partition, features={"x": rng.gauss(2 * partition, 1)}),
                timestamp=1_795_435_200_000 + 1000 * (2 * at + partition),
                partition=partition,
            )
            for at in range(10_000)
        ]
        for partition in (0, 1)
    }
    blocks = [record for at in range(0, 10_000, 500) for log in logs.values() for record in log[at : at + 500]]
    assert _drifts(blocks) >= 10
    merge = TimeMerge(FakeClock())
    for partition in logs:
        merge.follow(("inference", partition), 0, -1)
    merged = []
    for at in range(0, 10_000, 500):
        for partition, log in logs.items():
            merge[("inference", partition)].add(RecordBatch.of(log[at : at + 500]))
            merge[("inference", partition)].update_position(at + 500, 10_000)
        while len(taken := merge.take(2000).records):
            merged += taken
    assert len(merged) == len(blocks)
    assert _drifts(merged) == 0


def _drifts(records: list[Any]) -> int:
    pipeline, sink = make_pipeline(records, detectors=["feature:x=adwin:delta=0.002"], warmup=2000)
    while not pipeline.source.exhausted:
        pipeline.step()
    return len(sink.detections)


def test_a_backlog_expires_nothing_that_a_live_reader_would_have_joined() -> None:
    """Ten hours of predictions, labelled within 50 minutes, under a time-to-live of an hour."""
    predictions = [_record("inference", at, make_prediction(at, ts=60.0 * at)) for at in range(600)]
    labels = [_record("labels", at, make_label(at, "yes", ts=60.0 * at + 3000)) for at in range(600)]
    merge, merged = TimeMerge(FakeClock()), []
    for log in (predictions, labels):
        partition = (log[0].topic, 0)
        merge.follow(partition, 0, -1)
        merge[partition].add(RecordBatch.of(log))
        merge[partition].update_position(600, 600)
    while len(taken := merge.take(100).records):
        merged += taken
    live = sorted([*predictions, *labels], key=lambda record: record.timestamp)
    for records, joined in ((live, 600), (merged, 600), ([*predictions, *labels], 61)):
        pipeline, _ = make_pipeline(records, joiner=Joiner(ttl=HOUR))
        while not pipeline.source.exhausted:
            pipeline.step()
        assert pipeline.processor.joiner.ledger.applied_predictions == joined
        assert pipeline.processor.unaccounted == 0


def _record(topic: str, at: int, event: dict[str, Any]) -> Record:
    return Record(topic, at, orjson.dumps(event), timestamp=int(1000 * event["ts"]))
