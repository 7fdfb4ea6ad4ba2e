"""Labels out of records."""

from __future__ import annotations

import math
from typing import Any

import pytest

from stream_monitor.core.errors import Reason
from stream_monitor.core.events import Label
from stream_monitor.core.records import TextRow
from tests.unit.decoding.events import changed, decode, reason_of


def test_a_label_may_name_its_model_and_version() -> None:
    event = decode({"id": 1, "label": 0, "model": "churn", "version": 3})
    assert event == Label("1", None, 0, "churn", "3")


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("label", [math.nan, "nan", "NaN"])
def test_a_label_that_is_nan_is_not_known_yet(label: Any, task: str) -> None:
    assert reason_of({"id": 1, "label": label}, task=task) is Reason.MISSING_LABEL
    assert reason_of(TextRow(id="1", label=str(label)), task=task) is Reason.MISSING_LABEL
    assert decode(changed(prediction=1, label=label), task=task).y_true is None
