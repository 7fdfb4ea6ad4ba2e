"""Scores wait with their predictions: the measures of the pipeline are those of scores beside their labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stream_monitor.performance.realized import Classification, Scores
from stream_monitor.testing import make_label, make_prediction
from tests.harness import run


def _rows(count: int = 300) -> list[tuple[str, str, Any]]:
    rng = np.random.default_rng(1)
    rows = []
    for at, p in enumerate(rng.random(count).round(2).tolist()):
        score: Any = {"yes": p, "no": 1.0 - p} if at % 3 else p
        rows.append(("yes" if rng.random() < p else "no", "yes" if p > 0.5 else "no", None if at % 7 == 0 else score))
    return rows


def _expected(rows: list[tuple[str, str, Any]]) -> Classification:
    performance = Classification(1000, 0.999, "yes")
    y_true, y_pred, scores = zip(*rows, strict=True)
    maps = [each if isinstance(each, dict) else None for each in scores]
    numbers = np.array([each if isinstance(each, float) else np.nan for each in scores])
    performance.update(y_true, y_pred, Scores(numbers, maps))
    return performance


@pytest.mark.parametrize("batch_size", [1, 7, 100, 1000])
@pytest.mark.parametrize("way", ["inside", "late", "early", "mixed"])
def test_measures_of_scores_do_not_depend_on_the_way_of_the_label(way: str, batch_size: int) -> None:
    rows = _rows()
    predictions: list[Any] = [
        make_prediction(at, prediction=y_pred, score=score) for at, (_, y_pred, score) in enumerate(rows)
    ]
    labels: list[Any] = [make_label(at, y_true) for at, (y_true, *_) in enumerate(rows)]
    if way == "inside":
        events = [{**one, "label": label["label"]} for one, label in zip(predictions, labels, strict=True)]
    elif way == "mixed":
        events = [each for pair in zip(predictions, labels, strict=True) for each in pair]
    else:
        events = [*predictions, *labels] if way == "late" else [*labels, *predictions]
    pipeline, _ = run(events, batch_size=batch_size, positive_class="yes")
    (monitor,) = pipeline.processor.fleet.monitors.values()
    expected = _expected(rows)
    assert monitor.performance.measures() == expected.measures()
    assert monitor.performance.class_measures() == expected.class_measures()
    assert {"roc_auc", "log_loss"} < set(expected.measures())
