"""A saved state under other settings: what they do not affect is kept, what they make meaningless is refused."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from stream_monitor.core.errors import ConfigError
from stream_monitor.join.joiner import Joiner
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.server.health import Health
from stream_monitor.state.checkpoint import Checkpoint
from stream_monitor.testing import make_label, make_prediction, make_records
from tests.harness import make_pipeline

RECORDS = make_records(make_prediction(at, features={"x": at % 5}) for at in range(1000))


def _over(directory: Path, fingerprint: str, **options: Any) -> Pipeline:
    """Return a pipeline that restored the state, read the remaining records, and saved."""
    checkpoint = Checkpoint(directory)
    try:
        pipeline, _ = make_pipeline(RECORDS, joiner=Joiner(checkpoint.store), warmup=100, **options)
        pipeline.resume(checkpoint, fingerprint)
        while not pipeline.source.exhausted:
            pipeline.step()
        pipeline.close()
    finally:
        checkpoint.close()
    return pipeline


def test_a_changed_detector_starts_anew_and_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first = _over(tmp_path, "one", detectors=["adwin:delta=0.2", "page_hinkley"])
    caplog.clear()
    second = _over(tmp_path, "two", detectors=["adwin:delta=0.1", "page_hinkley"])
    before, after = (
        next(iter(it.processor.fleet.monitors.values())).signals["feature:x"].state() for it in (first, second)
    )
    assert after["runners"]["page_hinkley"] == before["runners"]["page_hinkley"]
    assert before["runners"]["adwin"]["running"]["detector"]
    assert after["runners"]["adwin"]["running"] is None
    assert "adwin on feature:x of default/default starts anew" in caplog.text
    assert "page_hinkley on" not in caplog.text
    assert "the configuration differs from that of the saved state" in caplog.text


def test_the_same_settings_are_taken_up_without_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _over(tmp_path, "one")
    _over(tmp_path, "one")
    assert "anew" not in caplog.text
    assert "configuration" not in caplog.text


def test_a_state_of_another_warmup_is_refused(tmp_path: Path) -> None:
    _over(tmp_path, "one")
    checkpoint = Checkpoint(tmp_path)
    pipeline, _ = make_pipeline(RECORDS, warmup=200)
    with pytest.raises(ConfigError, match="--warmup: the state in --state-dir is of 100"):
        pipeline.resume(checkpoint)
    checkpoint.close()


def test_not_ready_while_a_partition_is_restored() -> None:
    pipeline, _ = make_pipeline(RECORDS)
    pipeline.source.restoring = {("inference", 3): 500, ("inference", 1): 7}
    pipeline.step()
    assert (
        "waiting records are being restored for inference[1], inference[3]" in Health(pipeline.status, 0.05).ready()
    )
    pipeline.source.restoring = {}
    pipeline.step()
    assert Health(pipeline.status, 0.05).ready() == []


def test_a_label_finds_a_prediction_that_was_restored_before_any_came_live() -> None:
    records = make_records([*(make_prediction(at) for at in range(10)), *(make_label(at, "yes") for at in range(10))])
    pipeline, _ = make_pipeline(records, batch_size=7)
    pipeline.source.restoring = {("inference", 0): 12}
    while not pipeline.source.exhausted:
        pipeline.step()
    (monitor,) = pipeline.processor.fleet.monitors.values()
    assert monitor.performance.totals() == {"outcomes": 8.0, "correct": 8.0}
    assert (
        pipeline.processor.fleet.outcomes_evicted,
        pipeline.processor.counters.records.total(),
        pipeline.processor.unaccounted,
    ) == (0, 8, 0)
