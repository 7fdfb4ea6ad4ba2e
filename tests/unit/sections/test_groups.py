"""The section on groups and the gaps between them."""

from __future__ import annotations

from stream_monitor.sections.groups import gap_text
from tests.unit.sections.replayed import COUNT, events, everything, replayed, rows, section, smalls


def test_values_have_their_measures_with_intervals() -> None:
    snapshot = everything()
    (model, _) = snapshot.models
    assert model.fairness
    counts = model.fairness.groups["sex"]["cumulative"]
    part = section(snapshot, "groups").parts[1]
    assert part.title == "default/1: sex (groups.sex; positive class yes)"
    values, gaps = part.tables
    assert values.head[:4] == ["Value", "Predictions", "Outcomes", "Selection rate"]
    for row, (name, each) in zip(rows(values), counts.items(), strict=True):
        accuracy = f"{each.correct / each.outcomes:.1%}"
        assert [row[0], row[1], row[4], row[-1]] == [name, f"{each.predictions:,}", accuracy, "100.0%"]
    assert smalls(values)[0][4].count("%") == 2
    gap = model.fairness.gaps(counts)["accuracy_gap"]
    found = {row[0]: row for row in rows(gaps)}
    assert found["accuracy gap"][1] == f"{100 * gap.estimate.value:.1f} pp"
    assert smalls(gaps)[-1][1].endswith("pp; f over m")
    (shown,) = [row[1] for row in gaps.rows if row[0] == "accuracy gap"]
    assert shown.tone == "bad" and gap.estimate.lower > 0  # type: ignore[union-attr]


def test_the_version_with_the_most_predictions_is_open_and_the_others_are_folded() -> None:
    few = [each for each in events() if each["version"] == "2" or each["id"] > "r-2"]
    parts = section(replayed(few, group={"sex": "groups.sex"}, positive="yes"), "groups").parts[1:]
    assert [(part.title[:9], part.is_folded) for part in parts] == [("default/2", False), ("default/1", True)]


def test_a_small_value_and_a_missing_one_are_shown_as_such() -> None:
    found = events()[: COUNT // 2]
    for each in found[:300]:
        each["groups"] = {}
    snapshot = replayed(found, group={"region": "groups.region"}, positive="yes")
    values = section(snapshot, "groups").parts[1].tables[0]
    told = {row[0]: small[0] for row, small in zip(rows(values), smalls(values), strict=True)}
    assert told["missing"] == "no value: not compared"
    assert told["north"] == ""
    assert [small for name, small in told.items() if "script" in name] == ["fewer than 100: not compared"]
    parts = section(snapshot, "groups").parts
    assert len(parts[1].tables) == 1
    last = next(part for part in parts if part.title.endswith("what is not compared, or not shown"))
    assert last.lines[0].endswith("predictions have no groups.region; they are left out of the gaps")


def test_a_regression_has_mean_residuals() -> None:
    found = [
        {**each, "prediction": 1.0, "label": 1.0 + at % 3 * (each["groups"]["sex"] == "m")}
        for at, each in enumerate(events())
    ]
    snapshot = replayed(found, task="regression", group={"sex": "groups.sex"})
    values, gaps = section(snapshot, "groups").parts[1].tables
    assert values.head[-1] == "Mean residual"
    residuals = {row[0]: float(row[-1]) for row in rows(values)}
    assert residuals["f"] == 0 and 0.9 < residuals["m"] < 1.1
    ((name, gap, *_),) = rows(gaps)
    assert name == "mean residual gap" and float(gap) == residuals["m"]


def test_a_ratio_without_a_bound_is_infinite() -> None:
    assert gap_text("disparate_impact_ratio", float("inf")) == "∞"
