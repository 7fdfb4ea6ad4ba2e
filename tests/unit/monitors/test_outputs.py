"""The signals of a model's own output."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import ModelVersion, Prediction
from stream_monitor.detectors.spec import parse_spec
from stream_monitor.drift.detection import Alarm
from stream_monitor.monitors.joined_blocks import NO_SIGNALS, OneByOne, Source
from stream_monitor.monitors.outputs import OutputSignals
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal_set import SignalSet
from tests.event_columns import columns_of

KEY = ModelVersion("m", "1")


def _outputs(**settings: Any) -> tuple[OutputSignals, SignalSet]:
    signals = SignalSet(KEY, MonitorSettings(**settings))
    return OutputSignals(signals), signals


def _predictions(*pairs: tuple[Any, float | None], start: int = 0) -> tuple[PredictionBatch, Ints]:
    found = [Prediction("", None, KEY, y_pred, {}, score) for y_pred, score in pairs]
    return columns_of(list(enumerate(found, start)))


def _feed(source: Source) -> list[Alarm]:
    (alarms,) = OneByOne().update([source])
    return alarms


def _places(count: int) -> tuple[Ints, Floats]:
    return np.arange(count), np.full(count, math.nan)


def test_each_signal_has_the_kind_of_its_task() -> None:
    for task, kinds in (("classification", ("category", "share")), ("regression", ("number", "number"))):
        outputs, signals = _outputs(task=task)
        outputs.predictions(*_predictions((1.0, 0.5)))
        outputs.scores(*_predictions((1.0, 0.5)))
        outputs.errors(np.array([1.0]), *_places(1))
        found = {name: signal.kind for name, signal in signals.by_name.items()}
        assert found == {"prediction": kinds[0], "score": "number", "error": kinds[1]}


def test_a_score_that_never_comes_is_no_signal() -> None:
    outputs, signals = _outputs()
    assert outputs.scores(*_predictions(("yes", None), ("no", None))) == NO_SIGNALS
    assert not signals.by_name
    (score,), matrix = outputs.scores(*_predictions(("yes", None), ("no", 0.25), start=2))
    assert score is signals.by_name["score"]
    assert (matrix.column(0).values.tolist(), matrix.column(0).index.tolist()) == ([0.25], [3])


def test_text_predicted_by_a_regression_is_left_out() -> None:
    outputs, signals = _outputs(task="regression")
    _feed(outputs.predictions(*_predictions((2.0, None), ("two", None), (3.0, None))))
    assert signals.by_name["prediction"].comparison().values.tolist() == [2.0, 3.0]


def test_the_row_of_an_alarm_counts_errors_that_are_not_finite() -> None:
    detector = parse_spec("page_hinkley:threshold=5,min_instances=30")
    outputs, _ = _outputs(task="regression", specs=[detector], warmup=0)
    errors = np.repeat([0.0, 9.0], 100)
    gaps = np.insert(errors, [10, 20, 110], math.nan)
    plain = _feed(outputs.errors(errors, *_places(200)))
    other, _ = _outputs(task="regression", specs=[detector], warmup=0)
    holed = _feed(other.errors(gaps, *_places(203)))
    assert plain
    assert [alarm.row for alarm in holed] == [alarm.row + 2 + (alarm.row >= 110) for alarm in plain]
    assert all(gaps[alarm.row] == 9.0 for alarm in holed)


def test_a_restored_output_knows_its_categories() -> None:
    outputs, _ = _outputs()
    _feed(outputs.predictions(*_predictions(("yes", None), ("no", None))))
    other, signals = _outputs()
    other.restore(outputs.state())
    _feed(other.predictions(*_predictions(("no", None), start=2)))
    assert signals.by_name["prediction"].comparison().values.tolist() == [0.0, 1.0, 1.0]
