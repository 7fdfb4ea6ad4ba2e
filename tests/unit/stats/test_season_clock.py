"""The periods of a season."""

from __future__ import annotations

import numpy as np

from stream_monitor.stats.season_clock import SeasonClock


def test_a_period_begins_with_the_first_value_that_has_a_time() -> None:
    clock = SeasonClock(10.0)
    assert clock.room(np.array([np.nan, np.nan, 3.0])) == 2
    assert clock.room(np.array([3.0, 4.0])) == 1
    assert clock.room(np.array([4.0, 12.9, 13.0])) == 2
    assert clock.is_over(13.0) and not clock.is_over(12.9)
    clock.turn(34.0)
    assert clock.room(np.array([42.9, 43.0])) == 1


def test_of_two_periods_in_a_row_with_a_change_the_second_one_counts() -> None:
    clock = SeasonClock(10.0)
    clock.room(np.array([0.0]))
    for turn, is_whole in enumerate((False, True, False)):
        clock.discard()
        assert clock.is_whole is is_whole
        clock.turn(10.0 * (turn + 1))
