"""Deployment by Git over a real Kafka: a verdict is one commit, also where the process is killed."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.brokers import Broker
from tests.conftest import MakeTopic
from tests.integration.events import prediction, send
from tests.integration.sidecar import Sidecar, watch
from tests.unit.actions.repositories import CONTENT, FILE, Remote


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_verdict_is_one_commit(kafka_broker: Broker, topic: MakeTopic, tmp_path: Path, is_killed: bool) -> None:
    remote, inference, audit = Remote(tmp_path), topic("inference"), tmp_path / "audit.jsonl"
    hook = remote.refuse("not yet") if is_killed else None
    versions = ["3", "4"] * 300
    given = [{"version": each, "prediction": "yes", "label": "yes" if each == "4" else "no"} for each in versions]
    send(kafka_broker, inference, [prediction(at, **fields) for at, fields in enumerate(given)])
    flags = ("--state-dir", str(tmp_path / "state"), "--audit-log", str(audit), "--checkpoint-interval", "500ms")
    place = ("--promote-git", f"{remote.path}#main", "--promote-file", FILE, "--promote-key", "spec.version")
    arguments = watch(kafka_broker, inference, *flags, *place, "--champion", "3")
    if hook:
        with Sidecar(*arguments) as sidecar:
            sidecar.wait_for(lambda scrape: scrape("deployment_failures_total", reason="refused") >= 1)
            sidecar.kill()
        hook.unlink()
    with Sidecar(*arguments) as sidecar:
        sidecar.wait_for(lambda scrape: scrape("deployments_total", outcome="pushed") == 1)
        sidecar.stop()
    assert remote.log() == ["Deploy default 4 instead of 3", "Somebody's work"]
    assert remote.read() == CONTENT.replace('"3" ', '"4" ')
    entries = [orjson.loads(line) for line in audit.read_bytes().splitlines()]
    assert [each["outcome"] for each in entries if each["event"] == "deployment"] == ["pushed"]
    (verdict,) = (each for each in entries if each["event"] == "verdict")
    assert f"Audit-Line: {verdict['hash']}" in remote.message()
