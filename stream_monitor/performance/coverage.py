"""Label coverage: the share of mature predictions that have a label."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats

#: Spans of time into which the maturity is divided; the predictions of a span become mature together.
SPANS = 200


class Coverage:
    """Counts mature predictions, and those of them whose outcome was applied.

    A prediction is mature ``maturity`` seconds after it was made. Younger ones are counted by spans of time, so that
    memory does not depend on their number.

    Attributes:
        mature: Mature predictions.
        mature_labelled: Mature predictions whose outcome was applied.

    Args:
        maturity: Seconds; 0 if predictions are mature at once.

    >>> coverage = Coverage(maturity=100.0)
    >>> coverage.predicted(np.array([0.0, 1.0, 50.0]))
    >>> coverage.advance(105.0)
    >>> coverage.labelled(np.array([0.0]))
    >>> coverage.mature, coverage.share
    (2, 0.5)
    """

    def __init__(self, maturity: float) -> None:
        self._maturity = maturity
        self._width = maturity / SPANS
        self._stream_time = -math.inf
        self._spans: dict[float, list[int]] = {}  # by the end of the span: predictions, and those with a label
        self._next = math.inf
        self.mature = 0
        self.mature_labelled = 0

    @property
    def share(self) -> float:
        """The share from 0 to 1; NaN before the first prediction is mature."""
        # Predictions read again to restore a partition are not counted, but their labels are.
        return min(self.mature_labelled / self.mature, 1.0) if self.mature else math.nan

    def predicted(self, times: Floats) -> None:
        """Count predictions, by their event times in seconds; NaN where unknown: mature at once; shape (n,)."""
        self._count(times, 0)

    def labelled(self, times: Floats) -> None:
        """Count outcomes, by the event times of their predictions."""
        self._count(times, 1)

    def advance(self, stream_time: float) -> None:
        """Advance to this stream time, in seconds; spans that are old enough become mature."""
        self._stream_time = max(self._stream_time, stream_time)
        if self._next + self._maturity > self._stream_time:
            return
        for end in [end for end in self._spans if end + self._maturity <= self._stream_time]:
            self._add(*self._spans.pop(end))
        self._next = min(self._spans, default=math.inf)

    def state(self) -> dict[str, Any]:
        return {
            "stream_time": self._stream_time if self._stream_time > -math.inf else None,
            "spans": sorted((end, *counts) for end, counts in self._spans.items()),
            "mature": self.mature,
            "mature_labelled": self.mature_labelled,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._stream_time = -math.inf if state["stream_time"] is None else state["stream_time"]
        self._spans = {end: counts for end, *counts in state["spans"]}
        self._next = min(self._spans, default=math.inf)
        self.mature, self.mature_labelled = state["mature"], state["mature_labelled"]

    def _count(self, times: Floats, column: int) -> None:
        if not self._maturity:
            self._add(*((len(times), 0) if column == 0 else (0, len(times))))
            return
        ends = (np.floor(times / self._width) + 1.0) * self._width
        is_young = ends + self._maturity > self._stream_time
        old = len(times) - int(is_young.sum())
        self._add(*((old, 0) if column == 0 else (0, old)))
        young, counts = np.unique(ends[is_young], return_counts=True)
        for end, count in zip(young.tolist(), counts.tolist(), strict=True):
            self._spans.setdefault(end, [0, 0])[column] += count
            self._next = min(self._next, end)

    def _add(self, predictions: int, labelled: int) -> None:
        self.mature += predictions
        self.mature_labelled += labelled
