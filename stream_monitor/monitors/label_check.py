"""The labels of a model version against those of the training data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.core.events import ModelVersion
from stream_monitor.core.newest import Newest
from stream_monitor.core.outcome_batch import OutcomeBatch
from stream_monitor.drift.detection import Alarm
from stream_monitor.monitors.look_schedule import WINDOW
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.training import make_training
from stream_monitor.monitors.training_check import TrainingCheck
from stream_monitor.signals.columns import Column, number_column
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.stats.training_verdict import Verdict

#: The name of the labels among the signals; no detector watches it.
LABEL = "label"


class LabelCheck:
    """Compares the labels of outcomes with those of the profile, in the order in which outcomes are applied.

    Args:
        key: The model version.
        settings: The settings of its monitors; without a profile with labels nothing is compared.
    """

    def __init__(self, key: ModelVersion, settings: MonitorSettings) -> None:
        self._categories = CategoryEncoder() if settings.task == "classification" else None
        kind = self.kind
        training = make_training(settings.profile, LABEL, kind, self._categories) if settings.profile else None
        self._check = TrainingCheck(training, key, LABEL) if training else None
        self._recent: Floats = np.empty(0)
        self._count = 0
        self._series = object()

    @property
    def kind(self) -> Literal["number", "category"]:
        """The kind of the labels."""
        return "category" if self._categories else "number"

    @property
    def verdict(self) -> Verdict | None:
        """The newest verdict, None without a profile with labels."""
        return self._check.verdict_after(self._count) if self._check else None

    def update(self, outcomes: OutcomeBatch) -> list[Alarm]:
        """Take the next outcomes; return the skew that is found in them, with the row of its outcome."""
        if not self._check:
            return []
        labels = outcomes.y_true
        values = self._categories.column(labels) if self._categories else number_column(labels)
        rows = np.flatnonzero(np.isfinite(values))
        if not len(rows):
            return []
        column = Column(values[rows], outcomes.index[rows], outcomes.ts[rows])
        history = np.concatenate((self._recent, column.values))
        alarms = self._check.update(column, history, self._count, ())
        self._count += len(rows)
        self._recent = history[-WINDOW:]
        return [alarm._replace(row=int(rows[alarm.row])) for alarm in alarms]

    def state(self) -> dict[str, Any] | None:
        """Return the state as JSON values, None if nothing is compared."""
        if not self._check:
            return None
        return {
            "count": self._count,
            "recent": Newest(self._series, self._count, self._recent),
            "categories": self._categories.state() if self._categories else None,
            "check": self._check.state(),
        }

    def restore(self, state: Mapping[str, Any] | None) -> None:
        """Load what `state` returned."""
        if not self._check or not state:
            return
        self._count, self._recent = state["count"], np.array(state["recent"], dtype=np.float64)
        self._series = object()
        if self._categories and state["categories"] is not None:
            self._categories.restore(state["categories"])
        self._check.restore(state["check"], self._count)
