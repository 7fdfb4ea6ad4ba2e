"""The false-alarm budget of a model."""

from __future__ import annotations

import math

import pytest

from stream_monitor.detectors.spec import parse_spec
from stream_monitor.drift.budget import MAX_CLASSES, Budget


def test_the_budget_is_spent_once() -> None:
    """The rates of all detectors together are that of the model."""
    specs = [parse_spec("glr"), parse_spec("error=adwin"), parse_spec("score=glr:threshold=9")]
    features = [f"f{at}" for at in range(30)]
    names = [
        "error",
        "prediction",
        "score",
        *(f"{kind}:{f}" for f in features for kind in ("feature", "spread", "missing")),
    ]
    budget = Budget(specs, 1000.0)
    lengths = budget.run_lengths(names, features)
    detectors = {name: 2 if name == "error" else 1 for name in names}
    assert math.isinf(lengths["score"])
    # In predictions: of the spread, each value stands for four.
    each = {name: length * 4 if name.startswith("spread:") else length for name, length in lengths.items()}
    # Of the errors of classes, the values of which come as often as the class.
    of_classes = [budget.class_run_length("error:a", place, 0.1) / 0.1 for place in range(MAX_CLASSES)]
    rates = [*(detectors[name] / length for name, length in each.items()), *(1.0 / length for length in of_classes)]
    assert math.fsum(rates) == pytest.approx(1 / 1000.0)
    assert lengths["error"] < lengths["prediction"] < lengths["feature:f0"] < lengths["missing:f0"]
