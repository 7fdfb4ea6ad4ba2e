"""Practical size: which changes matter, alone and in their episodes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stream_monitor.actions.episode_message import title
from stream_monitor.core.events import Detection
from stream_monitor.drift.episode import Episode
from stream_monitor.drift.episode_signal import EpisodeSignal
from stream_monitor.drift.practical_size import matters, rank


def _one(signal: str, effect: float | None, n_after: int = 100, **more: Any) -> Detection:
    return Detection(
        1000, None, "m", "1", signal, "glr", before=0.0, after=0.5, effect=effect, n_after=n_after, **more
    )


def _episode(*found: Detection) -> Episode:
    episode = Episode.begun_by(found[0])
    for one in found:
        episode.add(one)
    return episode


def test_a_change_that_the_levels_do_not_show_does_not_matter() -> None:
    assert matters(_one("feature:a", 0.3), 0.1)
    still = _one("feature:a", 0.3)._replace(after=0.0)
    assert not matters(still, 0.1)
    assert matters(still, 0.0) and matters(still._replace(effect=None), 0.1)


def test_the_most_evident_episode_comes_first_and_what_is_small_over_its_whole_time_is_told_apart() -> None:
    brief, lasting = _one("feature:brief", 2.0, 8), _one("feature:lasting", 0.5, 5000)
    small = _one("feature:small", 0.05, 90_000)
    episodes = [_episode(brief), _episode(lasting, small), _episode(small._replace(index=9))]
    found = rank(episodes, 0.1)
    assert [[row.signal for row in each.ranked] for each in found.episodes] == [
        ["feature:lasting"],
        ["feature:brief"],
    ]
    assert [each.count for each in found.episodes] == [1, 1]
    assert [one.signal for one in found.small] == ["feature:small"] * 2
    assert all(one.is_small for one in found.small)
    assert len(rank(episodes, 0.0).episodes) == 3 and not rank(episodes, 0.0).small


def test_a_change_that_fades_is_small_though_its_detection_was_not() -> None:
    row = EpisodeSignal.begun_by(_one("feature:a", 1.0, 10))
    faded = row.until(90, -0.04)
    assert faded.end is not None and faded.effect == 1.0
    faded = replace(row, n_after=1000, after=0.02)
    episode = replace(_episode(row.first), signals={"feature:a": faded})
    assert not rank([episode], 0.1).episodes


def _unstable(effect: float) -> Episode:
    """Return an episode of a signal that came and went, and is nearly back at its old level."""
    row = EpisodeSignal.begun_by(_one("feature:a", 0.02, 10))
    strongest = row.first._replace(before=0.4, after=0.1, effect=effect, n_after=30)
    row = replace(row, strongest=strongest, n_after=5000, after=0.01, alarms=21, is_unstable=True, effects=3.0)
    return replace(_episode(row.first), signals={"feature:a": row})


def test_a_signal_that_comes_and_goes_is_told_with_its_largest_change() -> None:
    (episode,) = rank([_unstable(0.3)], 0.1).episodes
    (one,) = [row.told for row in episode.ranked]
    assert (one.before, one.after, one.effect, one.n_after, one.direction) == (0.4, 0.1, 0.3, 30, "down")
    assert title(episode).endswith("a down from 0.4 to 0.1 at most, unstable with 21 alarms.")


def test_a_signal_that_comes_and_goes_a_little_is_small() -> None:
    found = rank([_unstable(0.05)], 0.1)
    assert not found.episodes and [one.signal for one in found.small] == ["feature:a"]


def test_an_unstable_signal_with_a_large_whole_change_is_told_with_that() -> None:
    episode = _unstable(0.3)
    (row,) = episode.signals.values()
    episode = replace(episode, signals={"feature:a": replace(row, after=2.0)})
    (one,) = [row.told for row in rank([episode], 0.1).episodes[0].ranked]
    assert (one.before, one.after, one.n_after) == (0.0, 2.0, 5000)
    assert "at most" not in title(episode)


def test_a_difference_from_the_training_data_has_a_threshold_of_its_own() -> None:
    assert rank([_episode(_one("feature:a", 0.05, kind="skew"))], 0.1).episodes


@pytest.mark.parametrize(("after", "is_told"), [(0.311, True), (0.309, False)])
def test_of_the_error_a_percentage_point_matters(after: float, is_told: bool) -> None:
    error = _one("error", 0.03, is_share=True)._replace(before=0.3, after=after)
    assert matters(error, 0.1) is is_told
