"""Features, scores and groups of predictions."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.unit.decoding.events import changed, decode


def test_numbers_as_strings_stay_text_in_json_features() -> None:
    assert decode(changed(features={"age": "41"})).features == {"age": "41"}


def test_ten_thousand_features() -> None:
    features = {f"f{number}": float(number) for number in range(10_000)}
    assert decode(changed(features=features)).features == features


@pytest.mark.parametrize(
    ("score", "prediction", "kept"),
    [
        (0.5, "yes", 0.5),
        (1, "yes", 1.0),
        ({"yes": 0.7, "no": 0.3}, "yes", 0.7),
        ({"yes": 0.7, "no": 0.3}, "no", 0.3),
        ({"a": 0.7, "b": 0.3}, "other", 0.7),
        ({"1": 0.7, "0": 0.3}, 1, 0.7),
        ({}, "yes", None),
        (None, "yes", None),
        (10**400, "yes", math.inf),
    ],
)
def test_scores(score: Any, prediction: Any, kept: float | None) -> None:
    assert decode(changed(score=score, prediction=prediction)).score == kept


def test_groups_keep_only_plain_values_as_text() -> None:
    assert decode(changed(groups={"sex": "f", "old": True, "band": 3, "x": [1], "y": None})).groups == {
        "sex": "f",
        "old": "True",
        "band": "3",
    }


@pytest.mark.parametrize(("prediction", "kept"), [("A", 0.2), ("a", 0.8)])
def test_classes_that_differ_by_case_keep_their_own_score(prediction: str, kept: float) -> None:
    assert decode(changed(score={"A": 0.2, "a": 0.8}, prediction=prediction)).score == kept
