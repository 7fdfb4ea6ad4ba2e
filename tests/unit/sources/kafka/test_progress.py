"""The offset to go on from, by the saved and the committed one."""

from __future__ import annotations

import pytest

from stream_monitor.sources.base import AppliedOffset
from stream_monitor.sources.kafka.progress import (
    LOG_INTERVAL,
    Committed,
    Progress,
    Start,
    commit_metadata,
    read_committed,
    revoke_together,
    start_of,
)
from stream_monitor.testing import FakeClock

TP = ("p", 2)


def saved(offset: int, time: int = 7) -> AppliedOffset:
    return AppliedOffset(*TP, offset, time)


@pytest.mark.parametrize(
    ("mine", "theirs", "start"),
    [
        (None, None, None),
        (None, Committed(5, "other", 9), Start(5, 9, is_revoked=True)),
        (None, Committed(5, "me", 9), Start(5, 9, is_revoked=True)),
        (saved(5), None, Start(5, 7)),
        (saved(5), Committed(5, "other", 9), Start(5, 7)),
        (saved(5), Committed(3, "other", 9), Start(5, 7)),
        (saved(5), Committed(8, "me", 9), Start(5, 7)),
        (saved(5), Committed(8, "other", 9), Start(8, 9, is_revoked=True)),
        (saved(5), Committed(8), Start(8, 7, is_revoked=True)),
    ],
)
def test_where_to_go_on(mine: AppliedOffset | None, theirs: Committed | None, start: Start | None) -> None:
    assert start_of(TP, mine, theirs, "me") == start


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        (None, "p[2]: saved 5, committed nothing; going on from 5"),
        (Committed(3, "other", 9), "p[2]: saved 5, committed 3; going on from 5"),
        (Committed(5, "other", 9), None),
        (
            Committed(8, "me"),
            "p[2]: saved 5, but this state committed 8 earlier, so a write of it was lost; going on from 5",
        ),
        (Committed(8, "other", 9), "p[2]: saved 5, but another member committed 8; going on from there"),
    ],
)
def test_what_does_not_agree_is_said(
    theirs: Committed | None, said: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    start_of(TP, saved(5), theirs, "me")
    assert caplog.messages == ([said] if said else [])


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"owner": "x"}', "null", None, '{"owner": 1, "time": "x"}'])
def test_what_another_program_committed_has_no_owner(text: str | None) -> None:
    assert read_committed(5, text) == Committed(5, "", -1)


def test_what_is_committed_can_be_read_again() -> None:
    assert read_committed(5, commit_metadata("me", 17)) == Committed(5, "me", 17)


def test_a_number_is_revoked_as_a_whole() -> None:
    starts = {("p", 0): Start(1), ("l", 0): Start(2, is_revoked=True), ("p", 1): Start(3), ("l", 1): Start(4)}
    assert [start.is_revoked for start in revoke_together(starts).values()] == [True, True, False, False]


def test_what_is_read_again_counts_once_the_restore_is_finished() -> None:
    progress = Progress()
    progress.start(TP, Start(10, 3))
    progress.start_restore(TP, 4, 10, FakeClock())
    progress.apply([AppliedOffset(*TP, 8, 5)])
    assert progress.position(TP) == (8, 5)
    assert (progress.applied, progress.uncommitted, progress.restoring) == ({}, set(), {TP: 10})
    progress.finish_restore(TP)
    # Committed once more, as what this state has come to.
    assert (progress.applied, progress.uncommitted, progress.restoring) == ({TP: saved(10, 5)}, {TP}, {})
    progress.apply([saved(11, 9)])
    assert (progress.applied, progress.uncommitted) == ({TP: saved(11, 9)}, {TP})


def test_an_interrupted_restore_is_revoked_once() -> None:
    progress = Progress()
    progress.start_restore(TP, 4, 10, FakeClock())
    progress.unassign([TP])
    assert progress.restoring == {}
    assert progress.revoke([]) == [TP]
    assert progress.revoke([]) == []


def test_only_what_there_is_state_of_is_revoked() -> None:
    progress = Progress()
    progress.start(TP, Start(10, 3))
    assert progress.revoke([("p", 3), TP, ("p", 1)]) == [TP]
    assert progress.applied == {}
    assert progress.revoke([TP]) == []


def test_one_that_is_started_again_is_not_revoked() -> None:
    progress = Progress()
    progress.start_restore(TP, 4, 10, FakeClock())
    progress.unassign([TP])
    progress.start(TP, Start(10))
    assert progress.revoke([]) == []


def test_a_restore_says_how_far_it_is_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    clock, progress = FakeClock(), Progress()
    with caplog.at_level("INFO", "stream_monitor"):
        progress.start_restore(TP, 4, 14, clock)
        assert progress.position(TP) == (4, -1)
        progress.apply([AppliedOffset(*TP, 6, 5)])
        clock.advance(LOG_INTERVAL)
        progress.apply([AppliedOffset(*TP, 9, 6)])
        progress.apply([AppliedOffset(*TP, 12, 7)])
        clock.advance(LOG_INTERVAL)
        progress.apply([AppliedOffset(*TP, 20, 8)])
        progress.finish_restore(TP)
    assert caplog.messages == [
        "restoring p[2] from offset 4 to 14, 10 records",
        "restoring p[2]: 50 %",
        "restoring p[2]: 100 %",
        f"restored p[2] in {2 * LOG_INTERVAL:.1f} s",
    ]


def test_a_jump_goes_on_behind_what_is_lost_once() -> None:
    progress = Progress()
    for tp in (TP, ("p", 3)):
        progress.start(tp, Start(10, 3))
        progress.jumps[tp] = 15
    progress.jump(TP, 15)
    progress.unassign([("p", 3)])
    assert (progress.jumps, progress.uncommitted) == ({}, {TP})
    assert progress.position(TP) == (15, 3)
