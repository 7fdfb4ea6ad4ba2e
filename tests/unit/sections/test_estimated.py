"""The section on estimated performance."""

from __future__ import annotations

from stream_monitor.testing import make_prediction
from tests.unit.sections.replayed import names, nothing, replayed, rows, section, smalls


def test_the_estimate_stands_beside_what_the_labels_showed() -> None:
    scored = [
        make_prediction(at, prediction="yes", score=0.7, label="no" if at % 10 in (0, 3, 7) else "yes")
        for at in range(2000)
    ]
    snapshot = replayed(scored, positive_class="yes")
    (model,) = snapshot.models
    estimate = model.estimated.estimates["rolling"]
    (part,) = section(snapshot, "estimated").parts
    (row,) = rows(part.tables[0])
    assert row[:3] == ["default / default", f"{estimate.value:.1%}", "70.0%"]
    (small,) = smalls(part.tables[0])
    assert small[1] == f"{estimate.lower:.1%} to {estimate.upper:.1%}"
    assert small[3] == f"over {model.estimated.errors['cumulative'].count:,} outcomes"


def test_without_scores_it_takes_no_room() -> None:
    assert "estimated" not in names(nothing())
