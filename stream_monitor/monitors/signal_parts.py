"""The parts that a signal is watched with."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.drift.detection import MEAN_WINDOW, Alarm
from stream_monitor.drift.false_alarms import FalseAlarms
from stream_monitor.monitors.alarm_latch import AlarmLatch
from stream_monitor.monitors.burst_looks import look, next_look
from stream_monitor.monitors.signal_detectors import SignalDetectors
from stream_monitor.monitors.signal_reference import SignalReference
from stream_monitor.monitors.training_check import TrainingCheck
from stream_monitor.signals.columns import Column
from stream_monitor.stats.training_verdict import Verdict
from stream_monitor.stats.variance_bursts import VarianceBursts


@dataclass
class SignalParts:
    """The parts that a signal is watched with.

    Attributes:
        detectors: Its detectors.
        reference: Its reference.
        latch: The latch of its alarm.
        check: Its comparison with the training data, None without a profile of it.
        bursts: The bursts of its variance; None for categories and shares.
        recent: Its newest values, as many as the reference and the means need.
        count: The number of its values so far.
    """

    detectors: SignalDetectors
    reference: SignalReference
    latch: AlarmLatch
    check: TrainingCheck | None = None
    bursts: VarianceBursts | None = None
    recent: Floats = field(default_factory=lambda: np.empty(0))
    count: int = 0

    @property
    def keep(self) -> int:
        """The number of newest values to keep."""
        return max(MEAN_WINDOW, self.reference.size)

    @property
    def verdict(self) -> Verdict | None:
        """The newest verdict against the training data, None without a profile of the signal."""
        return self.check.verdict_after(self.count) if self.check else None

    def next_look_after(self, count: int) -> int:
        """Return the number of values at the end of the next window to take after so many; `sys.maxsize` for none."""
        burst = next_look(count) if self.bursts else sys.maxsize
        return min(burst, self.check.next_window if self.check else sys.maxsize)

    @property
    def false_alarms(self) -> FalseAlarms:
        """The false alarms of the signal as a multiple of the promised ones."""
        return self.detectors.false_alarms(self.bursts, self.count)

    def look(self, column: Column, history: Floats, begin: int) -> list[Alarm]:
        """Take the windows that end within the next values, in which no drift is found; return a skew found in them.

        Args:
            column: The values, which are not counted yet.
            history: The newest values of the signal up to the end of ``column``, shape (n,).
            begin: Number of values of the signal before ``column``.
        """
        end = begin + len(column.values)
        if self.bursts:
            look(self.bursts, history, begin, end)
        return self.check.update(column, history, begin, ()) if self.check and self.check.next_window <= end else []

    def update(self, column: Column) -> list[Alarm]:
        """Take the next values, at least one; return the drifts found in them."""
        history = np.concatenate((self.recent, column.values))
        begin, self.count = self.count, self.count + len(column.values)
        self.reference.learn(history, self.count)
        if self.bursts:
            look(self.bursts, history, begin, self.count)
        alarms = self.detectors.update(column, history)
        told = [alarm for alarm in alarms if not alarm.detection.is_small]
        self.latch.update(column, history, begin, told, self.detectors.autocorrelation_time)
        if self.check:
            alarms += self.check.update(column, history, begin, told)
        self.recent = history[-self.keep :]
        return alarms
