"""The performance of a version as text."""

from __future__ import annotations

import pytest

from stream_monitor.cli.performance_table import show
from stream_monitor.performance.realized import make_performance
from stream_monitor.pipeline.take_snapshot import _performance


def _shown(capsys: pytest.CaptureFixture[str], task: str, y_true: list[object], y_pred: list[object]) -> list[str]:
    performance = make_performance(task, 2, 0.9)
    performance.update_many(y_true, y_pred)  # type: ignore[arg-type]
    show(_performance(performance))
    return capsys.readouterr().out.splitlines()


def test_each_class_has_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    lines = _shown(capsys, "classification", ["no", "no", "yes\n"], ["no", "yes\n", "yes\n"])
    assert lines[0].startswith("  accuracy           cumulative 0.6667 (")
    assert lines[1].startswith("  balanced_accuracy  cumulative 0.7500  rolling 0.5000  decayed ")
    head, no, yes = lines[-3:]
    assert head.split() == ["class", "labels", *("precision", "recall", "f1") * 2]
    assert no.split() == ["no", "2", "1.0000", "0.5000", "0.6667", "–", "0.0000", "0.0000"]
    assert yes.split() == ["yes\\u000a", "1", "0.5000", "1.0000", "0.6667", "0.5000", "1.0000", "0.6667"]
    assert head.index("recall") + len("recall") == no.index("0.5000") + len("0.5000")


def test_a_regression_has_no_classes(capsys: pytest.CaptureFixture[str]) -> None:
    assert [line.split()[0] for line in _shown(capsys, "regression", [1.0, 2.0], [1.0, 3.0])] == ["mae", "rmse", "r2"]
