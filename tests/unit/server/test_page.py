"""Changes on the landing page: episodes, and signals with an active alarm."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Any

import numpy as np

from stream_monitor.actions.episode_message import episode_fields, title
from stream_monitor.core.formatting import moment, percent, short
from stream_monitor.pipeline.pipeline import Pipeline
from stream_monitor.pipeline.take_snapshot import SnapshotTaker
from stream_monitor.server.page.changes import SHOWN_EPISODES, SHOWN_SIGNALS
from stream_monitor.testing import make_prediction
from tests.harness import feature_events, run
from tests.unit.server.serving import Served, render, shifted_pipeline


def _section(page: str, heading: str) -> str:
    return page.split(f"<h2>{heading}</h2>", 1)[1].split("<h2>", 1)[0]


def _rows(html: str) -> list[list[str]]:
    cells = [re.findall(r"<td[^>]*>(.*?)(?=<td|<tr|</table|$)", row, re.S) for row in html.split("<tr>")]
    return [[unescape(cell) for cell in row] for row in cells if row]


def _changed(signals: int = 3, count: int = 4000, until: int | None = None, **options: Any) -> Pipeline:
    """Return events whose features change at 2,000, later ones more, and return at ``until``."""
    rng = np.random.default_rng(1)
    at = np.arange(count)
    level = (at >= 2000) & (at < (until or count))
    columns: dict[str, Any] = {f"f{n}": rng.normal(size=count) + (0.4 + n) * level for n in range(signals)}
    columns["kind"] = np.where(rng.random(count) < 0.5 + 0.45 * level, "x", "y")
    return run(feature_events(columns, **options), detectors=["glr"])[0]


def test_the_newest_episode_tells_what_changed() -> None:
    pipeline = _changed()
    (model,) = SnapshotTaker(pipeline).take().models
    (episode,) = model.episodes
    html = _section(render(pipeline), "What changed")
    told = episode_fields(episode)
    for time in (told["changed_ts"], told["last_ts"]):
        assert time[:19].replace("T", " ") in html
    assert "default / default" in html
    assert escape(title(episode)) in html
    rows = _rows(html)
    names = [one["signal"] + (f" {one['category']!r}" if one["category"] else "") for one in told["signals"]]
    assert [row[0] for row in rows] == names[:SHOWN_SIGNALS]
    # The two categories change by the same share: the last bit decides which of them is told.
    assert {"feature:kind 'x'", "feature:kind 'y'"} & set(names)
    for row, one in zip(rows, told["signals"], strict=False):
        before, after = (
            percent(one[name]) if one["is_share"] else short(one[name], 4) for name in ("before", "after")
        )
        assert f"{before} → {after}" in row[1]
        assert row[2] == f"{one['n_after']:,}"
        assert row[3].startswith(short(one["effect"], 3))
        assert row[4] == one["detector"] == "glr"
        assert row[5] == "still on"


def test_it_is_active_until_the_signals_are_back() -> None:
    lasting = render(_changed())
    assert ">still on</span>" in _section(lasting, "What changed")
    rows = _rows(_section(lasting, "Active now"))
    assert {"feature:f0", "feature:f1", "feature:f2", "feature:kind"} <= {row[1] for row in rows}
    assert all(re.search(r"^\S+ [\d.]+ > [\d.]+", row[3]) for row in rows if row[1].startswith("feature"))
    assert all(re.search(r"^2026-11-23 \d\d:\d\d:\d\d, .+ ago$", row[2]) for row in rows)
    # Back to what it was means another alarm, and then nothing that differs from the reference.
    over = render(_changed(count=9000, until=4000))
    assert ">still on</span>" not in _section(over, "What changed")
    assert ">over</span>" in _section(over, "What changed")
    assert "No signal" in _section(over, "Active now")


def test_a_distance_near_its_reference_is_not_told() -> None:
    pipeline = _changed(count=2300)
    (monitor,) = pipeline.processor.fleet.monitors.values()
    rows = {row[1]: row[3] for row in _rows(_section(render(pipeline), "Active now"))}
    numbers = []
    for name, told in rows.items():
        distances = monitor.signals[name].comparison().distances()
        ratios = sorted(found.value / found.threshold for found in distances.values())[::-1]
        numbers.append(sum(ratio > 1 for ratio in ratios))
        shown = re.findall(r"(\w+) [\d.]+ > [\d.]+", told)
        assert [distances[each].value / distances[each].threshold for each in shown] == ratios[: min(numbers[-1], 2)]
        assert (f"and {numbers[-1] - 2} more" in told) == (numbers[-1] > 2)
    # The newest values are old ones too, in part: some distances of some signals are not above.
    assert len(set(numbers)) > 1


def test_many_signals_and_many_episodes_are_bounded_and_counted() -> None:
    pipeline = _changed(signals=30)
    (monitor,) = pipeline.processor.fleet.monitors.values()
    assert monitor.episodes.newest
    html = render(pipeline)
    assert len(_rows(_section(html, "What changed"))) == SHOWN_SIGNALS
    assert f"And {monitor.episodes.newest.count - SHOWN_SIGNALS} less evident signals" in html
    up = sum(signal.active_since is not None for signal in monitor.signals.values())
    assert f"And {up - 12} more signals: see" in html

    level = np.repeat(np.tile([0.0, 3.0], 6), 1500)[:-900]
    values = np.random.default_rng(2).normal(size=len(level)) + level
    pipeline, _ = run(feature_events({"a": values}), detectors=["feature:*=glr"], episode_gap=1)
    (monitor,) = pipeline.processor.fleet.monitors.values()
    assert monitor.episodes.count > SHOWN_EPISODES
    html = _section(render(pipeline), "What changed")
    assert html.count("<article>") == SHOWN_EPISODES
    # The signal is active because of the newest one alone, which comes first.
    alarms = [one.last_ts for one in reversed(monitor.episodes.recent)][:SHOWN_EPISODES]
    assert re.findall(r"alarm (2026[-: 0-9]{15})", html) == [moment(ts) for ts in alarms]
    assert monitor.signals["feature:a"].active_since


def test_without_times_it_counts_predictions() -> None:
    html = render(_changed(ts=None))
    assert re.search(r"began about prediction [12],\d\d\d · ", _section(html, "What changed"))
    assert {row[2] for row in _rows(_section(html, "Active now"))} == {"–"}


def test_before_any_drift() -> None:
    html = render(run(feature_events({"a": [1.0] * 100}))[0])
    assert "No drift so far." in _section(html, "What changed")
    assert "No signal" in _section(html, "Active now")


def test_the_page_shows_what_is_watched(busy: Served) -> None:
    status, headers, body = busy.get("/")
    page = body.decode()
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    for text in ("default", "accuracy 0.5", "2,000", "adwin", "not_json", "/metrics", "/readyz"):
        assert text in page
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_the_page_of_a_pipeline_that_has_seen_nothing(fresh: Served) -> None:
    page = fresh.get("/")[2].decode()
    assert "No prediction has come in yet." in page
    assert "no partition is assigned" in page


def test_the_page_escapes_what_comes_from_records() -> None:
    evil = "<script>alert('x')</script>"
    rows = feature_events({evil: [0.0] * 200 + [9.0] * 200}, model=evil, version=evil)
    pipeline, found = run(rows, warmup=0)
    assert any(evil in detection.signal for detection in found)
    page = render(pipeline)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 3


def test_a_dollar_in_a_name_is_no_template(fresh: Served) -> None:
    pipeline, _ = run([make_prediction(0, model="$version $$ ${x}")])
    assert "$version $$ ${x}" in render(pipeline)


def test_what_differs_from_the_training_data_is_told_first() -> None:
    html = render(shifted_pipeline())
    section = _section(html, "Against the training data")
    assert html.index("Against the training data") < html.index("What changed")
    assert "default/default: 1 of 4 signals is shifted, 1 since the start" in section
    assert "first noticed 2026-" in section
    (row,) = _rows(section)
    assert row[0] == "feature:a" and "mean 0.42" in row[1] and "→ 1.42" in row[1] and row[4] == "since the start"
    assert "Against the training data" not in render(_changed(count=600))


def test_where_the_promise_is_not_kept_the_page_says_so() -> None:
    rng, at = np.random.default_rng(1), np.arange(8000)
    noise = rng.standard_normal(len(at))
    clusters = noise + np.repeat(rng.standard_normal(len(at) // 500), 500)
    bursts = noise * np.where(at < 600, 1.0, np.where(at // 60 % 2, 2.0, 0.3))
    pipeline = run(feature_events({"a": clusters, "b": bursts, "c": noise[::-1]}), detectors=["glr"])[0]
    told = unescape(_section(render(pipeline), "False alarms"))
    assert re.search("(about [0-9]+|more than 100) times as many in feature:a, where the level comes and goes", told)
    assert re.search(
        "(about [0-9]+|more than 100) times as many in feature:b, where the variance comes in bursts", told
    )
    assert "feature:c" not in told
    assert "<h2>False alarms</h2>" not in render(shifted_pipeline())
