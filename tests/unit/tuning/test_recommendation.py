"""The part of a model's false alarms that a sweep can show, by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from stream_monitor.core.events import ModelVersion
from stream_monitor.signals.columns import Column
from stream_monitor.tuning.recommendation import looked_at
from stream_monitor.tuning.recording import Recording, Signal
from stream_monitor.tuning.sweep import Sweep

_NONE = Column(np.empty(0), np.empty(0, dtype=np.int64), np.empty(0))
#: Shares of the budget without the sixteenth of single classes, of which a recording has no signals: an eighth of the
#: whole for the error; of the rest, weights 4 (prediction, score) and 2.25 (a feature).
_ERROR, _REST = 2 / 15, 13 / 15


def _sweep(signals: Sequence[str], features: Sequence[str], left_out: Sequence[str] = ()) -> Sweep:
    made = tuple(Signal(name, "number", _NONE) for name in signals)
    recording = Recording(ModelVersion("m", "1"), 0, 0, tuple(features), made, None, left_out=left_out)
    return Sweep(recording, [], 1, {}, [])


@pytest.mark.parametrize(
    ("signals", "features", "expected"),
    [
        (["prediction", "score", "error", "feature:a"], ["a"], 1.0),
        (["prediction", "score", "error", "feature:a"], "abcd", _ERROR + _REST * (8 + 2.25) / (8 + 4 * 2.25)),
        (["prediction", "score", "feature:a"], "abcd", (8 + 2.25) / (8 + 4 * 2.25)),
        (["prediction", "score", "error"], "abcd", _ERROR + _REST * 8 / (8 + 4 * 2.25)),
    ],
)
def test_the_part_is_that_of_the_budget(signals: list[str], features: Sequence[str], expected: float) -> None:
    assert looked_at(_sweep(signals, features)) == pytest.approx(expected)


def test_the_errors_of_rare_classes_are_not_shown() -> None:
    """Two of ten classes have 1 and 1/2 of the harmonic sum's parts of a sixteenth."""
    names, left_out = ["prediction", "score", "error", "feature:a"], ["error:b", "error:c"]
    part = 1 / 16 * 1.5 / sum(1 / place for place in range(1, 11))
    expected = (15 / 16) / (15 / 16 + part)
    assert looked_at(_sweep(names, ["a"], left_out)) == pytest.approx(expected)
