"""``/healthz`` and ``/readyz``."""

from __future__ import annotations

from typing import Any

import pytest

from stream_monitor.core.errors import SourceError
from stream_monitor.server.health import ENOUGH, STALLED, Health
from stream_monitor.testing import FakeClock, make_prediction, make_records
from tests.harness import Turning, make_pipeline, run
from tests.unit.server.serving import Served


def test_alive_as_long_as_the_loop_comes_round() -> None:
    clock = FakeClock()
    pipeline, _ = make_pipeline([], clock=clock)
    served = Served(pipeline)
    try:
        clock.advance(STALLED)
        assert served.get("/healthz")[::2] == (200, b"ok\n")
        clock.advance(1)
        assert served.get("/healthz")[::2] == (503, b"the loop has made no progress for 121 s; the limit is 120 s\n")
        assert served.get("/readyz")[0] == 503
        pipeline.source.append(make_records([make_prediction(0)])[0])  # type: ignore[attr-defined]
        pipeline.run(Turning(clock))
        assert served.get("/healthz")[0] == 200
    finally:
        served.stop()


def test_ready_needs_a_partition(fresh: Served) -> None:
    status, _, body = fresh.get("/readyz")
    assert status == 503
    assert b"no partition is assigned" in body
    fresh.pipeline.step()
    assert fresh.get("/readyz")[::2] == (200, b"ok\n")


def test_a_source_that_fails_turns_ready_red() -> None:
    pipeline, _ = make_pipeline(make_records([make_prediction(0)]))
    pipeline.step()
    health = Health(pipeline.status, 0.05)
    assert health.ready() == []

    class Stop(Turning):
        def wait(self, timeout: float | None = None) -> bool:
            self.set()
            return super().wait(timeout)

    def down(_: float) -> Any:
        raise SourceError("down")

    pipeline.source.poll = down  # type: ignore[method-assign]
    pipeline.source.append(make_records([make_prediction(1)])[0])  # type: ignore[attr-defined]
    pipeline.run(Stop(FakeClock()))
    assert "no partition is assigned" in health.ready()[0]
    assert health.alive() == []


@pytest.mark.parametrize(
    ("good", "bad", "limit", "red"),
    [
        (95, 5, 0.05, False),
        (94, 6, 0.05, True),
        (0, ENOUGH - 1, 0.05, False),
        (0, ENOUGH, 0.05, True),
        (0, 99, 1.0, False),
    ],
)
def test_too_many_rejects_turn_ready_red(good: int, bad: int, limit: float, red: bool) -> None:
    pipeline, _ = run([*[b"garbage"] * bad, *[make_prediction(at) for at in range(good)]])
    problems = Health(pipeline.status, limit).ready()
    assert bool(problems) == red
    assert not red or "rejected; the limit is" in problems[0]


def test_rejects_are_forgotten_after_a_thousand_good_records() -> None:
    pipeline, _ = run([*[b"garbage"] * 500, *[make_prediction(at) for at in range(1000)]])
    assert Health(pipeline.status, 0.05).ready() == []
