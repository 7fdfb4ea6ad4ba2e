"""One signal: its detectors, its reference, and the latch of its alarm."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from stream_monitor.core.arrays import ColumnKind
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.core.newest import Newest
from stream_monitor.detectors import DetectorConfig
from stream_monitor.drift.context import RunnerContext
from stream_monitor.drift.detection import MEAN_WINDOW, Alarm
from stream_monitor.monitors.alarm_latch import NO_ALARM, AlarmLatch
from stream_monitor.monitors.comparison import Comparison, Reference
from stream_monitor.monitors.season_watch import SeasonWatch
from stream_monitor.monitors.signal_detectors import SignalDetectors
from stream_monitor.monitors.signal_parts import SignalParts
from stream_monitor.monitors.signal_reference import SignalReference
from stream_monitor.monitors.training import Training
from stream_monitor.monitors.training_check import TrainingCheck
from stream_monitor.signals.columns import Column
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.stats.season_period import Period
from stream_monitor.stats.variance_bursts import VarianceBursts


@dataclass(frozen=True)
class SignalContext:
    """The settings that a signal is watched under.

    Attributes:
        warmup: Number of values that a detector learns from before it is fed.
        rearm_after: Seconds of event time after which an alarm is over.
        season: Periods in seconds; () without a season; None: a day and a week, each if two in a row are alike.
        autocorrelation_time: The known integrated autocorrelation time of the signal, in values.
        min_effect: Smallest effect size of a change that is told; 0: all are.
        is_sparse: Whether the values are those of few of the events, which lie far apart.
        seasons: The seasons that the profile knows, by period: the sums over the parts and the number of periods.
    """

    warmup: int = 500
    rearm_after: float = 86_400.0
    season: tuple[float, ...] | None = ()
    autocorrelation_time: float = 1.0
    min_effect: float = 0.0
    is_sparse: bool = False
    seasons: Mapping[float, tuple[Period, float]] = field(default_factory=dict)


class SignalBorrower(Protocol):
    """Handles the next values of a signal with what it has lent, until that is given back."""

    def store_counts(self) -> None:
        """Write the counts and the newest values into what was lent, but not what its detectors have computed."""
        ...

    def store(self) -> None:
        """Write all that has changed into what was lent."""
        ...

    def give_back(self) -> None:
        """Write all that has changed into what was lent, and change it no more."""
        ...


class SignalMonitor:
    """Watches one signal.

    A signal may lend what it is watched with, to be handled with others side by side. It is still there to be read;
    when it is changed, it takes back what it has lent.

    Args:
        key: The model version.
        name: The signal's name.
        kind: The kind of its values.
        configs: The configs of its detectors, by kind of detector.
        context: The settings.
        run_length: Mean number of values between two false alarms of each detector.
        reference: The signal's distribution in the profile, None without a profile.
        categories: The encoder of its categories, None for numbers and shares.
        training: The training data that it is compared with, None without a profile of it.
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
        training: Training | None = None,
        show: Callable[[SignalMonitor, Column], None] | None = None,
    ) -> None:
        self.key, self.name, self.kind, self.categories, self._show = key, name, kind, categories, show
        #: True if somebody is shown each column.
        self.is_observed = show is not None
        self.reference = own = SignalReference(kind, context.warmup, reference, categories)
        runner_context = RunnerContext(
            kind,
            context.warmup,
            context.autocorrelation_time,
            context.season,
            own.distribution,
            categories,
            context.min_effect,
            context.is_sparse,
            context.seasons,
        )
        detectors = SignalDetectors(key, name, configs, runner_context, run_length)
        check = TrainingCheck(training, key, name) if training else None
        bursts = VarianceBursts() if kind == "number" else None
        self._parts = SignalParts(detectors, own, AlarmLatch(context.rearm_after, own), check, bursts)
        self._borrower: SignalBorrower | None = None
        self._series = object()
        #: Looks for seasons in the values of `update`; None: nothing does.
        self.watch: SeasonWatch | None = None
        #: True once the signal is not watched any more.
        self.is_closed = False

    def lend(self, borrower: SignalBorrower) -> SignalParts:
        """Lend the parts that the signal is watched with, until it is changed or the borrower gives them back."""
        self.take_back()
        self._borrower = borrower
        return self._parts

    def take_back(self) -> None:
        """Take back what was lent, if anything is."""
        if self._borrower:
            borrower, self._borrower = self._borrower, None
            borrower.give_back()

    def close(self) -> None:
        """End watching the signal."""
        self.is_closed = True
        self.take_back()

    @property
    def parts(self) -> SignalParts:
        """The parts that the signal is watched with, as of its newest value; to be read only."""
        if self._borrower:
            self._borrower.store()
        return self._parts

    @property
    def counted(self) -> SignalParts:
        """Those parts, but its detectors know only how many values they were fed: made in a fraction of the time."""
        if self._borrower:
            self._borrower.store_counts()
        return self._parts

    @property
    def detectors(self) -> SignalDetectors:
        """The detectors of the signal."""
        return self.parts.detectors

    def allow(self, run_length: float) -> None:
        """Set the mean number of values between two false alarms of each detector."""
        detectors = self._parts.detectors
        if not detectors.is_allowed(run_length):
            # Before a detector runs, it does not matter whether its values are held elsewhere.
            if detectors.is_running:
                self.take_back()
            detectors.allow(run_length)

    def update(self, column: Column) -> list[Detection]:
        """Feed the next finite values of a signal that is handled alone; return the drifts found in them."""
        if self.watch and len(column.values):
            self.watch.take(self.name, self.kind, column)
        return [alarm.detection for alarm in self.update_with_rows(column)]

    def update_with_rows(self, column: Column) -> list[Alarm]:
        """Feed the next finite values; return the drifts found in them, each with the row that raises it."""
        if not len(column.values):
            return []
        self.take_back()
        alarms = self._parts.update(column)
        if self._show:
            self._show(self, column)
        return alarms

    @property
    def active_since(self) -> float | None:
        """Event time of the detection that is latched; NaN where it has none, None while there is no alarm."""
        return self._parts.latch.active_since

    @property
    def back(self) -> tuple[int, float] | None:
        """Position and time of the value at which the signal was near its reference again after its last alarm."""
        return self._parts.latch.back

    def comparison(self) -> Comparison:
        """Return the newest values, at most `MEAN_WINDOW`, with the reference that they are compared with."""
        parts = self.counted
        return self.reference.comparison(parts.recent[-MEAN_WINDOW:], parts.detectors.autocorrelation_time)

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        parts = self.parts
        return {
            "count": parts.count,
            "recent": Newest(self._series, parts.count, parts.recent),
            "categories": self.categories.state() if self.categories else None,
            "reference": parts.reference.state(),
            "active": parts.latch.state(),
            "training": parts.check.state() if parts.check else None,
            "bursts": parts.bursts.state() if parts.bursts else None,
            "drifts": parts.detectors.summaries(),
            "runners": parts.detectors.state(),
        }

    def warm_start_state(self) -> dict[str, Any]:
        """Return the state for the warm start of another version of the model: without alarm and detections."""
        return {**self.state(), "active": NO_ALARM, "training": None, "drifts": {}}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load a state; a detector whose parameters have changed starts anew."""
        self.take_back()
        parts = self._parts
        parts.count, parts.recent = state["count"], np.array(state["recent"], dtype=np.float64)
        self._series = object()
        if self.categories:
            self.categories.restore(state["categories"])
        parts.reference.restore(state["reference"])
        parts.latch.restore(state["active"])
        if parts.check:
            parts.check.restore(state["training"], parts.count)
        if parts.bursts and state["bursts"]:
            parts.bursts.restore(state["bursts"])
        parts.detectors.restore(state["runners"], state["drifts"])
