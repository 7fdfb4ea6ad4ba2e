"""One detector on one signal: in its warm-up, or running."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from stream_monitor.detectors import DetectorConfig
from stream_monitor.drift.change import SignalChange
from stream_monitor.drift.context import RunnerContext
from stream_monitor.drift.dependence import Dependence
from stream_monitor.drift.dependence_check import DependenceCheck
from stream_monitor.drift.running import FeedResult, RunningDetector
from stream_monitor.drift.seasonal_adjustment import SeasonalAdjustment
from stream_monitor.drift.transforms import restore_transform
from stream_monitor.drift.warmup import Learned, Warmup
from stream_monitor.drift.warmup_dependence import learned_dependence
from stream_monitor.signals.columns import Column
from stream_monitor.stats.moments import mean


class DetectorRunner:
    """Runs a detector on a signal: warm-up, running, and after a change that its transform does not fit, warm-up.

    Args:
        config: The detector's config.
        context: The signal and the settings.
        run_length: Mean number of values between two false alarms; infinite without a budget.
    """

    def __init__(self, config: DetectorConfig, context: RunnerContext, run_length: float) -> None:
        self._config, self._context = config, context
        #: Mean number of values between two false alarms.
        self.run_length = run_length
        self._config_state = config.model_dump()
        self._warmup = Warmup(context, config.takes)
        self._check = DependenceCheck(
            context.warmup, config.batch_means, context.is_sparse, is_seasonal=context.season != ()
        )
        self.running: RunningDetector | None = None
        #: The seasonal adjustment of the values, None if there is no season to look for.
        self.season = SeasonalAdjustment(config, context) if context.season != () else None

    @property
    def room(self) -> int:
        """Number of values with which the warm-up is over; 0 once it is."""
        return 0 if self.running else self._warmup.room

    @property
    def dependence(self) -> Dependence:
        """The dependence of the values that the detector is fed; of independent ones during the warm-up."""
        return self.running.dependence if self.running else Dependence()

    @property
    def effective_samples(self) -> float:
        """Number of independent values that the detector has seen since its start."""
        return self.running.effective_samples if self.running else 0.0

    def allow(self, run_length: float) -> None:
        """Set the mean number of values between two false alarms."""
        if run_length == self.run_length:
            return
        self.run_length = run_length
        if self.running:
            self.running.weighted.allow(run_length)
        if self.season:
            self.season.allow(run_length)

    def update(self, column: Column) -> list[SignalChange]:
        """Take the signal's next finite values, and return the changes raised by them."""
        changes: list[SignalChange] = []
        alarm = None
        while len(column.values):
            if self.running is None:
                learned = self._warmup.add(column)
                if learned is None:
                    break
                self.running = self._begin(learned)
                column, alarm = learned.column, learned.alarm
            found, taken, is_worn_out = self._feed(self.running, column)
            if is_worn_out:
                self._start_anew()
            column = column.cut(taken)
            # A change in a value that was held is raised by the last value of the warm-up.
            changes += [
                each._replace(alarm=alarm) if alarm and each.found.newer > alarm.newer else each for each in found
            ]
        return changes

    def since_change(self, code: int | None) -> tuple[int, float] | None:
        """Return the number and the mean of the values since the newest change, or since the first value.

        Args:
            code: The signal's code of the category whose share is asked for, None for numbers and shares.

        Returns:
            The number and the mean in the signal's unit, less its season if one is taken out; None where there is no
            value, or where nothing counts them.
        """
        running = (self.season and self.season.first) or self.running
        if running:
            return running.since_change(code, self.season is not None and self.season.scores.is_known)
        held = self._warmup.values
        if not len(held) or (self._context.kind == "category") != (code is not None):
            return None
        return len(held), mean(held) if code is None else float(np.mean(held == code))

    def _begin(self, learned: Learned) -> RunningDetector:
        """Return the detector after its warm-up."""
        known, since = learned_dependence(self._check, self._context, learned), int(learned.column.index[0])
        config, context, run_length = self._config, self._context, self.run_length
        running = RunningDetector(config, context, run_length, learned.transform, known, self._check, since)
        if self.season:
            self.season.start(running, learned)
        return running

    def _feed(self, running: RunningDetector, column: Column) -> FeedResult:
        """Feed as many of the next values as can be fed at once."""
        if self.season:
            return self.season.update(running, column)
        part = column.until(running.check.room)
        transformed = part._replace(values=running.transform.of(part))
        return running.update(column, transformed, is_seasonal=False)

    def _start_anew(self) -> None:
        """Start with a new warm-up, after a change."""
        self.running, self._warmup.has_changed = None, True
        self._check.reset()
        if self.season:
            self.season.stop()

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        first = self.season.first if self.season else None
        return {
            "config": self._config_state,
            "run_length": self.run_length if math.isfinite(self.run_length) else None,
            "has_changed": self._warmup.has_changed,
            "held": self._warmup.state(),
            "dependence": self._check.state(),
            "season": self.season.state() if self.season else None,
            "running": self.running.state() if self.running else None,
            "first": first.state() if first else None,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load the state of a runner with the same config."""
        self.run_length = math.inf if state["run_length"] is None else state["run_length"]
        self._warmup.has_changed = state["has_changed"]
        self._warmup.restore(state["held"])
        self._check.restore(state["dependence"])
        if self.season and state["season"]:
            self.season.restore(state["season"])
        if state["running"]:
            self.running = self._restored(state["running"])
            if self.season:
                self.season.go_on(self.running, state["first"])

    def _restored(self, state: Mapping[str, Any]) -> RunningDetector:
        restored = self.season.restored_transform if self.season else restore_transform
        transform = restored(state["transform"])
        return RunningDetector.restored(self._config, self._context, self.run_length, transform, self._check, state)
