"""Predictions against the input contract, from the record to the metrics."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

from stream_monitor.contract.input_contract import InputContract
from stream_monitor.contract.loading import parse
from stream_monitor.core.events import ModelVersion
from stream_monitor.monitors.violation_counts import ViolationCounts
from stream_monitor.pipeline.take_snapshot import SnapshotTaker
from stream_monitor.server.samples import samples
from stream_monitor.testing import make_prediction
from tests.harness import run

CONTRACT = parse(
    InputContract,
    """
    features:
      age: {type: integer, minimum: 18, maximum: 99}
      country: {type: category, categories: [DE, FR], required: false}
    """,
)
KEY = ModelVersion("default", "default")


def _events(ages: list[Any]) -> list[dict[str, Any]]:
    return [make_prediction(at, features={"age": age, "country": "DE"}) for at, age in enumerate(ages)]


def _values(pipeline: Any, name: str) -> dict[tuple[str, ...], float]:
    found = samples(SnapshotTaker(pipeline).take())
    return {labels: value for metric, labels, value in found if metric.name == f"stream_monitor_{name}"}


def test_counters_exist_at_0_for_each_rule() -> None:
    pipeline, _ = run(_events([41]), contract=CONTRACT)
    assert _values(pipeline, "feature_violations_total") == {
        (*KEY, "age", "missing"): 0,
        (*KEY, "age", "type"): 0,
        (*KEY, "age", "range"): 0,
        (*KEY, "country", "type"): 0,
        (*KEY, "country", "category"): 0,
    }
    assert _values(pipeline, "predictions_invalid_total") == {KEY: 0}


def test_without_a_contract_there_is_neither_counter_nor_signal() -> None:
    pipeline, _ = run(_events([41, "41"]))
    assert _values(pipeline, "feature_violations_total") == _values(pipeline, "predictions_invalid_total") == {}
    assert "invalid" not in pipeline.processor.fleet.monitors[KEY].signals


def test_a_wrong_type_is_missing_and_a_wrong_range_stays() -> None:
    pipeline, _ = run(_events([41, "41", 120, 20.5, [7], 30]), contract=CONTRACT, warmup=0)
    monitor = pipeline.processor.fleet.monitors[KEY]
    assert monitor.signals["feature:age"].comparison().values.tolist() == [41.0, 120.0, 30.0]
    assert monitor.signals["missing:age"].comparison().values.tolist() == [0.0, 1.0, 0.0, 1.0, 1.0, 0.0]
    assert monitor.signals["invalid"].comparison().values.tolist() == [0.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    assert monitor.violations.rules["age", "type"] == 3
    assert monitor.features["age"].violations == 0


def test_numbers_as_categories_are_compared_by_name() -> None:
    contract = parse(InputContract, "features: {zone: {type: category, categories: [1, 2]}}")
    events = [make_prediction(at, features={"zone": zone}) for at, zone in enumerate([1, 2.0, "1", 3, True])]
    pipeline, _ = run(events, contract=contract)
    monitor = pipeline.processor.fleet.monitors[KEY]
    assert monitor.violations.rules == {("zone", "missing"): 0, ("zone", "type"): 0, ("zone", "category"): 2}
    assert monitor.features["zone"].type == "categorical"


def test_a_rise_of_violations_is_detected() -> None:
    rng = np.random.default_rng(1)
    bad = rng.random(4000) < np.where(np.arange(4000) < 2000, 0.01, 0.2)
    ages = [120 if wrong else int(age) for wrong, age in zip(bad, rng.integers(18, 99, 4000), strict=True)]
    _, found = run(_events(ages), detectors=["invalid=glr"], contract=CONTRACT)
    assert {one.signal for one in found} == {"invalid"}
    assert 2000 <= found[0].index < 2200
    _, quiet = run(_events(ages[:2000]), detectors=["invalid=glr"], contract=CONTRACT)
    assert quiet == []


def test_a_log_line_says_where_a_rule_is_first_broken_without_the_value(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    run(_events([41, "secret", "secret", 120]), contract=CONTRACT, batch_size=2)
    lines = [line for line in caplog.messages if line.startswith("input contract")]
    assert lines == [
        "input contract: age breaks the rule type for the first time, at inference[0] offset 1: expected a whole "
        "number from 18 to 99",
        "input contract: age breaks the rule range for the first time, at inference[0] offset 3: expected a whole "
        "number from 18 to 99",
    ]


def test_a_given_type_and_the_type_of_the_contract() -> None:
    events = [make_prediction(at, features={"age": 41, "country": "DE"}) for at in range(5)]
    pipeline, _ = run(events, contract=CONTRACT, feature_types={"age": "categorical"})
    counts = pipeline.processor.fleet.monitors[KEY].features
    assert (counts["age"].type, counts["country"].type) == ("categorical", "categorical")


def test_restored_counts_are_those_of_rules_that_are_still_there() -> None:
    before = ViolationCounts(CONTRACT)
    before.rules.update({("age", "range"): 3, ("country", "category"): 2})
    before.invalid = 5
    after = ViolationCounts(parse(InputContract, "features: {age: {type: number, maximum: 1}}"))
    after.restore(before.state())
    assert after.rules == {("age", "missing"): 0, ("age", "type"): 0, ("age", "range"): 3}
    assert after.invalid == 5
