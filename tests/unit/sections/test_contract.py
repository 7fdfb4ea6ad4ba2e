"""The section on the input contract."""

from __future__ import annotations

from tests.unit.sections.replayed import NASTY, contract_file, events, everything, replayed, rows, section


def test_each_rule_is_told_with_expected_received_and_fix() -> None:
    snapshot = everything()
    (part,) = section(snapshot, "contract").parts
    invalid = sum(model.invalid for model in snapshot.models)
    assert part.lines[0] == f"{invalid} of 4,000 predictions ({invalid / 40:.3g}%) break the contract."
    assert part.lines[1].startswith("default/1: ") and "; default/2: " in part.lines[1]
    (table,) = part.tables
    (age, other) = rows(table)
    assert age == ["age", "type", "200", "a number from 18 to 99", "got the text '18'", "send 18 without quotes"]
    assert other[:4] == [NASTY, "range", "1", "a number from -9 to 9"]
    assert other[5] == "if 99.0 is right, change the maximum in the contract"


def test_a_contract_that_is_kept_has_no_table() -> None:
    kept = replayed(events()[:2000], contract=contract_file())
    (part,) = section(kept, "contract").parts
    assert part.lines == ["None of 2,000 predictions breaks the contract."]
    assert not part.tables
