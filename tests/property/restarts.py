"""Pipelines that are stopped and resumed from their checkpoint."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

from stream_monitor.actions.memory import MemorySink
from stream_monitor.actions.outbox import Outbox
from stream_monitor.actions.retrain_decision import RetrainSettings
from stream_monitor.actions.retrain_policy import parse_policy
from stream_monitor.contract.feature import CategorySchema, IntegerSchema, NumberSchema
from stream_monitor.contract.input_contract import InputContract
from stream_monitor.core.events import Detection
from stream_monitor.core.records import Record
from stream_monitor.decoding.codec import Codec
from stream_monitor.join.joiner import Joiner
from stream_monitor.monitors.fleet import Fleet
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.performance.fairness import FairnessSettings
from stream_monitor.performance.groups import Grouping
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.pipeline.processor import BatchProcessor
from stream_monitor.state.checkpoint import Checkpoint
from stream_monitor.state.key_value_store import KeyValueStore
from stream_monitor.testing import FakeClock, MemorySource, make_label, make_prediction, make_records
from tests.states import content, state_json

FAIRNESS = FairnessSettings([Grouping.parse("sex", "groups.sex"), Grouping.parse("a", "features.a:1")], True, "a", 10)
CONTRACT = InputContract(
    features={
        "a": NumberSchema(maximum=1.5),
        "b": IntegerSchema(required=False),
        "d": CategorySchema(categories=("x", "y"), required=False),
    }
)
POLICIES = ("drift", "error=drift", "performance:below=0.45", "schedule:every=120s", "labels:count=70")
RETRAIN = RetrainSettings(tuple(map(parse_policy, POLICIES)), 40.0, 10, 90.0, window=60)


def make_stream(seed: int, count: int) -> list[Record]:
    """Return events: two versions, a shift, missing and textual values, late and repeated labels, some garbage."""
    rng = random.Random(seed)
    events: list[dict[str, Any] | bytes | None] = []
    for at in range(count):
        features = {"a": rng.gauss(0 if at < count / 2 else 2, 1), "b": rng.choice([None, 1.5, 2, "x"]), "c": 5}
        ts = 1_795_435_200.0 + at if at % 7 else None
        version, y_pred = rng.choice("12"), rng.choice("ab")
        given: dict[str, Any] = {"groups": {"sex": rng.choice("fmx")}} if at % 5 else {}
        given |= {"score": at * 0.37 % 1.0} if at % 11 else {}
        given |= {"features": features, "prediction": y_pred, "version": version, "ts": ts}
        events.append(make_prediction(at, **given))
        if at > 50 and rng.random() < 0.8:
            events.append(make_label(at - rng.randrange(-5, 50), rng.choice("ab")))
        if rng.random() < 0.02:
            events.append(b"garbage")
    return make_records(events)


def make_pipeline(source: MemorySource, table: KeyValueStore, maturity: float) -> tuple[Pipeline, MemorySink]:
    clock, sink = FakeClock(), MemorySink()
    settings = MonitorSettings(
        warmup=100, label_maturity=maturity, fairness=FAIRNESS, contract=CONTRACT, retrain=RETRAIN
    )
    fleet = Fleet(settings)
    joiner = Joiner(table, max_waiting=200, ttl=1000.0, maturity=maturity, label_updates="last", max_labelled=300)
    processor = BatchProcessor(Codec(clock), joiner, fleet, clock)
    return Pipeline(source, processor, Outbox({"memory": sink}), clock), sink


def play(
    records: list[Record], stops: list[int], batch_size: int, maturity: float = 0.0
) -> tuple[bytes, list[Detection], dict[bytes, bytes]]:
    """Return the final state, detections and store, with a restart after each of these numbers of records."""
    detections: list[Detection] = []
    with tempfile.TemporaryDirectory() as directory:
        for stop in [*sorted(stops), len(records)]:
            checkpoint = Checkpoint(Path(directory))
            pipeline, sink = make_pipeline(MemorySource(records, batch_size), checkpoint.store, maturity)
            pipeline.resume(checkpoint)
            while pipeline.processor.counters.records.total() < stop and not pipeline.source.exhausted:
                pipeline.step()
            pipeline.close()
            assert pipeline.processor.unaccounted == 0
            assert pipeline.saved_state
            saved = {**pipeline.saved_state.as_dict([]), "owner": ""}
            state = state_json(saved)
            table = content(checkpoint.store)
            checkpoint.close()
            detections += sink.detections
    return state, detections, table
