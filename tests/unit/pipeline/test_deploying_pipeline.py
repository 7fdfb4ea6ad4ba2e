"""A pipeline that deploys by Git: the verdict is committed once, wherever the process is killed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from stream_monitor.actions.audit_log import AuditLog
from stream_monitor.actions.deployments import Deployments
from stream_monitor.actions.git_target import GitTarget
from stream_monitor.join.joiner import Joiner
from stream_monitor.performance.rollout import RolloutSettings
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.pipeline.take_snapshot import SnapshotTaker
from stream_monitor.state.checkpoint import Checkpoint
from stream_monitor.testing import FakeClock, make_prediction, make_records
from tests.harness import make_pipeline
from tests.unit.actions.repositories import CONTENT, FILE, Remote


def _events(better: str) -> list[dict[str, Any]]:
    """Return events of versions 3 and 4, one of which is always right and the other never."""
    return [
        make_prediction(at, version=version, prediction="yes", label="yes" if version == better else "no")
        for at, version in enumerate(["3", "4"] * 300)
    ]


def _pipeline(directory: Path, checkpoint: Checkpoint, remote: Remote, better: str) -> Pipeline:
    rollout, clock = RolloutSettings(champions={"": "3"}), FakeClock()
    records = make_records(_events(better))
    joiner = Joiner(checkpoint.store)
    pipeline, _ = make_pipeline(records, batch_size=100, detectors=[], rollout=rollout, joiner=joiner)
    pipeline.audit = AuditLog(directory / "audit.jsonl", clock)
    target = GitTarget(str(remote.path), "main", FILE, "spec.version")
    pipeline.deployments = Deployments(target, pipeline.audit, clock)
    pipeline.resume(checkpoint)
    return pipeline


def _deployed(pipeline: Pipeline) -> None:
    """Wait for the end of the deployments that wait."""
    end = time.monotonic() + 20
    while pipeline.deployments and pipeline.deployments.waiting and time.monotonic() < end:
        pipeline.step()
        time.sleep(0.01)


@pytest.mark.parametrize("kills", [[], [1], [6], [2, 3, 6]])
def test_the_favoured_version_is_committed_once(tmp_path: Path, kills: list[int]) -> None:
    remote = Remote(tmp_path)
    for passes in kills:
        checkpoint = Checkpoint(tmp_path / "state")
        pipeline = _pipeline(tmp_path, checkpoint, remote, "4")
        for _ in range(passes):
            pipeline.step()
            pipeline.source.commit(changed=True)
        pipeline.step()
        checkpoint.close()
    checkpoint = Checkpoint(tmp_path / "state")
    pipeline = _pipeline(tmp_path, checkpoint, remote, "4")
    for _ in range(8):
        pipeline.step()
        pipeline.source.commit(changed=True)
    _deployed(pipeline)
    found = SnapshotTaker(pipeline)._read()[0].deployments
    pipeline.close()
    checkpoint.close()
    assert remote.log() == ["Deploy default 4 instead of 3", "Somebody's work"]
    assert remote.read() == CONTENT.replace('"3" ', '"4" ')
    assert found
    assert (found.waiting, found.outcomes["pushed"]) == (0, 1)
    entries = [orjson.loads(line) for line in (tmp_path / "audit.jsonl").read_bytes().splitlines()]
    assert [each["outcome"] for each in entries if each["event"] == "deployment"] == ["pushed"]
    (verdict,) = (each for each in entries if each["event"] == "verdict")
    assert f"Audit-Line: {verdict['hash']}" in remote.message()


def test_a_challenger_that_is_worse_is_rolled_back(tmp_path: Path) -> None:
    remote = Remote(tmp_path, {FILE: CONTENT.replace('"3" ', '"4" ')})
    checkpoint = Checkpoint(tmp_path / "state")
    pipeline = _pipeline(tmp_path, checkpoint, remote, "3")
    for _ in range(8):
        pipeline.step()
        pipeline.source.commit(changed=True)
    _deployed(pipeline)
    pipeline.close()
    checkpoint.close()
    assert remote.read() == CONTENT
    assert "4 is worse than 3" in remote.message()
