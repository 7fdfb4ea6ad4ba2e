"""Episodes: their detections, their change points, their bounds in memory; and the line of one detection."""

from __future__ import annotations

import json
import logging
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.actions.episode_message import end_word, title
from stream_monitor.actions.log import LogSink
from stream_monitor.actions.message import fields, line
from stream_monitor.app.log_format import JsonFormatter
from stream_monitor.core.events import Detection
from stream_monitor.core.formatting import in_words
from stream_monitor.drift import episode as episode_module
from stream_monitor.drift.episodes import MAX_RECENT, Episodes, group
from stream_monitor.pipeline.take_snapshot import SnapshotTaker
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
def test_a_restart_changes_nothing_and_every_detection_is_in_one_episode(found: list[Detection], stop: int) -> None:
    whole, ours, told, again = Episodes(gap=50), Episodes(gap=50), [], []
    for at, one in enumerate(found):
        if at == stop:
            saved = json.loads(json.dumps(ours.state()))
            ours = Episodes(gap=50)
            ours.restore(saved)
        told.append(whole.add(one))
        again.append(ours.add(one))
    assert told == again
    assert json.dumps(whole.state()) == json.dumps(ours.state())
    members: dict[str, list[Detection]] = {}
    for one in told:
        assert one.episode
        members.setdefault(one.episode, []).append(one)
    assert whole.count == len(members)
    for episode in whole.recent:
        own = members[episode.id]
        assert (episode.index, episode.detections) == (own[0].index, len(own))
        assert (episode.last_index, episode.last_ts) == (own[-1].index, own[-1].ts)
        assert set(episode.signals) == {one.signal for one in own} and episode.count == len(episode.signals)
        assert sum(row.alarms for row in episode.signals.values()) == len(own)
        assert [row.evidence for row in episode.ranked] == sorted((r.evidence for r in episode.ranked), reverse=True)
        assert (episode.end is None) == any(row.end is None for row in episode.signals.values())
    assert [each.id for each in group(told, whole.recent)] == sorted(members, key=lambda name: members[name][0].index)


def _level(index: int, before: float, after: float, n_before: int, n_after: int, **more: Any) -> Detection:
    return _raised(index, n_before=n_before, n_after=n_after, changed_index=index - n_after + 1, **more)._replace(
        before=before, after=after
    )


def test_the_level_after_a_change_is_that_of_all_its_values() -> None:
    """A burst of 8 values at 9, which go on at 3, is not told as a change to 9."""
    ours = Episodes(gap=50)
    ours.add(_level(1000, 0.0, 9.0, 993, 8, effect=4.0))
    ours.add(_level(1040, 3.0, 6.0, 30, 10, effect=0.5))
    assert ours.newest
    (row,) = ours.newest.ranked
    assert (row.first.before, row.n_after, row.alarms) == (0.0, 48, 2)
    assert row.after == pytest.approx((8 * 9.0 + 30 * 3.0 + 10 * 6.0) / 48)
    assert row.effect == pytest.approx(4.0 * row.after / 9.0)
    later = row.until(52, 1.0)
    assert (later.n_after, row.n_after) == (100, 48)
    assert later.after == pytest.approx((48 * row.after + 52) / 100)
    assert (later.told.direction, later.told.before, later.told.after) == ("up", 0.0, later.after)


def test_a_burst_does_not_lead_over_a_lasting_change() -> None:
    ours = Episodes(gap=50)
    ours.add(_level(1000, 0.0, 9.0, 993, 8, effect=4.0, signal="feature:burst"))
    told = ours.add(_level(1000, 0.0, 0.4, 900, 3000, effect=0.4, signal="feature:lasting"))
    assert told.episode_leader == "feature:lasting"


def test_the_detection_that_brings_a_signal_back_ends_its_episode() -> None:
    ours = Episodes(gap=50)
    first = ours.add(_level(1000, 0.0, 2.0, 900, 100))
    assert ours.newest and ours.newest.end is None
    back = ours.add(_level(9000, 2.2, 0.1, 7900, 60))
    assert back.episode == first.id and ours.count == 1
    (row,) = ours.newest.ranked
    assert ours.newest.end == row.end == (8941, None)
    assert (row.n_after, row.alarms) == (8000, 2)
    assert row.after == pytest.approx((100 * 2.0 + 7900 * 2.2) / 8000)


def test_a_burst_whose_end_no_detector_finds_is_over_once_its_values_are_back() -> None:
    """16 values of 31 % missing, and 75,000 with none: the burst is told, not a change to 0.007 %."""
    ours = Episodes(gap=50)
    ours.add(_level(1000, 0.0, 0.3125, 900, 16, is_share=True, signal="missing:a", changed_ts=START + 985))
    assert ours.newest
    (row,) = ours.newest.ranked
    later = row.until(75_000, 0.0)
    assert (later.n_after, later.after, later.end) == (16, 0.3125, (1000, START + 1000))
    assert row.until(8, 0.0).end is None and row.until(75_000, 0.3).end is None
    again = ours.add(_level(76_000, 0.0, 0.4, 75_000, 12, is_share=True, signal="missing:a"))
    assert again.episode == again.id
    assert (row.n_after, row.end) == (16, (1000, START + 1000))
    assert title(ours.recent[0]) == "At 2026-11-23 12:16 UTC: missing values of a up from 0% to 31.2%."
    assert end_word(ours.recent[0]) == "soon after"


def test_bursts_that_come_soon_after_each_other_are_one_change_without_the_time_between() -> None:
    ours = Episodes(gap=50)
    ours.add(_level(1000, 0.0, 1.0, 900, 10))
    ours.add(_level(1040, 1.0, 0.0, 10, 20)._replace(detector="adwin"))
    ours.add(_level(1050, 1.0, 0.0, 10, 30))
    assert ours.newest
    (row,) = ours.newest.ranked
    assert (row.after, row.n_after, row.alarms, row.end) == (1.0, 10, 3, (1021, None))
    ours.add(_level(1070, 0.0, 1.0, 20, 15)._replace(category=None))
    assert ours.count == 1
    assert (row.first.before, row.after, row.n_after, row.end) == (0.0, 1.0, 25, None)


def test_another_change_of_a_signal_opens_another_episode_though_it_comes_soon() -> None:
    ours = Episodes(gap=50)
    for at, (before, after) in enumerate(((0.0, 2.0), (2.0, 0.0), (0.0, -2.0))):
        ours.add(_level(1000 + 40 * at, before, after, 30, 10))
    assert ours.count == 2
    assert [episode.ranked[0].told.after for episode in ours.recent] == [2.0, -2.0]


def test_a_drop_that_repeats_is_no_return_to_the_old_level() -> None:
    ours = Episodes(gap=50)
    ours.add(_level(1000, 10.0, 9.5, 900, 80))
    ours.add(_level(1060, 10.0, 9.85, 40, 20))
    assert ours.newest
    (row,) = ours.newest.ranked
    assert row.end is None and row.n_after == 140
    assert row.after == pytest.approx((80 * 9.5 + 40 * 10.0 + 20 * 9.85) / 140)


def test_what_was_unstable_has_settled_when_no_alarm_has_come_for_long() -> None:
    ours = Episodes(gap=50)
    for at in range(5):
        ours.add(_level(1000 + 60 * at, *((0.0, 2.0), (2.0, 0.0))[at % 2], 30, 30))
    assert ours.newest
    (row,) = ours.newest.ranked
    assert row.is_unstable and row.alarms == 5
    assert title(ours.newest).endswith("a up from 0 to 1.667, unstable with 5 alarms.")
    assert (ours.is_settled(row, 1700), ours.is_settled(row, 1800)) == (False, True)


def test_another_change_long_after_opens_an_episode_and_ends_the_first() -> None:
    ours = Episodes(gap=50)
    first, other = ours.add(_level(1000, 0.0, 2.0, 900, 100)), ours.add(_level(9000, 2.0, 5.0, 7900, 60))
    assert other.episode == other.id != first.id
    assert [episode.end for episode in ours.recent] == [(8941, None), None]


def test_a_signal_that_changes_to_and_fro_is_unstable_and_has_one_episode_from_then_on() -> None:
    ours = Episodes(gap=50)
    told = [ours.add(_level(1000 + 120 * at, *((0.0, 2.0), (2.0, 7.0))[at % 2][:: 1 - 2 * (at // 2 % 2)], 90, 30))
            for at in range(100)]  # fmt: skip
    assert ours.count < 5 and len({one.episode for one in told[4:]}) == 1
    assert any(row.is_unstable for row in ours.newest.signals.values()) if ours.newest else False
    rises = Episodes(gap=50)
    for at in range(10):
        rises.add(_level(1000 + 60 * at, float(at), at + 1.0, 30, 30))
    assert rises.newest and not rises.newest.ranked[0].is_unstable


def test_a_signal_that_rises_again_and_again_from_where_it_was_is_unstable() -> None:
    """It comes back each time, but no detector raises an alarm for that."""
    ours = Episodes(gap=50)
    told = [ours.add(_level(1000 + 400 * at, 0.0, 2.0, 90, 30)) for at in range(12)]
    assert len({one.episode for one in told[3:]}) == 1
    assert ours.newest and ours.newest.ranked[0].is_unstable


def test_another_detector_that_finds_the_same_change_adds_no_values() -> None:
    ours = Episodes(gap=50)
    ours.add(_level(1000, 0.0, 2.0, 900, 100, effect=1.0))
    ours.add(_level(1030, 0.1, 2.0, 800, 120, effect=1.5)._replace(detector="adwin"))
    assert ours.newest
    (row,) = ours.newest.ranked
    assert (row.n_after, row.alarms, row.strongest.detector) == (100, 2, "adwin")
    assert row.effect == pytest.approx(1.5 * 2.0 / 1.9, rel=1e-9) or row.effect == 1.5


def test_an_episode_takes_no_signals_that_change_long_after_its_first_alarm() -> None:
    """A chain of alarms over weeks is not one episode."""
    ours = Episodes(gap=50)
    told = [ours.add(_raised(1000 + 40 * at, f"feature:{at}")) for at in range(10)]
    assert len({one.episode for one in told}) == 5


@pytest.mark.parametrize("side_by_side", [True, False])
def test_what_is_told_of_a_lasting_change_is_the_mean_of_all_values_since_it_began(side_by_side: bool) -> None:
    rng = np.random.default_rng(3)
    count, at = 9000, 5000
    number = rng.lognormal(3.0, 0.3, count)
    number[at:] *= 1.6
    names = np.where(rng.random(count) < np.where(np.arange(count) < at, 0.7, 0.4), "x", "y")
    absent = rng.random(count) < np.where(np.arange(count) < at, 0.02, 0.2)
    columns = {"n": number, "c": names, "m": [None if gone else 1.0 * n for n, gone in enumerate(absent)]}
    pipeline, _ = run(feature_events(columns), detectors=["glr"], side_by_side=side_by_side)
    (model,) = SnapshotTaker(pipeline).take().models
    truth = {"feature:n": number, "feature:c": None, "missing:m": absent.astype(float)}
    rows = {row.signal: row for episode in model.episodes for row in episode.signals.values()}
    assert set(truth) <= set(rows)
    for signal, values in truth.items():
        row = rows[signal]
        values = (names == row.first.category).astype(float) if values is None else values
        first = row.first.changed_index
        assert first is not None and abs(first - at) < 50 and row.end is None
        assert row.n_after == count - first or signal == "feature:c"
        assert row.after == pytest.approx(values[count - row.n_after :].mean(), rel=1e-9)
        assert row.told.direction == ("up" if row.after >= row.first.before else "down")


def test_a_gradual_change_is_told_from_its_beginning_to_now() -> None:
    column = np.random.default_rng(3).normal(size=6000) + np.clip((np.arange(6000) - 3000) / 200.0, 0.0, 15.0)
    pipeline, found = run(feature_events({"a": column}), detectors=["glr"])
    own = [one for one in found if one.signal == "feature:a"]
    (model,) = SnapshotTaker(pipeline).take().models
    (row,) = [episode.signals["feature:a"] for episode in model.episodes if "feature:a" in episode.signals]
    assert len(own) > 3 and row.alarms == len(own) and not row.is_unstable
    assert row.first == own[0]._replace(**_episode_of(row.first))
    assert row.after == pytest.approx(column[own[0].changed_index :].mean(), rel=0.02)
    assert row.effect is not None and row.effect > 1.0


def _episode_of(one: Detection) -> dict[str, Any]:
    return {"episode": one.episode, "episode_signals": one.episode_signals, "episode_leader": one.episode_leader}


def test_the_largest_effects_are_kept_though_they_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(episode_module, "MAX_SIGNALS", 5)
    monkeypatch.setattr(episode_module, "MAX_PAST_SIGNALS", 2)
    ours = Episodes(gap=50)
    for _ in range(2):
        told = [ours.add(_raised(at, f"feature:{at}", effect=0.1 * at)) for at in range(20)]
    assert told[-1].episode_signals == 20
    newest = ours.newest
    assert newest
    assert [row.signal for row in newest.ranked] == [f"feature:{at}" for at in (19, 18, 17, 16, 15)]
    ours.add(_raised(1000))
    assert [row.signal for row in newest.ranked] == ["feature:19", "feature:18"]
    assert (newest.count, newest.weaker) == (20, set())


def test_one_estimate_that_is_far_off_does_not_tell_when_it_began() -> None:
    ours = Episodes(gap=50)
    for at, place in enumerate((990, 300, 995, 1002, 992)):
        ours.add(_raised(1000 + at, f"feature:{at}", changed_index=place, changed_ts=START + place))
    assert ours.newest
    assert ours.newest.change == (990, START + 990)


def test_recent_episodes_are_bounded_and_all_are_counted() -> None:
    ours = Episodes(gap=5)
    for at in range(20):
        ours.add(_raised(100 * at))
    assert ours.count == 20
    assert [one.index for one in ours.recent] == [100 * at for at in range(20 - MAX_RECENT, 20)]


# The sentence and the line


def test_the_sentence_tells_the_performance_once() -> None:
    ours = Episodes(gap=50)
    ours.add(_level(1000, 12.0, 25.0, 900, 100, effect=3.0, signal="feature:temp"))
    ours.add(_level(1010, 0.22, 0.29, 900, 100, effect=0.2, signal="error", is_share=True))
    assert ours.newest
    assert title(ours.newest) == "Since prediction 901: temp up from 12 to 25. Accuracy down from 78% to 71%."
    ours.add(_level(1020, 0.1, 0.2, 900, 100, effect=0.2, signal="feature:kind", is_share=True, category="x"))
    assert "; also share of 'x' in kind. Accuracy" in title(ours.newest)


def test_a_change_that_ends_before_its_episode_is_told_with_its_end() -> None:
    ours = Episodes(gap=50)
    ours.add(_level(1000, 12.0, 25.0, 900, 3000, effect=3.0, signal="feature:temp"))
    ours.add(_level(1010, 0.22, 0.61, 900, 100, effect=0.8, signal="error", is_share=True))
    ours.add(_level(1500, 0.6, 0.22, 400, 100, effect=0.8, signal="error", is_share=True))
    assert ours.newest
    assert "Accuracy down from 78% to 39.8% until prediction 1,401." in title(ours.newest)


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
    assert [row.signal for row in newest.ranked][:2] == ["feature:b", "feature:a"]
