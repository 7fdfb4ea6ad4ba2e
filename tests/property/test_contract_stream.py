"""Streams against an input contract: neither batches nor the way they are handled change the result."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.contract.input_contract import OTHERS, InputContract
from stream_monitor.contract.loading import parse
from stream_monitor.contract.violation import Rule
from stream_monitor.core.violations import FeatureRule
from stream_monitor.pipeline.pipeline import Pipeline
from tests.examples import examples
from tests.harness import run
from tests.property.feature_streams import mixed_events

CONTRACT = parse(
    InputContract,
    """
    additional_features: false
    features:
      f0: {type: number, minimum: -3, maximum: 6, required: false}
      f1: {type: integer, required: false}
      f2: {type: category, categories: [a, b, 1, 2], required: false}
      f4: {type: text, pattern: "^a"}
    """,
)


def _violations(pipeline: Pipeline) -> dict[Any, tuple[int, Counter[FeatureRule]]]:
    monitors = pipeline.processor.fleet.monitors.items()
    return {key: (monitor.violations.invalid, monitor.violations.rules) for key, monitor in monitors}


@given(
    seed=st.integers(0, 2**32 - 1),
    batch_size=st.sampled_from((1, 2, 7, 64, 333)),
    side_by_side=st.booleans(),
    warmup=st.sampled_from((0, 2, 30, 200)),
)
@settings(max_examples=examples(12), deadline=None)
def test_the_result_is_the_same_for_all_batches(seed: int, batch_size: int, side_by_side: bool, warmup: int) -> None:
    events = mixed_events(seed, 600, features=4)
    options: dict[str, Any] = {"contract": CONTRACT, "warmup": warmup, "run_length": 2_000.0}
    one, alarms = run(events, batch_size=1000, **options)
    other, found = run(events, batch_size=batch_size, side_by_side=side_by_side, **options)
    assert found == alarms
    assert _violations(one) == _violations(other)
    assert one.processor.contract and other.processor.contract
    assert one.processor.contract.examples == other.processor.contract.examples


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=examples(12), deadline=None)
def test_the_counts_are_those_of_each_prediction_once(seed: int) -> None:
    events = mixed_events(seed, 200, features=4)
    wanted: Counter[FeatureRule] = Counter()
    invalid = 0
    for event in events:
        if "prediction" in event:
            found = CONTRACT.check(event["features"])
            wanted.update({(OTHERS if one.rule is Rule.UNKNOWN else one.feature, one.rule.value) for one in found})
            invalid += bool(found)
    pipeline, _ = run([*events, *events], contract=CONTRACT, batch_size=64)
    counted = _violations(pipeline).values()
    assert sum(count for count, _ in counted) == invalid
    assert sum((rules for _, rules in counted), Counter()) == wanted
