"""``replay --report``: a page that parses, needs nothing else, and says what ``--json`` says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from stream_monitor.cli import cli
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.pipeline.take_snapshot import SnapshotTaker
from stream_monitor.report.chart import LEFT, RIGHT, WIDTH
from stream_monitor.report.contents import group
from stream_monitor.report.page import render
from stream_monitor.report.recorder import Recorder
from stream_monitor.signals.columns import Column
from tests.cli_runs import one_line
from tests.harness import make_pipeline
from tests.unit.sources.test_files import write

START = datetime(2026, 11, 2, 6, 30, tzinfo=UTC)
NASTY = "\"><script>alert('&')</script>"
_VOID = {"meta", "br", "hr", "img", "link", "input"}
#: Elements whose end tag HTML lets one leave out.
_OPEN = {"html", "head", "body", "p", "li", "dt", "dd", "tr", "td", "th"}


class Page(HTMLParser):
    """The page as a tree flattened: every element with the elements that it is in; end tags that fit their start."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.elements: list[tuple[str, dict[str, str], list[dict[str, str]]]] = []
        self.texts: list[tuple[str, list[dict[str, str]]]] = []
        self._stack: list[tuple[str, dict[str, str]]] = []
        self.feed(html)
        self.close()
        assert not self._stack, self._stack

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self._row: dict[str, str] = {}
        found = {name: value or "" for name, value in attrs}
        self.elements.append((tag, found, self._parents()))
        if tag == "tr":
            self._row = found
        if tag not in _VOID | _OPEN:
            self._stack.append((tag, found))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}, self._parents()))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _OPEN:
            assert self._stack, tag
            assert self._stack.pop()[0] == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        self.texts.append((data, self._parents()))

    def _parents(self) -> list[dict[str, str]]:
        return [attributes for _, attributes in self._stack] + [getattr(self, "_row", {})]

    @property
    def text(self) -> str:
        return "".join(data for data, _ in self.texts)

    def values(self, attribute: str, value: str) -> list[float]:
        """Numbers inside of the element with this attribute."""
        return [
            float(found["value"])
            for tag, found, parents in self.elements
            if tag == "data" and any(parent.get(attribute) == value for parent in parents)
        ]

    def alarms(self, signal: str) -> list[float]:
        """Where the alarms are in a signal's chart."""
        return [
            float(re.match(r"M([\d.]+)", found["d"])[1])  # type: ignore[index]
            for tag, found, parents in self.elements
            if tag == "path"
            and found.get("class") == "alarm"
            and any(parent.get("data-signal") == signal for parent in parents)
        ]


def _report(tmp_path: Path, rows: Sequence[Mapping[str, Any]], *arguments: str) -> tuple[Page, dict[str, Any]]:
    return _report_of(tmp_path, write(tmp_path / "x.csv", rows, "csv"), *arguments)


def _report_of(tmp_path: Path, path: Path, *arguments: str, code: int = 0) -> tuple[Page, dict[str, Any]]:
    out, report = tmp_path / "out.json", tmp_path / "out.html"
    options = ["--json", str(out), "--report", str(report), *arguments]
    result = CliRunner().invoke(cli, ["replay", str(path), *options])
    assert result.exit_code == code, result.output
    return Page(report.read_text(encoding="utf-8")), json.loads(out.read_bytes())


def _rows(count: int = 4000, features: int = 2, labelled: bool = True, timed: bool = True) -> list[dict[str, Any]]:
    """In the middle every feature shifts, and the model goes wrong."""
    rng = np.random.default_rng(5)
    late = np.arange(count) >= count // 2
    columns = {f"f{n}": np.round(10.0**n * (rng.normal(size=count) + 3 * late), 6) for n in range(features)}
    wrong = rng.random(count) < np.where(late, 0.5, 0.05)
    return [
        {
            "id": at,
            **({"ts": (START + timedelta(minutes=at)).isoformat()} if timed else {}),
            "prediction": 1,
            **({"label": int(not wrong[at])} if labelled else {}),
            **{name: float(column[at]) for name, column in columns.items()},
        }
        for at in range(count)
    ]


@pytest.fixture(scope="module")
def drifted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, dict[str, Any]]:
    return _report(tmp_path_factory.mktemp("drifted"), _rows())


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
    for window, value in version["performance"]["accuracy"].items():
        figures += [value, *version["intervals"][window]]
    assert page.values("class", "narrow") == [*figures, *version["outcomes"].values()]
    assert page.text.count("f0") > 3


def test_every_detection_is_marked_at_its_prediction(tmp_path: Path) -> None:
    page, found = _report(tmp_path, _rows(timed=False), "--detector", "adwin", "--detector", "page_hinkley")
    assert len(found["detections"]) > 3
    room = WIDTH - RIGHT - LEFT
    for signal in {d["signal"] for d in found["detections"]}:
        expected = [LEFT + d["index"] / 3999 * room for d in found["detections"] if d["signal"] == signal]
        assert sorted(page.alarms(signal)) == pytest.approx(sorted(expected), abs=0.06)


def test_a_report_changes_nothing_that_is_found(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", _rows(), "csv")
    _, found = _report_of(tmp_path, path)
    CliRunner().invoke(cli, ["replay", str(path), "--json", str(tmp_path / "plain.json")])
    assert json.loads((tmp_path / "plain.json").read_bytes()) == found


def test_episodes_tell_the_largest_effect_first() -> None:
    first = Detection(100, 1.0, "m", "1", "feature:a", "glr", 1.0, 2.0, 0.5, 90, 0.5, 90, 10, None, "e")
    second = first._replace(index=120, signal="feature:b", effect=2.0, changed_index=80, changed_ts=0.2)
    third = first._replace(index=50, episode=None)
    episodes = list(group([first, second, third]).values())
    assert [(e.name, [d.index for d in e.detections]) for e in episodes] == [("E1", [50]), ("E2", [100, 120])]
    assert [d.signal for d in episodes[1].ranked] == ["feature:b", "feature:a"]


def _rendered(detections: Sequence[Detection], recorder: Recorder, name: str = "x.csv") -> Page:
    nothing = SnapshotTaker(make_pipeline([])[0]).take()
    return Page(render(nothing, detections, recorder, [name], []))


def _recorded(signals: Sequence[str], count: int = 1000) -> Recorder:
    recorder, key = Recorder(), ModelVersion("m", "1")
    index = np.arange(count)
    for signal in ("prediction", *signals):
        recorder.take(key, signal, Column(np.sin(index / 50.0), index, 1e9 + index * 60.0))
    return recorder


def test_the_change_is_told_apart_from_the_alarm() -> None:
    detection = Detection(
        500, 1e9 + 30_000, "m", "1", "feature:a", "glr", 0.1, 0.9, 1.5, 300, 1e9 + 18_000, 300, 200, None, "e"
    )
    page = _rendered([detection], _recorded(["feature:a"]))
    marks = [found.get("class") for _, found, parents in page.elements if any("data-signal" in p for p in parents)]
    assert marks.count("changed") == marks.count("alarm") == marks.count("diamond") == 1
    assert "Began about 2001-09-09 06:46:40 (prediction 300)" in page.text
    assert "noticed 2001-09-09 10:06:40 (prediction 500): after 3 h 20 min, 200 predictions" in page.text


def test_distances_are_drawn_with_their_thresholds() -> None:
    recorder, key = _recorded(["feature:a", "feature:b"]), ModelVersion("m", "1")
    for at in range(0, 1000, 50):
        recorder.take_distances(key, "feature:a", {"psi": (at / 1000, 0.2)}, at)
        recorder.take_distances(key, "feature:b", {"psi": (0.01, 0.2)}, at)
    page = _rendered([], recorder)
    drawn = [found for _, found, _ in page.elements if "data-signal" in found]
    assert [found["data-signal"] for found in drawn] == ["feature:a"]
    assert sum(found.get("class") == "threshold" for _, found, _ in page.elements) == 1
    assert "psi (0.95, threshold 0.2)" in page.text


def test_names_are_text_and_no_more(tmp_path: Path) -> None:
    rows = [{**row, NASTY: row["f0"], "ver": NASTY} for row in _rows(features=1)]
    path = write(tmp_path / "x&<b>.csv", rows, "csv")
    page, found = _report_of(tmp_path, path, "--field", "version=ver", "--model", "a'b\"<i>")
    assert f"feature:{NASTY}" in {d["signal"] for d in found["detections"]}
    assert {tag for tag, *_ in page.elements} & {"script", "i>", "b>"} == set()
    assert f"feature:{NASTY}" in page.text
    assert "x&<b>.csv" in page.text
    assert f"a'b\"<i> / {NASTY}" in page.text


def test_control_characters_and_half_pairs_are_shown() -> None:
    page = _rendered([], _recorded(["feature:\x00\ud800\u202e"]), "a\nb")
    assert "feature:\\u0000\\ud800\\u202e" in page.text
    assert "a\\u000ab" in page.text


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id,prediction\n")
    page, _ = _report_of(tmp_path, tmp_path / "x.csv", code=1)
    for words in ("Nothing: no drift", "No prediction has met its label", "not known", "No signal has a detection"):
        assert words in page.text


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_one_prediction(tmp_path: Path, timed: bool, task: str) -> None:
    page, found = _report(tmp_path, _rows(1, timed=timed), "--task", task)
    assert page.values("class", "tiles")[0] == found["events"] == 1
    assert "Constant" in page.text


def test_without_labels(tmp_path: Path) -> None:
    page, found = _report(tmp_path, _rows(labelled=False))
    assert found["outcomes"] == 0
    assert "No prediction has met its label" in page.text
    assert page.alarms("feature:f0")


def test_a_regression(tmp_path: Path) -> None:
    rows = [{**row, "prediction": row["f0"], "label": row["f0"] + row["f1"] / 10} for row in _rows(2000)]
    page, found = _report(tmp_path, rows, "--task", "regression")
    drawn = [found["data-performance"] for _, found, _ in page.elements if "data-performance" in found]
    assert drawn == list(found["performance"]) == ["mae", "rmse", "r2"]


def test_versions_are_told_apart(tmp_path: Path) -> None:
    rows = [{**row, "version": "v1" if row["id"] % 2 else "v2"} for row in _rows()]
    page, found = _report(tmp_path, rows)
    assert [v["version"] for v in found["versions"]] == ["v2", "v1"]
    drawn = [found["data-performance"] for _, found, _ in page.elements if "data-performance" in found]
    assert drawn == ["accuracy"] * 2
    assert "default / v1" in page.text


def test_categories_have_a_line_each(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = [
        {"id": n, "prediction": 1, "country": str(rng.choice(["DE", "FR", "IT"], p=p))}
        for n in range(3000)
        for p in [(0.6, 0.3, 0.1) if n < 1500 else (0.2, 0.3, 0.5)]
    ]
    page, found = _report(tmp_path, rows)
    assert {d["signal"] for d in found["detections"]} == {"feature:country"}
    lines = [found["class"] for tag, found, _ in page.elements if tag == "path" and found.get("class", "")[:1] == "c"]
    assert {"c0", "c1", "c2"} <= set(lines)
    assert "share of each category" in page.text
    assert {"DE", "FR", "IT"} <= {data for data, _ in page.texts}


def test_many_signals_stay_small(tmp_path: Path) -> None:
    """Those without a detection are folded away, and those that never vary are but named."""
    rng = np.random.default_rng(3)
    table = rng.normal(size=(1500, 200)).round(4)
    rows = [
        {"id": n, "prediction": 1, **{f"f{at}": value for at, value in enumerate(row)}}
        for n, row in enumerate(table.tolist())
    ]
    page, found = _report(tmp_path, rows)
    assert len(page.html) < 2_000_000
    assert sum(tag == "details" for tag, *_ in page.elements) == 1
    drawn = sum("data-signal" in found for _, found, _ in page.elements)
    assert drawn == len({d["signal"] for d in found["detections"]})
    assert "missing:f199 (0)" in page.text
    assert all(f"feature:f{at}" in page.text for at in range(200))


def test_what_is_left_out_is_said() -> None:
    detections = [
        Detection(at % 1000, 1e9 + at % 1000 * 60, "m", "1", f"feature:{at % 70}", f"d{at}", 0.0, 1.0)
        for at in range(3000)
    ]
    page = _rendered(detections, _recorded([f"feature:{at}" for at in range(70)]))
    for words in (
        "And 1,000 more, which --json has",
        "The 60 episodes with the largest effects; 2,940 more",
        "The 60 with the largest effects; 10 more",
        "And 40 more signals with smaller effects",
    ):
        assert words in page.text


def test_the_flags_are_told_as_they_were_typed(tmp_path: Path) -> None:
    page, _ = _report(tmp_path, _rows(10), "--label-ttl", "36h", "--field", "score=f0", "--warmup", "100")
    for flag in ("--label-ttl 36h", "--field score=f0", "--warmup 100"):
        assert flag in page.text


# Errors


@pytest.mark.parametrize("name", ["--report", "--json"])
def test_what_cannot_be_written_is_told_before_the_replay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = write(tmp_path / "x.csv", _rows(3), "csv")
    assert f"{name}: can't write /nowhere/out" in one_line(
        monkeypatch, capsys, ["replay", str(path), name, "/nowhere/out"]
    )
    before = path.read_bytes()
    line = one_line(monkeypatch, capsys, ["replay", str(path), name, str(tmp_path / "." / "x.csv")])
    assert "name another file" in line
    assert path.read_bytes() == before


def test_two_outputs_cannot_be_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = write(tmp_path / "x.csv", _rows(3), "csv"), str(tmp_path / "out")
    assert "name another file" in one_line(monkeypatch, capsys, ["replay", str(path), "--json", out, "--report", out])
