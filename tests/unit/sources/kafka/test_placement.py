"""Placement when a log has lost the next records, over a fake client whose log can be cut."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaTimeoutError, LogTruncationError, OffsetOutOfRangeError

from stream_monitor.sources.kafka.intake import Intake
from stream_monitor.sources.kafka.placement import Placement
from stream_monitor.sources.kafka.progress import Progress, Start
from stream_monitor.testing import FakeClock

TP, OTHER = TopicPartition("t", 3), TopicPartition("t", 4)
LOST_END = "t[3]: the log has no offset 40 any more: it lost its end or was made anew; going on from {}"


class Log:
    """A fake client over logs with these offsets; the next poll raises a given error."""

    def __init__(self, first: int, end: int, times: dict[int, int] | None = None) -> None:
        self._first, self._end, self._times = first, end, times or {}
        self.error: Exception | None = None
        self.sought: list[tuple[TopicPartition, int]] = []
        self._coordinator = SimpleNamespace(rejoining=False, need_rejoin=lambda: False, _join_task=None)

    def beginning_offsets(self, tps: list[TopicPartition], timeout_ms: float) -> dict[TopicPartition, int]:
        return {tp: self._first for tp in tps if tp == TP}

    def end_offsets(self, tps: list[TopicPartition], timeout_ms: float) -> dict[TopicPartition, int]:
        return {tp: self._end for tp in tps if tp == TP}

    def offsets_for_times(self, times: dict[TopicPartition, int], timeout_ms: float) -> dict[TopicPartition, Any]:
        """Return the first record of this time or later."""
        later = {tp: [at for at, time in self._times.items() if time >= since] for tp, since in times.items()}
        return {tp: SimpleNamespace(offset=min(found)) if found else None for tp, found in later.items()}

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.sought.append((tp, offset))

    def pause(self, *_: TopicPartition) -> None: ...

    def resume(self, *_: TopicPartition) -> None: ...

    def poll(self, timeout_ms: float, max_records: int) -> dict[TopicPartition, list[Any]]:
        error, self.error = self.error, None
        raise error or AssertionError("polled once more")


class Placed:
    """A partition read from offset 40; the record before had the time 7000."""

    def __init__(self, log: Log, restores_to: int | None = None) -> None:
        self.lost: list[tuple[str, int]] = []
        self.progress, self.intake, self.log, clock = Progress(), Intake(FakeClock(), 100), log, FakeClock()
        lose = lambda topic, count: self.lost.append((topic, count))  # noqa: E731
        self.placement = Placement(
            self.progress, self.intake, clock, start="earliest", window=0, aligned=False, lose=lose
        )
        self.progress.start(TP, Start(40, 7000))
        if restores_to:
            self.progress.start_restore(TP, 20, restores_to, clock)
        self.placement.rewind(log, TP)  # type: ignore[arg-type]
        log.sought.clear()

    def fetch(self, error: Exception) -> bool:
        self.log.error = error
        return self.placement.fetch(self.log, 0.0)  # type: ignore[arg-type]


def test_what_was_deleted_before_it_was_read_is_counted_and_said(caplog: pytest.LogCaptureFixture) -> None:
    placed = Placed(Log(first=55, end=90))
    assert placed.fetch(OffsetOutOfRangeError({TP: 41}))
    assert placed.lost == [("t", 14)]
    assert placed.log.sought == [(TP, 55)]
    message = "t[3]: 14 records from offset 41 on were deleted before they were read; going on from 55"
    assert caplog.messages == [message]
    assert placed.progress.position(TP) == (40, 7000)
    placed.placement.finish(placed.log)  # type: ignore[arg-type]
    assert placed.progress.position(TP)[0] == 55


@pytest.mark.parametrize(("until", "lost"), [(50, [("t", 5)]), (55, []), (60, [])])
def test_of_what_is_restored_nothing_is_lost(until: int, lost: list[tuple[str, int]]) -> None:
    """Restored records were counted when they were read first."""
    placed = Placed(Log(first=55, end=90), restores_to=until)
    placed.fetch(OffsetOutOfRangeError({TP: 41}))
    assert placed.lost == lost
    assert placed.log.sought == [(TP, 55)]


@pytest.mark.parametrize(
    ("times", "expected"),
    [({10: 7000, 11: 7001, 12: 9000}, 11), ({10: 6999, 11: 7000}, 30), ({}, 30)],
)
def test_a_log_that_lost_its_end_goes_on_with_what_is_newer(
    times: dict[int, int], expected: int, caplog: pytest.LogCaptureFixture
) -> None:
    placed = Placed(Log(first=0, end=30, times=times))
    assert placed.fetch(OffsetOutOfRangeError({TP: 40}))
    assert caplog.messages == [LOST_END.format(expected)]
    assert placed.progress.position(TP)[0] == expected
    assert placed.log.sought == [(TP, expected)]
    assert placed.lost == []


@pytest.mark.parametrize(("offset", "expected"), [(25, 25), (None, 30)])
def test_a_log_that_was_truncated_goes_on_where_it_diverged(
    offset: int | None, expected: int, caplog: pytest.LogCaptureFixture
) -> None:
    placed = Placed(Log(first=0, end=30))
    end = None if offset is None else SimpleNamespace(offset=offset)
    assert placed.fetch(LogTruncationError({TP: end}))
    assert caplog.messages == [LOST_END.format(expected)]
    assert placed.progress.position(TP)[0] == expected


def test_a_broker_that_tells_no_offset_has_not_answered_in_time(caplog: pytest.LogCaptureFixture) -> None:
    placed = Placed(Log(first=0, end=30))
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(KafkaTimeoutError, match=r"t\[4\]: no answer for its earliest offset"),
    ):
        placed.fetch(OffsetOutOfRangeError({OTHER: 40}))
    assert caplog.messages == []
