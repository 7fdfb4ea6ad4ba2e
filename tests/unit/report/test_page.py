"""``replay --report``: a page that parses, needs nothing else, and says what ``--json`` says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from stream_monitor.cli import cli
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.drift.episodes import group
from stream_monitor.drift.practical_size import rank
from stream_monitor.report.chart import LEFT, RIGHT, WIDTH
from stream_monitor.report.contents import number_episodes
from tests.files import write
from tests.unit.report.parsed_page import Page, recorded, rendered, report, report_of, report_rows

NASTY = "\"><script>alert('&')</script>"


@pytest.fixture(scope="module")
def drifted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, dict[str, Any]]:
    return report(tmp_path_factory.mktemp("drifted"), report_rows())


def test_the_page_fetches_nothing_and_runs_nothing(drifted: tuple[Page, dict[str, Any]]) -> None:
    page, _ = drifted
    assert not re.search(r"https?:|//|@import|url\(|src=|javascript:", page.html)
    assert {tag for tag, *_ in page.elements} & {"script", "link", "img", "iframe", "object"} == set()
    assert not any(name.startswith("on") or name == "style" for _, found, _ in page.elements for name in found)
    assert len(re.findall("<style", page.html)) == 1


def test_the_policy_allows_its_own_style_only(drifted: tuple[Page, dict[str, Any]]) -> None:
    page, _ = drifted
    style = page.html.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(found["content"] for tag, found, _ in page.elements if "http-equiv" in found)
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    assert "prefers-color-scheme: dark" in style
    assert "@media print" in style


def test_every_link_leads_somewhere(drifted: tuple[Page, dict[str, Any]]) -> None:
    page, _ = drifted
    ids = [found["id"] for _, found, _ in page.elements if "id" in found]
    assert len(ids) == len(set(ids))
    links = {found["href"] for _, found, _ in page.elements if "href" in found}
    assert links
    assert links <= {f"#{name}" for name in ids}


def test_the_numbers_are_those_of_json(drifted: tuple[Page, dict[str, Any]]) -> None:
    page, found = drifted
    assert {"feature:f0", "feature:f1", "error"} <= {d["signal"] for d in found["detections"]}
    rejected, episodes = sum(found["rejected"].values()), {d["episode"] for d in found["detections"]}
    tiles = [found["events"], found["labels"], found["outcomes"], rejected, len(found["detections"]), len(episodes)]
    assert page.values("class", "tiles") == tiles
    raised = [attributes["data-detection"] for _, attributes, _ in page.elements if "data-detection" in attributes]
    assert len(raised) == len(set(raised)) == len(found["detections"])
    for name, detection in zip(raised, found["detections"], strict=True):
        told = [detection[key] for key in ("index", "before", "after", "effect") if detection[key] is not None]
        assert page.values("data-detection", name) == told
    version = found["versions"][0]
    figures = []
    for measure, windows in version["performance"].items():
        for window, value in windows.items():
            figures += [value, *(version["intervals"][window] if measure == "accuracy" else ())]
    assert page.values("class", "narrow") == [*figures, *version["outcomes"].values()]
    labels = {
        name: sum(one["outcomes"] for one in version["confusion"] if one["label"] == name) for name in ("0", "1")
    }
    by_class = [
        [labels[name], *(measures[measure][window] for window in ("cumulative", "rolling") for measure in measures)]
        for name, measures in version["classes"].items()
    ]
    assert page.values("class", "by-class") == [number for row in by_class for number in row]
    assert page.text.count("f0") > 3


def test_every_detection_is_marked_at_its_prediction(tmp_path: Path) -> None:
    page, found = report(tmp_path, report_rows(timed=False), "--detector", "adwin", "--detector", "page_hinkley")
    assert len(found["detections"]) > 3
    room = WIDTH - RIGHT - LEFT
    for signal in {d["signal"] for d in found["detections"]}:
        expected = [LEFT + d["index"] / 3999 * room for d in found["detections"] if d["signal"] == signal]
        assert sorted(page.alarms(signal)) == pytest.approx(sorted(expected), abs=0.06)


def test_a_report_changes_nothing_that_is_found(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", report_rows(), "csv")
    _, found = report_of(tmp_path, path)
    CliRunner().invoke(cli, ["replay", str(path), "--json", str(tmp_path / "plain.json")])
    assert json.loads((tmp_path / "plain.json").read_bytes()) == found


def test_episodes_tell_the_largest_effect_first() -> None:
    first = Detection(100, 1.0, "m", "1", "feature:a", "glr", 1.0, 2.0, 0.5, 90, 0.5, 90, 10, None, "e")
    second = first._replace(index=120, signal="feature:b", effect=2.0, changed_index=80, changed_ts=0.2)
    third = first._replace(index=50, episode=None)
    found = [first, second, third]
    episodes = list(number_episodes(rank(group(found), 0.1).episodes, found).values())
    assert [(e.name, [d.index for d in e.detections]) for e in episodes] == [("E1", [100, 120]), ("E2", [50])]
    assert [d.signal for d in episodes[0].episode.ranked] == ["feature:b", "feature:a"]


def test_the_change_is_told_apart_from_the_alarm() -> None:
    detection = Detection(
        500, 1e9 + 30_000, "m", "1", "feature:a", "glr", 0.1, 0.9, 1.5, 300, 1e9 + 18_000, 300, 200, None, "e"
    )
    page = rendered([detection], recorded(["feature:a"]))
    marks = [found.get("class") for _, found, parents in page.elements if any("data-signal" in p for p in parents)]
    assert marks.count("changed") == marks.count("alarm") == marks.count("diamond") == 1
    assert "Began about 2001-09-09 06:46:40 (prediction 300)" in page.text
    assert "noticed 2001-09-09 10:06:40 (prediction 500): after 3 h 20 min, 200 predictions" in page.text


def test_distances_are_drawn_with_their_thresholds() -> None:
    recorder, key = recorded(["feature:a", "feature:b"]), ModelVersion("m", "1")
    for at in range(0, 1000, 50):
        recorder.take_distances(key, "feature:a", {"psi": (at / 1000, 0.2)}, at)
        recorder.take_distances(key, "feature:b", {"psi": (0.01, 0.2)}, at)
    page = rendered([], recorder)
    drawn = [found for _, found, _ in page.elements if "data-signal" in found]
    assert [found["data-signal"] for found in drawn] == ["feature:a"]
    assert sum(found.get("class") == "threshold" for _, found, _ in page.elements) == 1
    assert "psi (0.95, threshold 0.2)" in page.text


def test_names_are_text_and_no_more(tmp_path: Path) -> None:
    rows = [{**row, NASTY: row["f0"], "ver": NASTY} for row in report_rows(features=1)]
    path = write(tmp_path / "x&<b>.csv", rows, "csv")
    page, found = report_of(tmp_path, path, "--field", "version=ver", "--model", "a'b\"<i>")
    assert f"feature:{NASTY}" in {d["signal"] for d in found["detections"]}
    assert {tag for tag, *_ in page.elements} & {"script", "i>", "b>"} == set()
    assert f"feature:{NASTY}" in page.text
    assert "x&<b>.csv" in page.text
    assert f"a'b\"<i> / {NASTY}" in page.text


def test_control_characters_and_half_pairs_are_shown() -> None:
    page = rendered([], recorded(["feature:\x00\ud800\u202e"]), "a\nb")
    assert "feature:\\u0000\\ud800\\u202e" in page.text
    assert "a\\u000ab" in page.text
