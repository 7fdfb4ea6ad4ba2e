"""Runs: events of a batch that follow each other and are taken at once."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.join.event_columns import EventColumns
from stream_monitor.join.rows import as_objects


class Run:
    """The n events of a batch from position ``start`` on.

    Attributes:
        events: The events of the batch.
        stop: The position behind the last one.
        now: Stream time at each event of the run, shape (n,).
        is_label: True for a label, shape (n,).
        predictions, labels: The positions in the run of its predictions and of its labels.
        of_predictions, of_labels: Their rows among the predictions and the labels of the batch.
    """

    def __init__(self, events: EventColumns, start: int, now: Floats) -> None:
        self.events, self.start, self.stop, self.now = events, start, start + len(now), now
        self.is_label = events.is_label[start : self.stop]
        self.predictions, self.labels = np.flatnonzero(~self.is_label), np.flatnonzero(self.is_label)
        before = int(np.count_nonzero(events.is_label[:start]))
        self.of_predictions = slice(start - before, start - before + len(self.predictions))
        self.of_labels = slice(before, before + len(self.labels))

    def __len__(self) -> int:
        return len(self.now)

    @cached_property
    def arrivals(self) -> Floats:
        """The stream time at which each event arrives, inf before any time is known, shape (n,)."""
        return np.where(self.now > -math.inf, self.now, math.inf)

    @property
    def partitions(self) -> Ints:
        """The position of each event's partition among those of the batch, shape (n,)."""
        return self.events.origins.which[self.events.at[self.start : self.stop]]

    @cached_property
    def is_met(self) -> Bools:
        """True for each event that gives an outcome: labels, and predictions that bring theirs; shape (n,)."""
        is_met = self.is_label.copy()
        is_met[self.predictions] = self.events.has_label[self.of_predictions]
        return is_met

    @property
    def all_bring_labels(self) -> bool:
        """True for a run of predictions that all bring their labels."""
        return not len(self.labels) and bool(self.is_met.all())

    @property
    def y_true(self) -> NDArray[np.object_]:
        """The label that each event is or brings, None where there is none, shape (n,)."""
        y_true = np.full(len(self), None, object)
        y_true[self.labels] = as_objects(self.events.labels.y_true[self.of_labels])
        if self.events.predictions.y_true is not None:
            y_true[self.predictions] = as_objects(self.events.predictions.y_true[self.of_predictions])
        return y_true

    @property
    def label_ts(self) -> Floats:
        """The time of each label, NaN where unknown and for a prediction, shape (n,)."""
        label_ts = np.full(len(self), math.nan)
        label_ts[self.labels] = self.events.labels.ts[self.of_labels]
        return label_ts

    @property
    def scopes(self) -> NDArray[np.object_]:
        """The model and version that each label names; None for a prediction; shape (n,)."""
        labels, of = self.events.labels, self.of_labels
        scopes = np.full(len(self), None, object)
        nothing = (None,) * len(self.labels)
        models = labels.models[of] if labels.models else nothing
        versions = labels.versions[of] if labels.versions else nothing
        scopes[self.labels] = as_objects(list(zip(models, versions, strict=True)))
        return scopes
