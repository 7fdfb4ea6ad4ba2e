"""One signal: its detectors, its reference, and the latch of its alarm."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stream_monitor.core.arrays import ColumnKind, Floats
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.core.newest import Newest
from stream_monitor.detectors import DetectorConfig
from stream_monitor.drift.context import RunnerContext
from stream_monitor.drift.detection import MEAN_WINDOW, Alarm
from stream_monitor.monitors.alarm_latch import NO_ALARM, AlarmLatch
from stream_monitor.monitors.comparison import Comparison, Reference
from stream_monitor.monitors.signal_detectors import SignalDetectors
from stream_monitor.monitors.signal_reference import SignalReference
from stream_monitor.signals.columns import Column
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.stats.distances import Distance
from stream_monitor.stats.moments import mean


@dataclass(frozen=True)
class SignalContext:
    """The settings that a signal is watched under.

    Attributes:
        warmup: Number of values that a detector learns from before it is fed.
        rearm_after: Seconds of event time after which an alarm is over.
        season: Period in seconds; 0: no seasonality; None: daily, if two days in a row are alike.
        autocorrelation_time: The known integrated autocorrelation time of the signal, in values.
    """

    warmup: int = 500
    rearm_after: float = 86_400.0
    season: float | None = 0.0
    autocorrelation_time: float = 1.0


class SignalMonitor:
    """Watches one signal.

    Args:
        key: The model version.
        name: The signal's name.
        kind: The kind of its values.
        configs: The configs of its detectors, by kind of detector.
        context: The settings.
        run_length: Mean number of values between two false alarms of each detector.
        reference: The signal's distribution in the profile, None without a profile.
        categories: The encoder of its categories, None for numbers and shares.
        show: Called with the monitor and each column after it was taken.
    """

    def __init__(
        self,
        key: ModelVersion,
        name: str,
        kind: ColumnKind,
        configs: Mapping[str, DetectorConfig],
        context: SignalContext,
        run_length: float = math.inf,
        reference: Reference | None = None,
        categories: CategoryEncoder | None = None,
        show: Callable[[SignalMonitor, Column], None] | None = None,
    ) -> None:
        self.key, self.name, self.kind, self.categories, self._show = key, name, kind, categories, show
        self.reference = SignalReference(kind, context.warmup, reference, categories)
        runner_context = RunnerContext(
            kind,
            context.warmup,
            context.autocorrelation_time,
            context.season,
            self.reference.distribution,
            categories,
        )
        self.detectors = SignalDetectors(key, name, configs, runner_context, run_length)
        self._latch = AlarmLatch(context.rearm_after, self.reference)
        self._recent = np.empty(0)
        self._count = 0
        self._series = object()

    def allow(self, run_length: float) -> None:
        """Set the mean number of values between two false alarms of each detector."""
        self.detectors.allow(run_length)

    def update(self, column: Column) -> list[Detection]:
        """Feed the next finite values; return the drifts found in them."""
        return [alarm.detection for alarm in self.update_with_rows(column)]

    def update_with_rows(self, column: Column) -> list[Alarm]:
        """Feed the next finite values; return the drifts found in them, each with the row that raises it."""
        if not len(column.values):
            return []
        history = np.concatenate((self._recent, column.values))
        begin, self._count = self._count, self._count + len(column.values)
        self.reference.learn(history, self._count)
        alarms = self.detectors.update(column, history)
        self._latch.update(column, history, begin, alarms, self.detectors.autocorrelation_time)
        self._recent = history[-max(MEAN_WINDOW, self.reference.size) :]
        if self._show:
            self._show(self, column)
        return alarms

    @property
    def recent(self) -> Floats:
        """The newest values in the signal's own unit, at most `MEAN_WINDOW`: shape (n,)."""
        return self._recent[-MEAN_WINDOW:]

    @property
    def mean(self) -> float:
        """Mean of the newest values in the signal's own unit; NaN before the first, and of categories."""
        return math.nan if self.kind == "category" else mean(self.recent)

    @property
    def active_since(self) -> float | None:
        """Event time of the detection that is latched; NaN where it has none, None while there is no alarm."""
        return self._latch.active_since

    def distances(self) -> dict[str, Distance]:
        """Return the distances of the newest values from the reference by measure, none before there are enough."""
        if len(self.recent) < min(self.reference.size, MEAN_WINDOW):
            return {}
        return self.reference.distances(self.recent, self.detectors.autocorrelation_time)

    def comparison(self) -> Comparison:
        """Return what `distances` compares, as it is now: `many_distances` computes it for many signals at once."""
        recent = self.recent
        is_enough = len(recent) >= min(self.reference.size, MEAN_WINDOW)
        return Comparison(
            self.reference.distribution if is_enough else None,
            recent.copy(),
            self.detectors.autocorrelation_time,
            self.categories.state() if self.categories else None,
        )

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "count": self._count,
            "recent": Newest(self._series, self._count, self._recent),
            "categories": self.categories.state() if self.categories else None,
            "reference": self.reference.state(),
            "active": self._latch.state(),
            "drifts": self.detectors.summaries(),
            "runners": self.detectors.state(),
        }

    def warm_start_state(self) -> dict[str, Any]:
        """Return the state for the warm start of another version of the model: without alarm and detections."""
        return {**self.state(), "active": NO_ALARM, "drifts": {}}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load a state; a detector whose parameters have changed starts anew."""
        self._count, self._recent = state["count"], np.array(state["recent"], dtype=np.float64)
        self._series = object()
        if self.categories:
            self.categories.restore(state["categories"])
        self.reference.restore(state["reference"])
        self._latch.restore(state["active"])
        self.detectors.restore(state["runners"], state["drifts"])
