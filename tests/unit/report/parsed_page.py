"""The report as a page that is parsed, and data to make it of."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner

from stream_monitor.cli import cli
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.pipeline.take_snapshot import SnapshotTaker
from stream_monitor.report.page import render
from stream_monitor.report.recorder import Recorder
from stream_monitor.signals.columns import Column
from tests.files import write
from tests.harness import make_pipeline

START = datetime(2026, 11, 2, 6, 30, tzinfo=UTC)
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
        """Return the numbers inside of the element with this attribute."""
        return [
            float(found["value"])
            for tag, found, parents in self.elements
            if tag == "data" and any(parent.get(attribute) == value for parent in parents)
        ]

    def alarms(self, signal: str) -> list[float]:
        """Return the positions of the alarms in a signal's chart."""
        return [
            float(re.match(r"M([\d.]+)", found["d"])[1])  # type: ignore[index]
            for tag, found, parents in self.elements
            if tag == "path"
            and found.get("class") == "alarm"
            and any(parent.get("data-signal") == signal for parent in parents)
        ]


def report(tmp_path: Path, rows: Sequence[Mapping[str, Any]], *arguments: str) -> tuple[Page, dict[str, Any]]:
    return report_of(tmp_path, write(tmp_path / "x.csv", rows, "csv"), *arguments)


def report_of(tmp_path: Path, path: Path, *arguments: str, code: int = 0) -> tuple[Page, dict[str, Any]]:
    out, report = tmp_path / "out.json", tmp_path / "out.html"
    options = ["--json", str(out), "--report", str(report), *arguments]
    result = CliRunner().invoke(cli, ["replay", str(path), *options])
    assert result.exit_code == code, result.output
    return Page(report.read_text(encoding="utf-8")), json.loads(out.read_bytes())


def report_rows(
    count: int = 4000, features: int = 2, labelled: bool = True, timed: bool = True
) -> list[dict[str, Any]]:
    """Return rows whose features shift in the middle, where the model gets wrong."""
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


def rendered(detections: Sequence[Detection], recorder: Recorder, name: str = "x.csv") -> Page:
    nothing = SnapshotTaker(make_pipeline([])[0]).take()
    return Page(render(nothing, detections, recorder, [name], []))


def recorded(signals: Sequence[str], count: int = 1000) -> Recorder:
    recorder, key = Recorder(), ModelVersion("m", "1")
    index = np.arange(count)
    for signal in ("prediction", *signals):
        recorder.take(key, signal, Column(np.sin(index / 50.0), index, 1e9 + index * 60.0))
    return recorder
