"""All sections: what is off takes no room, and names are text."""

from __future__ import annotations

import re

from stream_monitor.report.page import render as render_report
from stream_monitor.report.recorder import Recorder
from stream_monitor.sections import sections
from stream_monitor.sections.html import render
from stream_monitor.server.page import render_page
from tests.unit.report.parsed_page import Page
from tests.unit.sections.replayed import NASTY, everything, names, nothing


def test_what_is_off_takes_no_room() -> None:
    assert names(nothing()) == ["mistakes"]
    assert names(everything()) == ["versions", "groups", "contract", "evaluation-sets", "retraining", "mistakes"]


def test_names_are_text_and_no_more() -> None:
    html = render(sections(everything(), is_live=False))
    assert "<script" not in html
    page = Page(f"<main>{html}</main>")
    assert NASTY in page.text
    assert {tag for tag, *_ in page.elements} <= {
        *("main", "section", "h2", "h3", "details", "summary", "p", "div", "table", "tr", "th", "td", "span", "small")
    }


def test_report_and_page_show_them() -> None:
    snapshot = everything()
    report = render_report(snapshot, [], Recorder(), ["x.jsonl"], [])
    page = render_page(snapshot, [])
    for html in (report, page):
        assert "<script" not in html
        found = re.findall("<section id=([a-z-]+) class=told>", html)
        assert found == names(snapshot)
    assert "no audit log (--audit-log)" in page
    assert "no audit log" not in report
