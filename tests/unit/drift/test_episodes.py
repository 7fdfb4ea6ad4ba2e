"""Episodes: their detections, their change points, their bounds in memory; and the line of one detection."""

from __future__ import annotations

import json
import logging
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.actions.log import LogSink
from stream_monitor.actions.message import fields, line
from stream_monitor.app.log_format import JsonFormatter
from stream_monitor.core.events import Detection
from stream_monitor.core.formatting import in_words
from stream_monitor.drift import episodes as episodes_module
from stream_monitor.drift.episodes import MAX_RECENT, Episodes, group
from stream_monitor.testing import FakeClock
from tests.harness import feature_events, run

START = 1_795_435_200.0


def _raised(index: int, signal: str = "feature:a", effect: float = 1.0, **more: Any) -> Detection:
    return Detection(index, START + index, "m", "1", signal, "glr", 1.0, 2.0, effect=effect, **more)


@st.composite
def _streams(draw: st.DrawFn) -> list[Detection]:
    found, at = [], 0
    for _ in range(draw(st.integers(0, 40))):
        at += draw(st.sampled_from((0, 3, 40, 200)))
        name, effect = draw(st.sampled_from("abcdefgh")), draw(st.sampled_from((0.1, 0.5, 0.7, 2.0)))
        changed = draw(st.sampled_from((None, at, max(at - 10, 0))))
        times = {"changed_index": changed, "changed_ts": None if changed is None else START + changed}
        one = _raised(at, name, effect, category=draw(st.sampled_from((None, None, "x"))), **times)
        found.append(one._replace(after=draw(st.sampled_from((2.0, 3.0, 0.5)))))
    return found


@given(_streams(), st.integers(0, 40))
def test_episodes_are_what_a_naive_look_at_all_detections_says(found: list[Detection], stop: int) -> None:
    """Restored from JSON in the middle, too."""
    ours, told = Episodes(gap=50), []
    for at, one in enumerate(found):
        if at == stop:
            saved = json.loads(json.dumps(ours.state()))
            ours = Episodes(gap=50)
            ours.restore(saved)
        told.append(ours.add(one))
    members: list[list[Detection]] = []
    for one in told:
        begins = one.index if one.changed_index is None else one.changed_index
        if not members or begins > max(each.index for each in members[-1]) + 50:
            members.append([])
        members[-1].append(one)
        so_far = members[-1]
        largest = max(each.effect or 0.0 for each in so_far)
        assert one.episode == so_far[0].id
        assert one.episode_signals == len({each.signal for each in so_far})
        assert one.episode_leader == min(each.signal for each in so_far if each.effect == largest)
    assert ours.count == len(members)
    for episode, own in zip(reversed(ours.recent), reversed(members), strict=False):
        assert (episode.index, episode.last_index, episode.detections) == (own[0].index, own[-1].index, len(own))
        assert episode.change == _naive_change(own)
        assert episode.last_ts == own[-1].ts
        shown = _naive_changes(own)
        told_of = {one.signal: (one.before, one.after, one.effect, one.changed_index) for one in episode.ranked}
        assert told_of == {
            name: (one.before, last.after, most, one.changed_index) for name, (one, last, most) in shown
        }
    assert [each.id for each in group(told)] == [own[0].id for own in members]
    for grouped, episode in zip(reversed(group(told)), reversed(ours.recent), strict=False):
        assert [one.id for one in grouped.ranked][:12] == [one.id for one in episode.ranked][:12]


def _naive_changes(own: list[Detection]) -> list[tuple[str, tuple[Detection, Detection, float]]]:
    """Return for each signal the first and the newest detection in its direction, and its largest effect."""
    found = []
    for name in sorted({one.signal for one in own}):
        ways: list[list[Detection]] = []
        for one in (each for each in own if each.signal == name):
            most = max((each.effect or 0.0 for each in ways[-1]), default=-1.0) if ways else -1.0
            if ways and (ways[-1][0].after > 1.0, ways[-1][0].category) == (one.after > 1.0, one.category):
                ways[-1].append(one)
            elif (one.effect or 0.0) > most:
                ways.append([one])
        way = ways[-1]
        found.append((name, (way[0], way[-1], max(each.effect or 0.0 for each in way))))
    return found


def _naive_change(own: list[Detection]) -> tuple[int, float | None]:
    """Return the median of the estimated changes; the first alarm where there is no estimate."""
    places = [first.changed_index for _, (first, _, _) in _naive_changes(own)]
    known = [place for place in places if place is not None and place <= own[0].index]
    place = int(np.quantile(known, 0.5, method="lower")) if known else own[0].index
    return place, START + place


def test_a_gradual_change_is_told_from_its_beginning_to_its_end() -> None:
    column = np.random.default_rng(3).normal(size=6000) + np.clip((np.arange(6000) - 3000) / 200.0, 0.0, 15.0)
    pipeline, found = run(feature_events({"a": column}), detectors=["glr"])
    (monitor,) = pipeline.processor.fleet.monitors.values()
    (episode,) = [one for one in group(found) if "feature:a" in one.signals]
    own = [one for one in found if one.signal == "feature:a"]
    told = episode.signals["feature:a"]
    assert len(own) > 3 and monitor.episodes.newest
    assert told == monitor.episodes.newest.signals["feature:a"]._replace(
        episode_signals=told.episode_signals, episode_leader=told.episode_leader
    )
    assert (told.before, told.after) == (own[0].before, own[-1].after)
    assert told.before == pytest.approx(0.0, abs=0.3) and told.after > 10.0
    assert told.changed_index == own[0].changed_index
    assert told.effect == max(one.effect or 0.0 for one in own)


def test_the_largest_effects_are_kept_though_they_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(episodes_module, "MAX_SIGNALS", 5)
    monkeypatch.setattr(episodes_module, "MAX_PAST_SIGNALS", 2)
    ours = Episodes(gap=50)
    for _ in range(2):
        told = [ours.add(_raised(at, f"feature:{at}", effect=0.1 * at)) for at in range(20)]
    assert told[-1].episode_signals == 20
    newest = ours.newest
    assert newest
    assert [one.signal for one in newest.ranked] == [f"feature:{at}" for at in (19, 18, 17, 16, 15)]
    ours.add(_raised(1000))
    assert [one.signal for one in newest.ranked] == ["feature:19", "feature:18"]
    assert (newest.count, newest.weaker) == (20, set())


def test_one_estimate_that_is_far_off_does_not_tell_when_it_began() -> None:
    ours = Episodes(gap=50)
    for at, changed in enumerate((990, 300, 995, 1002, 992)):
        ours.add(_raised(1000 + at, f"feature:{at}", changed_index=changed, changed_ts=START + changed))
    assert ours.newest
    assert ours.newest.change == (990, START + 990)


def test_recent_episodes_are_bounded_and_all_are_counted() -> None:
    ours = Episodes(gap=5)
    for at in range(20):
        ours.add(_raised(100 * at))
    assert ours.count == 20
    assert [one.index for one in ours.recent] == [100 * at for at in range(20 - MAX_RECENT, 20)]


# The line


def test_the_line_of_a_detection_that_opens_and_of_one_that_joins() -> None:
    ours = Episodes(gap=50)
    first = ours.add(_raised(60, "feature:age", 0.31, changed_index=20, changed_ts=START + 20))
    assert line(first) == (
        "drift in feature:age of m/1: up from 1 to 2, a small effect (0.31); "
        "since about 2026-11-23 12:00:20 UTC, 40 predictions before the alarm; "
        f"found by glr; opens episode {first.id}"
    )
    second = ours.add(_raised(61, "feature:country", 0.9, category="D\nE", changed_index=60))
    assert line(second) == (
        "drift in feature:country of m/1: share of 'D\\nE' up from 1 to 2, a large effect (0.9); "
        "since about 1 prediction before the alarm; "
        f"found by glr; joins episode {first.id}: 2 signals by now, most of all feature:country"
    )


def test_it_is_one_line_whatever_the_names_are() -> None:
    evil = "a\nb\r\u2028c\x1b[31m"
    one = _raised(1, evil, category=evil)._replace(model=evil, version=evil, episode="x", episode_leader=evil)
    assert len(line(one).splitlines()) == 1
    assert "\x1b" not in line(one)


def test_the_log_says_everything_as_json(caplog: pytest.LogCaptureFixture) -> None:
    one = Episodes(gap=5).add(_raised(60, changed_index=20, changed_ts=START + 20)._replace(after=0.5))
    with caplog.at_level(logging.WARNING):
        LogSink(FakeClock()).send(one)
    told = json.loads(JsonFormatter().format(caplog.records[0]))
    assert set(Detection._fields) | {"id", "direction"} <= set(told)
    assert (told["id"], told["direction"], told["episode"]) == (one.id, "down", one.id)
    assert (told["ts"], told["changed_ts"]) == ("2026-11-23T12:01:00.000Z", "2026-11-23T12:00:20.000Z")
    assert told["message"] == line(one)
    assert fields(one._replace(ts=None, changed_ts=float("nan")))["changed_ts"] is None


@pytest.mark.parametrize(
    ("effect", "word"), [(0.0, "very small"), (0.2, "small"), (0.79, "medium"), (1.19, "large"), (9.0, "huge")]
)
def test_an_effect_in_a_word(effect: float, word: str) -> None:
    assert in_words(effect) == in_words(-effect) == word


def test_through_the_pipeline() -> None:
    rng = np.random.default_rng(5)
    columns = {
        name: rng.normal(size=4000) + level * (np.arange(4000) >= 3000) for name, level in (("a", 1), ("b", 3))
    }
    _, found = run(feature_events(columns), detectors=["glr"])
    told = [line(one) for one in sorted(found, key=lambda one: (one.index, one.signal))]
    assert told[0].endswith(f"opens episode {found[0].episode}")
    assert f"joins episode {found[0].episode}: " in told[1]
    assert "most of all feature:b" in told[-1]


def test_one_change_in_many_features_is_one_episode() -> None:
    rng = np.random.default_rng(5)
    columns = {name: rng.normal(size=6000) for name in "abc"}
    columns["a"][3000:] += 1.0
    columns["b"][3000:] += 3.0
    pipeline, found = run(feature_events(columns), detectors=["glr"])
    (monitor,) = pipeline.processor.fleet.monitors.values()
    newest = monitor.episodes.newest
    assert newest and monitor.episodes.count == 1
    assert {one.episode for one in found} == {newest.id}
    assert [one.signal for one in newest.ranked][:2] == ["feature:b", "feature:a"]
