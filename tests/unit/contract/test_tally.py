"""A tally of violations over rows."""

from __future__ import annotations

from stream_monitor.contract.input_contract import InputContract
from stream_monitor.contract.tally import Tally


def test_counts_and_first_examples_do_not_depend_on_batches() -> None:
    contract = InputContract.model_validate(
        {"additional_features": False, "features": {"a": {"type": "integer", "maximum": 9}}}
    )
    rows = [{"a": 1}, {"a": 10}, {"b": 1}, {"a": "x"}, {"a": 11, "c": 2}, {}]
    whole, parts = Tally(contract), Tally(contract)
    whole.add(rows)
    for row in rows:
        parts.add([row])
    assert (whole.rows, whole.invalid, whole.counts, whole.examples) == (6, 5, parts.counts, parts.examples)
    assert parts.invalid == 5
    assert whole.counts == {("a", "missing"): 2, ("a", "type"): 1, ("a", "range"): 2, ("(others)", "unknown"): 2}
    assert {rule: example.row for rule, example in whole.examples.items()} == {
        ("a", "missing"): 3,
        ("a", "type"): 4,
        ("a", "range"): 2,
        ("(others)", "unknown"): 3,
    }
    assert whole.examples["(others)", "unknown"].violation.feature == "b"
