"""The section on versions."""

from __future__ import annotations

from tests.unit.sections.replayed import events, everything, names, nothing, replayed, rows, section, smalls


def test_versions_stand_side_by_side() -> None:
    snapshot = everything()
    (rollout,) = snapshot.rollouts
    (part,) = section(snapshot, "versions").parts
    (table,) = part.tables
    champion, challenger = (dict(zip(table.head, row, strict=True)) for row in rows(table))
    assert (champion["Role"], champion["Predictions"], champion["Traffic now"]) == ("champion", "2,000", "50%")
    assert (champion["First seen"], champion["Last seen"]) == ("2026-11-23", "2026-11-27")
    assert (champion["Difference"], champion["Verdict"]) == ("–", "")
    comparison = rollout.versions[1].comparison
    assert comparison
    assert challenger["Difference"] == f"{comparison.difference:+.4f}"
    assert challenger["Verdict"] == comparison.verdict == "worse"
    assert smalls(table)[1][-1] == f"after {comparison.decided_after} outcomes; split"
    assert smalls(table)[1][-2] == f"{comparison.bounds.lower:+.4f} to {comparison.bounds.upper:+.4f}"
    assert part.warnings[0] == "Going back from version 2 is recommended."
    assert part.warnings[1].startswith("The traffic is not split as --traffic-split says (p = ")


def test_a_split_that_is_kept_is_told_too() -> None:
    snapshot = replayed(events()[:1000], traffic_split={"1": 0.5, "2": 0.5})
    (part,) = section(snapshot, "versions").parts
    assert part.lines[0].startswith("The traffic is split as --traffic-split says, as far as can be told (p = ")


def test_one_version_alone_is_no_section_unless_a_champion_is_given() -> None:
    assert "versions" not in names(nothing())
    one = [{**each, "version": "1"} for each in events()[:500]]
    (part,) = section(replayed(one, champion={"default": "9"}), "versions").parts
    assert part.warnings[0].startswith("--champion: version 9 of default has made no prediction")
