"""Changes that are told while the season is unknown."""

from __future__ import annotations

import itertools
import json

import pytest

from stream_monitor.core.arrays import ColumnKind
from stream_monitor.detectors import Change
from stream_monitor.drift.large_changes import LargeChanges


def _told(smallest: float, levels: list[float], kind: ColumnKind = "number") -> list[bool]:
    """Return which of the changes from each level to the next one are told, with a restart between them."""
    told, state = [], LargeChanges().state()
    for before, after in itertools.pairwise(levels):
        changes = LargeChanges()
        changes.restore(json.loads(json.dumps(state)))
        changes.smallest = smallest
        told.append(changes.is_told(Change(100, before, after), kind))
        state = changes.state()
    return told


def test_all_changes_are_told_where_the_season_is_known() -> None:
    assert _told(0.0, [0.0, 0.1, 0.0]) == [True, True]


def test_only_large_changes_are_told_while_the_first_season_is_unknown() -> None:
    """A cycle is followed in steps, however far it leads."""
    assert _told(1.0, [0.0, 1.5, 3.0, 4.5, 7.0]) == [False, False, False, True]


def test_what_comes_back_is_not_told_while_a_longer_season_is_unknown() -> None:
    """Two weekends, and a small change of the same direction between the begin and the end of one."""
    assert not any(_told(0.9, [0.0, 1.0, 0.0, 1.0, 1.4, 0.1, 0.0]))


@pytest.mark.parametrize(("kind", "low", "unit"), [("number", 0.0, 1.0), ("share", 0.1, 0.25)])
def test_changes_that_add_up_are_told(kind: ColumnKind, low: float, unit: float) -> None:
    levels = [low + unit * level for level in (0.0, 1.0, 0.5, 2.5, 2.0, 1.0, 3.2)]
    assert _told(0.9, levels, kind) == [False, False, True, False, False, True]


def test_what_goes_on_in_the_direction_of_a_change_that_was_told_is_told() -> None:
    assert _told(0.9, [0.0, 2.0, 2.6, 2.2, 2.8]) == [True, True, False, False]
