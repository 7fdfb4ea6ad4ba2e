"""The predictions and labels of a batch in one order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.core.event_batch import EventBatch, LabelBatch, PredictionBatch
from stream_monitor.core.events import Label, Prediction
from stream_monitor.join.origins import Origins


@dataclass(frozen=True)
class EventColumns:
    """The n predictions and labels of a batch in the order of their records.

    Attributes:
        predictions, labels: The events.
        origins: The origins of their records.
        at: The row of each event's record, rising, shape (n,).
        is_label: True for a label, shape (n,).
        row: The row of each event among those of its kind, shape (n,).
        ts: Event times in seconds, NaN where unknown, shape (n,).
        has_label: True for a prediction that brings its label, shape (len(predictions),).
    """

    predictions: PredictionBatch
    labels: LabelBatch
    origins: Origins
    at: Ints
    is_label: Bools
    row: Ints
    ts: Floats
    has_label: Bools

    @classmethod
    def of(cls, events: EventBatch, origins: Origins) -> EventColumns:
        """Return the events of a batch in order."""
        predictions, labels = events.predictions, events.labels
        count = len(predictions)
        has_label = _bring_labels(predictions)
        if not len(labels):
            nowhere, rows = np.zeros(count, bool), np.arange(count)
            return cls(predictions, labels, origins, predictions.at, nowhere, rows, predictions.ts, has_label)
        at = np.concatenate((predictions.at, labels.at))
        order = np.argsort(at, kind="stable")
        is_label = order >= count
        row = np.where(is_label, order - count, order)
        ts = np.concatenate((predictions.ts, labels.ts))[order]
        return cls(predictions, labels, origins, at[order], is_label, row, ts, has_label)

    def __len__(self) -> int:
        return len(self.at)

    def event(self, position: int) -> Prediction | Label:
        """Return one event."""
        row = int(self.row[position])
        return self.labels.event(row) if self.is_label[position] else self.predictions.event(row)


def _bring_labels(predictions: PredictionBatch) -> Bools:
    """Return which predictions bring their label, shape (n,)."""
    if predictions.y_true is None:
        return np.zeros(len(predictions), bool)
    return np.array([one is not None for one in predictions.y_true], bool)
