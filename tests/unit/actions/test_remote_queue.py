"""Notices for a remote sink: delivered at least once, in order, and never by the loop."""

from __future__ import annotations

import threading
import time

import orjson
import pytest

from stream_monitor.actions.notice import Notice
from stream_monitor.actions.sink_queue import MAX_BACK_OFF, MAX_PENDING, RemoteQueue, back_off
from stream_monitor.actions.webhook import Webhook
from stream_monitor.actions.webhook_signature import parse_secret
from stream_monitor.core.clock import SystemClock
from stream_monitor.core.errors import SinkError
from stream_monitor.testing import FakeClock
from tests.receiver import SECRET, Receiver, receiving
from tests.unit.actions.notices import DRIFT, REQUEST


class _Remote:
    """A sink that fails so many times, and may wait for a signal."""

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.sent = failures, list[Notice]()
        self.gate = threading.Event()
        self.gate.set()
        self.is_closed = False

    def send(self, notice: Notice) -> None:
        self.gate.wait(10)
        if self.failures:
            self.failures -= 1
            raise SinkError("not now")
        self.sent.append(notice)

    def close(self) -> None:
        self.is_closed = True


def _drifts(count: int) -> list[Notice]:
    return [DRIFT._replace(index=at) for at in range(count)]


def _advance(queue: RemoteQueue, pending: int = 0, seconds: float = 10.0) -> None:
    """Advance as the loop does, until so many notices wait."""
    deadline = time.monotonic() + seconds
    while queue.pending > pending:
        assert time.monotonic() < deadline, f"{queue.pending} wait"
        queue.advance()
        time.sleep(0.005)


def test_the_loop_never_waits_for_a_sink() -> None:
    sink, clock = _Remote(), FakeClock()
    sink.gate.clear()
    queue = RemoteQueue("slow", sink, clock)
    queue.put(_drifts(5))
    began = time.monotonic()
    for _ in range(100):
        queue.advance()
    assert time.monotonic() - began < 1.0
    assert queue.pending == 5
    sink.gate.set()
    _advance(queue)
    assert sink.sent == _drifts(5)
    assert (queue.delivered, queue.failures) == (5, 0)


def test_what_fails_is_repeated_in_order_after_a_time_that_doubles(caplog: pytest.LogCaptureFixture) -> None:
    sink, clock = _Remote(failures=3), FakeClock()
    queue = RemoteQueue("webhook", sink, clock)
    queue.put(_drifts(3))
    waits = []
    for failures in range(1, 4):
        queue.advance()
        while not queue.is_due:
            time.sleep(0.005)
        queue.advance()
        assert queue.failures == failures
        assert not queue.is_due
        waits.append(back_off(_drifts(1)[0].id, failures))
        clock.advance(waits[-1] - 0.01)
        assert not queue.is_due
        clock.advance(0.01)
    _advance(queue)
    assert sink.sent == _drifts(3)
    assert waits == sorted(waits)
    assert "webhook: not now; 3 notices wait; trying again in" in caplog.text


def test_the_back_off_is_bounded_and_spread() -> None:
    longest = [back_off(str(at), 30) for at in range(200)]
    assert MAX_BACK_OFF / 2 <= min(longest) < max(longest) <= MAX_BACK_OFF
    assert len(set(longest)) == 200
    assert back_off("a", 3) == back_off("a", 3)


def test_what_waits_survives_a_restart_with_what_is_being_sent() -> None:
    sink = _Remote()
    sink.gate.clear()
    queue = RemoteQueue("webhook", sink, FakeClock())
    queue.put([*_drifts(2), REQUEST])
    queue.advance()
    heir = _Remote()
    again = RemoteQueue("webhook", heir, FakeClock())
    again.restore(orjson.loads(orjson.dumps(queue.state(), default=list)))
    _advance(again)
    assert heir.sent == [*_drifts(2), REQUEST]
    sink.gate.set()


def test_too_many_are_dropped_the_oldest_first_and_said(caplog: pytest.LogCaptureFixture) -> None:
    sink = _Remote()
    sink.gate.clear()
    queue = RemoteQueue("webhook", sink, FakeClock())
    queue.put(_drifts(10))
    queue.advance()
    queue.put([DRIFT._replace(index=at) for at in range(10, MAX_PENDING + 5)])
    assert (queue.pending, queue.dropped) == (MAX_PENDING, 5)
    assert "webhook: more than 10000 notices wait: the oldest 5 are dropped" in caplog.text
    sink.gate.set()
    _advance(queue, 9_000)
    queue.close()
    # Those that were dropped were on their way already.
    indices = [notice.index for notice in sink.sent]
    assert indices == list(range(len(indices)))


def test_kinds_that_it_does_not_accept_are_not_for_it() -> None:
    queue = RemoteQueue("retrain-topic", _Remote(), FakeClock(), ["retrain_request"])
    queue.put([DRIFT, REQUEST])
    assert queue.pending == 1


def test_a_stop_sends_what_can_be_sent_and_says_what_is_left(caplog: pytest.LogCaptureFixture) -> None:
    sink = _Remote()
    queue = RemoteQueue("webhook", sink, FakeClock())
    queue.put(_drifts(3))
    queue.close()
    assert (sink.sent, sink.is_closed, queue.pending) == (_drifts(3), True, 0)
    broken = _Remote(failures=9)
    queue = RemoteQueue("webhook", broken, FakeClock())
    queue.put(_drifts(3))
    queue.close()
    assert queue.pending == 3
    assert "webhook: 3 notices are not delivered" in caplog.text


def _webhooks(receiver: Receiver, clock: FakeClock) -> RemoteQueue:
    return RemoteQueue("webhook", Webhook(receiver.url, [parse_secret(SECRET)], "/g", SystemClock()), clock)


def test_a_receiver_that_fails_and_repeats_gets_each_notice_under_one_id() -> None:
    clock = FakeClock()
    with receiving() as receiver:
        receiver.statuses = [500, 503, 204, 500, 200]
        queue = _webhooks(receiver, clock)
        queue.put([*_drifts(2), REQUEST])
        while queue.pending:
            clock.advance(MAX_BACK_OFF)
            queue.advance()
            time.sleep(0.01)
    ids = [each.headers["webhook-id"] for each in receiver.requests]
    first, second = (one.id for one in _drifts(2))
    assert ids == [first, first, first, second, second, REQUEST.id]
    assert [event["id"] for event in receiver.accepted] == [first, second, REQUEST.id]
    assert (queue.delivered, queue.failures) == (3, 3)


def test_a_receiver_that_is_down_gets_all_once_it_is_up() -> None:
    clock, receiver = FakeClock(), Receiver()
    receiver.stop_listening()
    queue = _webhooks(receiver, clock)
    queue.put(_drifts(4))
    while not queue.failures:
        queue.advance()
        time.sleep(0.01)
    assert queue.pending == 4
    with receiving(receiver.port) as again:
        while queue.pending:
            clock.advance(MAX_BACK_OFF)
            queue.advance()
            time.sleep(0.01)
    assert [event["id"] for event in again.accepted] == [one.id for one in _drifts(4)]
