"""Where to go on, by what was saved here and what the group has committed."""

from __future__ import annotations

import pytest

from stream_monitor.sources.base import AppliedOffset
from stream_monitor.sources.kafka.progress import Begin, Committed, Progress, begin_at, note, read_note, void_together
from stream_monitor.testing import FakeClock

PLACE = ("p", 2)


def saved(offset: int, time: int = 7) -> AppliedOffset:
    return AppliedOffset(*PLACE, offset, time)


@pytest.mark.parametrize(
    ("mine", "theirs", "begin"),
    [
        (None, None, None),
        (None, Committed(5, "other", 9), Begin(5, 9, void=True)),
        (None, Committed(5, "me", 9), Begin(5, 9, void=True)),
        (saved(5), None, Begin(5, 7)),
        (saved(5), Committed(5, "other", 9), Begin(5, 7)),
        (saved(5), Committed(3, "other", 9), Begin(5, 7)),
        (saved(5), Committed(8, "me", 9), Begin(5, 7)),
        (saved(5), Committed(8, "other", 9), Begin(8, 9, void=True)),
        (saved(5), Committed(8), Begin(8, 7, void=True)),
    ],
)
def test_where_to_go_on(mine: AppliedOffset | None, theirs: Committed | None, begin: Begin | None) -> None:
    assert begin_at(PLACE, mine, theirs, "me") == begin


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"owner": "x"}', "null", None, '{"owner": 1, "time": "x"}'])
def test_what_another_program_committed_has_no_owner(text: str | None) -> None:
    assert read_note(5, text) == Committed(5, "", -1)


def test_what_is_committed_can_be_read_again() -> None:
    assert read_note(5, note("me", 17)) == Committed(5, "me", 17)


def test_a_number_is_void_as_a_whole() -> None:
    begins = {("p", 0): Begin(1), ("l", 0): Begin(2, void=True), ("p", 1): Begin(3), ("l", 1): Begin(4)}
    assert [begin.void for begin in void_together(begins).values()] == [True, True, False, False]


def test_what_is_read_again_counts_for_nothing_until_it_is_done() -> None:
    progress = Progress()
    progress.begin(PLACE, Begin(10, 3))
    progress.rebuild(PLACE, 4, 10, FakeClock())
    progress.apply([AppliedOffset(*PLACE, 8, 5)])
    assert progress.at(PLACE) == (8, 5)
    assert (progress.reached, progress.uncommitted, progress.restoring) == ({}, set(), {PLACE: 10})
    progress.finish(PLACE)
    # Committed once more, as what this state has come to.
    assert (progress.reached, progress.uncommitted, progress.restoring) == ({PLACE: saved(10, 5)}, {PLACE}, {})
    progress.apply([saved(11, 9)])
    assert (progress.reached, progress.uncommitted) == ({PLACE: saved(11, 9)}, {PLACE})


def test_a_rebuilding_that_is_broken_off_leaves_nothing_that_holds() -> None:
    progress = Progress()
    progress.rebuild(PLACE, 4, 10, FakeClock())
    progress.leave([PLACE])
    assert progress.restoring == {}
    assert progress.forget([]) == [PLACE]
    assert progress.forget([]) == []


def test_one_that_is_begun_anew_is_not_told_to_have_gone() -> None:
    progress = Progress()
    progress.rebuild(PLACE, 4, 10, FakeClock())
    progress.leave([PLACE])
    progress.begin(PLACE, Begin(10))
    assert progress.forget([]) == []
