"""Alerts until they are delivered."""

from __future__ import annotations

import orjson
import pytest

from stream_monitor.actions.memory import MemorySink
from stream_monitor.actions.outbox import Outbox
from stream_monitor.actions.sink_queue import MAX_PENDING
from stream_monitor.core.errors import SinkError
from stream_monitor.core.events import Detection


class _Moody(MemorySink):
    """A sink that fails after so many alerts."""

    def __init__(self, patience: int) -> None:
        super().__init__()
        self.patience = patience

    def send(self, detection: Detection) -> None:
        if not self.patience:
            raise SinkError("not now")
        self.patience -= 1
        super().send(detection)


def _detections(count: int) -> list[Detection]:
    return [Detection(at, 1.0, "m", "1", "error", "adwin", 0.1, 0.2) for at in range(count)]


def test_each_sink_gets_each_alert_once_and_in_order(caplog: pytest.LogCaptureFixture) -> None:
    steady, moody = MemorySink(), _Moody(2)
    outbox = Outbox({"steady": steady, "moody": moody})
    outbox.put(_detections(5))
    outbox.send()
    outbox.send()
    assert steady.detections == _detections(5)
    assert moody.detections == _detections(2)
    assert "moody: not now; 3 notices wait" in caplog.text
    moody.patience = 10
    outbox.send()
    assert moody.detections == _detections(5)


def test_what_is_pending_survives_a_restart() -> None:
    outbox = Outbox({"moody": _Moody(1)})
    outbox.put(_detections(3))
    outbox.send()
    heir = MemorySink()
    again = Outbox({"moody": heir, "new": MemorySink()})
    again.restore(orjson.loads(orjson.dumps(outbox.state(), default=list)))
    again.send()
    assert heir.detections == _detections(3)[1:]
    assert heir.detections[0].id == _detections(3)[1].id


def test_ids_tell_detections_apart() -> None:
    assert len({detection.id for detection in _detections(100)}) == 100


def test_it_is_bounded() -> None:
    outbox = Outbox({"moody": _Moody(0)})
    outbox.put(_detections(MAX_PENDING + 5))
    assert outbox.state()["moody"]["pending"][0][1][0] == 5
