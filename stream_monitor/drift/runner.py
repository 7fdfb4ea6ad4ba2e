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
from stream_monitor.drift.running import RunningDetector, learned_dependence, neighbours_dependence
from stream_monitor.drift.seasonal_scores import SeasonalScores
from stream_monitor.drift.transforms import Transform, restore_transform
from stream_monitor.drift.warmup import Learned, Warmup
from stream_monitor.signals.columns import Column
from stream_monitor.stats.moments import mean
from stream_monitor.stats.reference import NumericReference
from stream_monitor.stats.season_clock import AwaitedSeason


class DetectorRunner:
    """Runs a detector on a signal: warm-up, running, and after a change that its transform does not fit, warm-up.

    Args:
        config: The detector's config.
        context: The signal and the settings.
        run_length: Mean number of values between two false alarms; infinite without a budget.
    """

    def __init__(self, config: DetectorConfig, context: RunnerContext, run_length: float) -> None:
        self._config, self._context, self._run_length = config, context, run_length
        self._config_state = config.model_dump()
        self._warmup = Warmup(context, config.takes)
        self._check = DependenceCheck(context.warmup, config.batch_means, context.is_sparse)
        self.running: RunningDetector | None = None
        #: The detector that looks for large changes until the first period of a given season has passed.
        self._first: RunningDetector | None = None
        is_thinned = "number" not in config.takes
        self._season = SeasonalScores(context.season, is_thinned) if context.season != () else None

    @property
    def room(self) -> int:
        """Number of values with which the warm-up is over; 0 once it is."""
        return 0 if self.running else self._warmup.room

    @property
    def has_season(self) -> bool:
        """Return whether a season may be taken out of the values."""
        return self._season is not None

    @property
    def awaited_seasons(self) -> tuple[AwaitedSeason, ...]:
        """The given periods of which none has passed: only large changes are told yet."""
        return self._season.awaited if self._season else ()

    @property
    def seasons(self) -> dict[float, float]:
        """The strength of each season that is taken out, from 0 to 1, by its period in seconds."""
        return self._season.strengths if self._season else {}

    @property
    def dependence(self) -> Dependence:
        """The dependence of the values that the detector is fed; of independent ones during the warm-up."""
        return self.running.dependence if self.running else Dependence()

    @property
    def effective_samples(self) -> float:
        """Number of independent values that the detector has seen since its start."""
        return self.running.effective_samples if self.running else 0.0

    @property
    def run_length(self) -> float:
        """Mean number of values between two false alarms."""
        return self._run_length

    def allow(self, run_length: float) -> None:
        """Set the mean number of values between two false alarms."""
        if run_length == self._run_length:
            return
        self._run_length = run_length
        for running in filter(None, (self.running, self._first)):
            running.allow(run_length)

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
            found, column = self._advance(self.running, column)
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
        running = self._first or self.running
        if running:
            return running.since_change(code, self._season is not None and self._season.is_known)
        held = self._warmup.values
        if not len(held) or (self._context.kind == "category") != (code is not None):
            return None
        return len(held), mean(held) if code is None else float(np.mean(held == code))

    def _begin(self, learned: Learned) -> RunningDetector:
        if self._season:
            reference = self._context.reference
            is_profile = isinstance(reference, NumericReference) and learned.transform.key == reference.packed.name
            self._season.start(learned.transform, self._context.seasons if is_profile else None)
        known = learned_dependence(self._check, self._context, learned)
        since = int(learned.column.index[0])
        self._first = self._make_first(learned.transform, neighbours_dependence(learned), since)
        config, context, run_length = self._config, self._context, self._run_length
        return RunningDetector(config, context, run_length, learned.transform, known, self._check, since)

    def _make_first(self, transform: Transform, known: Dependence, since: int) -> RunningDetector | None:
        """Return a detector of large changes while a season is awaited: it learns no dependence from the cycle."""
        if self._season is None or not self._season.is_awaited:
            return None
        config, context, run_length = self._config, self._context, self._run_length
        first = RunningDetector(config, context, run_length, transform, known, _no_check(), since)
        first.smallest = 1.0
        return first

    def _advance(self, running: RunningDetector, column: Column) -> tuple[list[SignalChange], Column]:
        """Feed as many values as can be fed at once; return the changes in them, and the rest of the column."""
        if self._season:
            return self._advance_in_season(self._season, running, column)
        part = column.until(running.room)
        transformed = part._replace(values=running.transform.of(part))
        changes, is_over = running.update(column, transformed, is_seasonal=False)
        return changes, self._rest(column, len(part.values), changes, is_over)

    def _advance_in_season(
        self, season: SeasonalScores, running: RunningDetector, column: Column
    ) -> tuple[list[SignalChange], Column]:
        """Feed values of one period less their season, and let the season learn from those that are taken."""
        known_periods = season.known
        in_period, transform = season.begin(column.ts)
        if self._context.season is None and season.known != known_periods:
            self._check.forget()
        if transform:
            running.restart(transform, int(column.index[0]))
            known = self._first.dependence if self._first else running.dependence
            self._first = self._make_first(transform, known, int(column.index[0]))
        part = column.until(min(running.room, in_period))
        transform = running.transform
        transformed = part._replace(values=transform.of(part))
        running.smallest = season.smallest
        running.allow_for(season.uncertainty)
        fed = self._first or running
        changes, is_over = fed.update(column, season.without_season(transformed), season.is_known)
        rest = self._rest(column, len(part.values), changes, is_over)
        taken = len(column.values) - len(rest.values)
        season.learn(part.until(taken), transformed.until(taken), transform)
        if changes:
            season.interrupt()
        return changes, rest

    def _rest(self, column: Column, fed: int, changes: list[SignalChange], is_over: bool) -> Column:
        """The values that are not taken yet; after a change that needs a new warm-up, all behind it."""
        if not is_over:
            return column.cut(fed)
        self.running, self._first, self._warmup.has_changed = None, None, True
        self._check.reset()
        return column.cut(len(column.values) - changes[-1].found.newer)

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "config": self._config_state,
            "run_length": self._run_length if math.isfinite(self._run_length) else None,
            "has_changed": self._warmup.has_changed,
            "held": self._warmup.state(),
            "dependence": self._check.state(),
            "season": self._season.state() if self._season else None,
            "running": self.running.state() if self.running else None,
            "first": self._first.state() if self._first else None,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load the state of a runner with the same config."""
        self._run_length = math.inf if state["run_length"] is None else state["run_length"]
        self._warmup.has_changed = state["has_changed"]
        self._warmup.restore(state["held"])
        self._check.restore(state["dependence"])
        if self._season and state["season"]:
            self._season.restore(state["season"])
        if state["running"]:
            self.running = self._restored(state["running"], self._check)
        if state["first"]:
            self._first = self._restored(state["first"], _no_check())
            self._first.smallest = 1.0

    def _restored(self, state: Mapping[str, Any], check: DependenceCheck) -> RunningDetector:
        if self._season:
            transform = self._season.restore_transform(state["transform"])
            # A state that was written without seasonality has no transform for it.
            self._season.start(transform)
        else:
            transform = restore_transform(state["transform"])
        config, context, run_length = self._config, self._context, self._run_length
        return RunningDetector.restored(config, context, run_length, transform, check, state)


def _no_check() -> DependenceCheck:
    """Return a check that estimates nothing: of values in which a season shows, no dependence is learned."""
    return DependenceCheck(0, is_enabled=False)
