"""All sections: what is off takes no room, and names are text."""

from __future__ import annotations

import re
from dataclasses import replace

from stream_monitor.core.events import ModelVersion
from stream_monitor.performance.group_measures import GroupCounts
from stream_monitor.pipeline.snapshot import Snapshot
from stream_monitor.report.page import render as render_report
from stream_monitor.report.recorder import Recorder
from stream_monitor.sections import sections
from stream_monitor.sections.html import render
from stream_monitor.server.page import render_page
from tests.unit.report.parsed_page import Page
from tests.unit.sections.replayed import NASTY, everything, names, nothing


def test_what_is_off_takes_no_room() -> None:
    assert names(nothing()) == ["baselines", "mistakes"]  # baselines are on by default
    assert names(everything()) == [
        "baselines",
        "versions",
        "groups",
        "contract",
        "evaluation-sets",
        "retraining",
        "mistakes",
    ]


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


def test_each_is_linked_from_the_head() -> None:
    snapshot = everything()
    for html in (render_report(snapshot, [], Recorder(), ["x.jsonl"], []), render_page(snapshot, [])):
        head = html[: html.index("<section")]
        assert [name for name in re.findall('href="#([a-z-]+)"', head) if name in names(snapshot)] == names(snapshot)


def _crowded() -> Snapshot:
    """Return the snapshot of many versions with long names, each with as many groups, rules and sets as can be."""
    snapshot = everything()
    (model, *_) = snapshot.models
    (rollout,) = snapshot.rollouts
    assert model.fairness
    name = "long name " * 20
    values = {f"{name}{at}": GroupCounts(500, 100, 500, at, 100, 50, 400, 9) for at in range(20)}
    groups = {f"{name}{at}": {"cumulative": values, "rolling": values} for at in range(40)}
    paths = dict.fromkeys(groups, name)
    rules = {(f"{name}{at}", "range"): 1 + at for at in range(3000)}
    crowd = [
        replace(
            model,
            key=ModelVersion(f"{name}{at}", str(at)),
            fairness=replace(model.fairness, groups=groups, paths=paths),
            violations=rules,
        )
        for at in range(100)
    ]
    return replace(
        snapshot,
        models=crowd,
        rollouts=[replace(rollout, model=f"{name}{at}") for at in range(100)],
        actions=replace(snapshot.actions, requests=list(snapshot.actions.requests) * 200),
    )


def test_many_of_all_are_bounded_and_counted() -> None:
    html = render(sections(_crowded(), is_live=True))
    assert len(html) < 3_000_000
    for rest in ("2,970 more rules", "94 more versions", "28 more groups", "80 more models", "more earlier requests"):
        assert rest in html
