"""A pipeline with an audit log: each event is in it once, wherever the process is killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from stream_monitor.actions.audit_file import read
from stream_monitor.actions.audit_log import AuditLog
from stream_monitor.join.joiner import Joiner
from stream_monitor.performance.rollout import RolloutSettings
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.state.checkpoint import Checkpoint
from stream_monitor.testing import FakeClock, make_prediction, make_records
from tests.harness import make_pipeline


def _events() -> list[dict[str, Any]]:
    """Return two versions, the second of which is always wrong and takes over the traffic."""
    versions = [*["1", "2"] * 300, *["2"] * 2_000]
    return [
        make_prediction(at, version=version, prediction="yes", label="yes" if version == "1" else "no")
        for at, version in enumerate(versions)
    ]


def _pipeline(directory: Path, checkpoint: Checkpoint, champion: str) -> Pipeline:
    """Return a pipeline that goes on from a checkpoint and from an audit log."""
    rollout, joiner = RolloutSettings(champions={"default": champion}), Joiner(checkpoint.store)
    records = make_records(_events())
    pipeline, _ = make_pipeline(records, batch_size=130, detectors=[], rollout=rollout, joiner=joiner)
    pipeline.audit = AuditLog(directory / "audit.jsonl", FakeClock())
    pipeline.resume(checkpoint)
    pipeline.audit.start("1.0", {})
    return pipeline


def _live(directory: Path, passes: int, *, kill: bool) -> None:
    """Run for so many passes, each of them saved, and stop, or be killed without a save after one more batch."""
    checkpoint = Checkpoint(directory / "state")
    pipeline = _pipeline(directory, checkpoint, "1")
    for _ in range(passes):
        pipeline.step()
        pipeline.source.commit(changed=True)
    if kill:
        pipeline.step()
    else:
        pipeline.close()
    checkpoint.close()


def _told(directory: Path) -> list[tuple[Any, ...]]:
    path = directory / "audit.jsonl"
    entries = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    return [(each["event"], each["version"], each["reason"]) for each in entries if "number" in each]


@pytest.mark.parametrize("kills", [[], [0], [1, 2], [1, 1, 1, 0, 3]])
def test_each_event_is_there_once(tmp_path: Path, kills: list[int]) -> None:
    for passes in kills:
        _live(tmp_path, passes, kill=True)
    _live(tmp_path, 25, kill=False)
    found = _told(tmp_path)
    assert [(event, version) for event, version, _ in found] == [
        ("version_first_seen", "1"),
        ("version_first_seen", "2"),
        ("verdict", "2"),
        ("rollback_recommended", "2"),
    ]
    assert read(tmp_path / "audit.jsonl").problem is None


def test_a_new_champion_by_its_flag_is_a_promotion(tmp_path: Path) -> None:
    _live(tmp_path, 3, kill=False)
    checkpoint = Checkpoint(tmp_path / "state")
    pipeline = _pipeline(tmp_path, checkpoint, "2")
    pipeline.step()
    pipeline.close()
    checkpoint.close()
    assert ("promotion", "2", "--champion; before it was 1") in _told(tmp_path)
