"""Evaluation sets as values: their settings, their rows, and the counts of what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from stream_monitor.core.events import Features, Target
from stream_monitor.performance.evaluation_window import WindowKey

#: The reserve for rare classes, as a multiple of the sample.
RESERVE = 10.0


class EvaluationSettings(NamedTuple):
    """Settings of evaluation sets.

    Attributes:
        share: The share of predictions that are chosen.
        window: Seconds of prediction time that one set covers.
        wait: Seconds after the end of its window for which a set waits for labels.
        min_per_class: Rows of each class at least, as far as there are any among the newest `RESERVE` times as many.
    """

    share: float
    window: float
    wait: float
    min_per_class: int = 0

    def end(self, key: WindowKey) -> float:
        """Return the end of a window, in seconds since the Unix epoch."""
        return (key.number + 1) * self.window

    def deadline(self, key: WindowKey) -> float:
        """Return the time at which a window is closed at the latest."""
        return self.end(key) + self.wait


@dataclass
class EvaluationCounts:
    """Counts of chosen predictions and sets.

    Attributes:
        late: Chosen predictions that came when their window was closed.
        dropped: Windows that went because too many were kept.
        written: Sets that were written.
        failures: Attempts to write one that failed.
    """

    late: int = 0
    dropped: int = 0
    written: int = 0
    failures: int = 0


class EvaluationRow(NamedTuple):
    """One labelled prediction of a set.

    ``in_sample``: whether it belongs to the uniform sample; if not, it was added for its rare class.
    ``sampling_share``: the share of the predictions of its class in the window that are in the set.
    """

    ts: float
    id: str
    model: str
    version: str
    y_pred: Target
    score: float | None
    features: Features
    y_true: Target
    sampling_share: float
    in_sample: bool


class EvaluationSet(NamedTuple):
    """The set of a window that is closed: its rows by time and id, and the share of its sample that has labels."""

    key: WindowKey
    start: float
    end: float
    rows: Sequence[EvaluationRow]
    share: float
    coverage: float
