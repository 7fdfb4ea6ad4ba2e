"""The type of a feature, and its signals."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from stream_monitor.detectors.spec import parse_spec
from stream_monitor.drift.budget import Budget
from stream_monitor.testing import make_prediction
from tests.harness import feature_events, run


def test_a_type_is_told_by_most_of_the_first_values(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    columns = {
        "a": ["n/a", *range(1999)],
        "b": list(range(1000)) + ["x"] * 1000,
        "zip": [10115 + at % 3 for at in range(2000)],
    }
    pipeline, _ = run(feature_events(columns), detectors=["glr"], feature_types={"zip": "categorical"})
    (monitor,) = pipeline.processor.fleet.monitors.values()
    features = monitor.features
    assert {name: counts.type for name, counts in features.items()} == {
        "a": "numeric",
        "b": "numeric",
        "zip": "categorical",
    }
    assert [features[name].violations for name in ("a", "b", "zip")] == [1, 1000, 0]
    assert "feature a of default/default is taken for numeric" in caplog.text
    assert monitor.signals["feature:zip"].kind == "category"


@pytest.mark.parametrize("given", [{}, {"x": "numeric"}])
def test_a_feature_that_turns_to_text_is_told_now_and_then(given: Any, caplog: pytest.LogCaptureFixture) -> None:
    columns = {"x": [at % 7 for at in range(1000)] + ["7.5 EUR"] * 1500, "quiet": [at % 5 for at in range(2500)]}
    run(feature_events(columns), detectors=["glr"], feature_types=given, batch_size=1)
    told = [one for one in caplog.messages if "its values so far" in one]
    assert [int(one.split(" but ")[1].split()[0]) for one in told] == [1, 10, 100, 1000]
    assert told[0] == (
        "feature 'x' of default/default is taken for numeric, but 1 of its values so far are not, and are left out; "
        "--feature-type x=categorical would take it for categorical"
    )


def test_a_feature_that_settles_as_text_has_the_budget_of_then() -> None:
    """Other features came before its type was inferred."""
    rows: list[dict[str, Any]] = [{"k": "xyz"[at % 3]} | ({"late": at % 5} if at > 100 else {}) for at in range(700)]
    events = [make_prediction(at, features=row) for at, row in enumerate(rows)]
    pipeline, _ = run(events, detectors=["glr"], run_length=1e6, batch_size=50)
    (monitor,) = pipeline.processor.fleet.monitors.values()
    signal = monitor.signals["feature:k"]
    expected = Budget([parse_spec("glr")], 1e6).run_length("feature:k", ["k", "late"])
    assert signal.kind == "category"
    assert [one.run_length for one in signal.detectors.runners.values()] == [pytest.approx(expected)]
