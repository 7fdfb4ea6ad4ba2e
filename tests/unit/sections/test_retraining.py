"""The section on retraining."""

from __future__ import annotations

from tests.unit.sections.replayed import everything, rows, section


def test_requests_are_told_with_their_reasons_the_newest_first() -> None:
    snapshot = everything()
    (part,) = section(snapshot, "retraining").parts
    assert part.lines[0] == f"{len(snapshot.actions.requests)} retrain requests, one of them open."
    found = rows(part.tables[0])
    assert len(found) == len(snapshot.actions.requests) > 1
    newest = snapshot.actions.requests[-1]
    assert found[0][1:] == ["default / 1", newest.reasons[0].text, f"{newest.labels:,}"]
    assert found[0][0] > found[1][0] > "2026-11-"
