"""Requirements on every sink of the union."""

from __future__ import annotations

from typing import get_args

import pytest

from stream_monitor.actions import SINKS, Sink, make_sinks, parse_sink
from stream_monitor.actions.outbox import Outbox
from stream_monitor.config.settings import RunConfig
from stream_monitor.core.errors import SinkError
from stream_monitor.core.events import Detection
from stream_monitor.testing import FakeClock

every_sink = pytest.mark.parametrize("kind", sorted(SINKS))

PLAIN = Detection(57, None, "churn", "3", "error", "adwin", 0.1, 0.4)
FULL = PLAIN._replace(
    ts=1.7e9, effect=1.2, changed_index=40, changed_ts=1.6e9, n_before=40, n_after=17, episode=PLAIN.id
)
ODD = FULL._replace(model="a/b\n", signal="feature:\x00 é", category="“x”\n", episode_leader="\n", effect=None)


class _Flaky:
    """Passes detections on to a sink, after it has failed once for each."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.failed: list[str] = []
        self.sent: list[str] = []

    def send(self, detection: Detection) -> None:
        if detection.id not in self.failed:
            self.failed.append(detection.id)
            raise SinkError("not now")
        self._sink.send(detection)
        self.sent.append(detection.id)


@every_sink
@pytest.mark.parametrize("detection", [PLAIN, FULL, ODD], ids=["plain", "full", "odd"])
def test_it_takes_a_detection_also_a_second_time(kind: str, detection: Detection) -> None:
    sink = parse_sink(kind).make(FakeClock())
    sink.send(detection)
    sink.send(detection)


@every_sink
def test_a_failed_delivery_is_repeated_in_order(kind: str) -> None:
    detections = [PLAIN._replace(index=index) for index in range(3)]
    sink = _Flaky(parse_sink(kind).make(FakeClock()))
    outbox = Outbox({kind: sink})
    outbox.put(detections)
    for delivered in range(4):
        outbox.send()
        assert sink.sent == [detection.id for detection in detections[:delivered]]
        assert outbox.queues[kind].pending == 3 - delivered
    assert sink.failed == sink.sent


@every_sink
def test_its_config(kind: str) -> None:
    config = SINKS[kind]
    assert get_args(config.model_fields["kind"].annotation) == (kind,)
    assert config.model_config.get("frozen") is True
    assert config.model_config.get("extra") == "forbid"
    assert config.__doc__
    assert all(field.description for name, field in config.model_fields.items() if name != "kind")
    assert list(make_sinks([parse_sink(kind), parse_sink(kind)], FakeClock())) == [kind, f"{kind}-2"]


REQUIRED = {"bootstrap_servers": "localhost:9092", "topic": "t", "group_id": "g"}


@every_sink
def test_the_flag_takes_several(kind: str) -> None:
    assert RunConfig.model_validate({**REQUIRED, "alert": f"{kind} {kind}"}).alert == [kind, kind]


def test_an_unknown_sink_is_an_error_that_names_the_known() -> None:
    with pytest.raises(ValueError, match="unknown alert sink 'pager'; allowed: log"):
        RunConfig.model_validate({**REQUIRED, "alert": ["log", "pager"]})
