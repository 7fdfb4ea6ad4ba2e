"""The detectors of one signal, and the detections that they raised."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stream_monitor.core.arrays import ColumnKind, Floats
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.detectors import DetectorConfig
from stream_monitor.drift.budget import is_budgeted
from stream_monitor.drift.burst_alarms import expected_ratio
from stream_monitor.drift.context import RunnerContext
from stream_monitor.drift.detection import Alarm, Origin, detection
from stream_monitor.drift.false_alarms import FalseAlarms, past_ratio
from stream_monitor.drift.runner import DetectorRunner
from stream_monitor.drift.seasonal_adjustment import SeasonalAdjustment
from stream_monitor.drift.small_changes import SmallChanges
from stream_monitor.drift.transforms import REST, UNSEEN
from stream_monitor.signals.columns import Column
from stream_monitor.stats.season_clock import AwaitedSeason
from stream_monitor.stats.variance_bursts import VarianceBursts

logger = logging.getLogger(__name__)


@dataclass
class DriftSummary:
    """The detections of one detector on one signal: their number, and the last one's values; and the small ones.

    ``turns``: those in the opposite direction of the one before. ``newest``: category and direction of the last one.
    """

    count: int = 0
    small: int = 0
    last_ts: float | None = None
    before: float = math.nan
    after: float = math.nan
    effect: float | None = None
    turns: int = 0
    newest: tuple[str | None, str] | None = None

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> DriftSummary:
        """Return the summary of a saved state; JSON has null for NaN."""
        before, after = (math.nan if state[name] is None else state[name] for name in ("before", "after"))
        newest = tuple(state["newest"]) if state["newest"] else None
        counts = state["count"], state["small"]
        return cls(*counts, state["last_ts"], before, after, state["effect"], state["turns"], newest)

    def add(self, one: Detection) -> None:
        """Count a detection."""
        if one.is_small:
            self.small += 1
            return
        self.count += 1
        last, self.newest = self.newest, (one.category, one.direction)
        self.turns += last is not None and last[0] == one.category and last[1] != one.direction
        self.last_ts, self.before, self.after, self.effect = one.ts, one.before, one.after, one.effect


class SignalDetectors:
    """The detectors of one signal, each with its runner and the summary of its detections.

    Args:
        key: The model version.
        name: The signal's name.
        configs: The detectors' configs by kind; those that cannot read the signal are left out.
        context: The signal and the settings.
        run_length: Mean number of values between two false alarms of each detector.
    """

    def __init__(
        self,
        key: ModelVersion,
        name: str,
        configs: Mapping[str, DetectorConfig],
        context: RunnerContext,
        run_length: float,
    ) -> None:
        self._key, self._name, self._context = key, name, context
        self._configs = {each: config for each, config in configs.items() if is_readable(config, context.kind)}
        self.runners = {each: DetectorRunner(config, context, run_length) for each, config in self._configs.items()}
        self.drifts = {each: DriftSummary() for each in self._configs}
        # Numbers that are not standardized have no effect size.
        min_effect = context.min_effect if context.warmup or context.kind != "number" else 0.0
        self._small = {each: SmallChanges(min_effect) for each in self._configs}

    def is_allowed(self, run_length: float) -> bool:
        """Return whether this is the mean number of values between two false alarms of each detector already."""
        return all(runner.run_length == run_length for runner in self.runners.values())

    @property
    def is_running(self) -> bool:
        """True once the warm-up of a detector is over."""
        return any(runner.running for runner in self.runners.values())

    def allow(self, run_length: float) -> None:
        """Set the mean number of values between two false alarms of each detector."""
        for runner in self.runners.values():
            runner.allow(run_length)

    def update(self, column: Column, history: Floats) -> list[Alarm]:
        """Feed the next values; return the alarms raised in them.

        Args:
            column: The values, all finite.
            history: The newest values of the signal up to the end of ``column``, shape (n,).
        """
        alarms = []
        for each, runner in self.runners.items():
            for change in runner.update(column):
                origin = Origin(self._key, self._name, self._context.kind, each)
                one = self._small[each].judge(detection(change, history, origin, self._category(change.category)))
                self.drifts[each].add(one)
                alarms.append(Alarm(len(column.values) - 1 - change.alarm.newer, one))
        return alarms

    def since_change(self, detector: str, category: str | None) -> tuple[int, float] | None:
        """Return the number and the mean of the values since the newest change that a detector has found.

        Args:
            detector: The kind of the detector.
            category: The name of the category whose share is asked for, None for numbers and shares.
        """
        code, categories = None, self._context.categories
        if category is not None:
            code = categories.code(category) if categories else None
            if code is None:
                return None
        return self.runners[detector].since_change(code) if detector in self.runners else None

    def _category(self, code: int | None) -> str | None:
        if code is None or self._context.categories is None:
            return None
        return {REST: "(rest)", UNSEEN: "(unseen)"}.get(code) or self._context.categories.name(code)

    @property
    def autocorrelation_time(self) -> float:
        """The longest autocorrelation time that a detector has learned, in values."""
        return max((runner.dependence.autocorrelation_time for runner in self.runners.values()), default=1.0)

    @property
    def batch_length(self) -> int:
        """The length of the longest batch whose mean is fed to a detector."""
        return max((runner.dependence.batch for runner in self.runners.values()), default=1)

    @property
    def effective_samples(self) -> float:
        """The largest number of independent values that a detector has seen since its start."""
        return max((runner.effective_samples for runner in self.runners.values()), default=0.0)

    @property
    def awaited_seasons(self) -> tuple[AwaitedSeason, ...]:
        """The given periods of which the slowest detector has seen no whole one: only large changes are told yet."""
        return max((season.scores.awaited for season in _adjustments(self.runners)), key=len, default=())

    @property
    def seasons(self) -> dict[float, float]:
        """The strength of each season that a detector takes out, from 0 to 1, by its period in seconds."""
        found: dict[float, float] = {}
        for season in _adjustments(self.runners):
            for period, strength in season.scores.strengths.items():
                found[period] = max(strength, found.get(period, 0.0))
        return found

    def false_alarms(self, bursts: VarianceBursts | None, values: int) -> FalseAlarms:
        """Return the false alarms as a multiple of the promised ones.

        Args:
            bursts: The bursts of the signal's variance; None where they are not measured.
            values: The number of values of the signal so far.
        """
        found = [FalseAlarms()]
        for each, runner in self.runners.items():
            if is_budgeted(self._configs[each]) and math.isfinite(runner.run_length):
                expected = expected_ratio(runner, bursts) if bursts else 1.0
                past = past_ratio(self.drifts[each].turns, values, runner.run_length)
                ratio = max(expected, past)
                found.append(FalseAlarms(ratio, "" if ratio == 1.0 else "level" if past == ratio else "variance"))
        return max(found[1:], default=found[0])

    def state(self) -> dict[str, Any]:
        """Return the state of each detector as JSON values."""
        return {each: {**runner.state(), "small": self._small[each].state()} for each, runner in self.runners.items()}

    def summaries(self) -> dict[str, Any]:
        """Return the summary of each detector's detections as JSON values."""
        return {each: dict(vars(drift)) for each, drift in self.drifts.items()}

    def restore(self, state: Mapping[str, Any], summaries: Mapping[str, Any]) -> None:
        """Load what `state` and `summaries` returned; a detector whose parameters have changed starts anew."""
        for each, runner in self.runners.items():
            saved = state.get(each)
            if each in summaries:
                self.drifts[each] = DriftSummary.restored(summaries[each])
            if saved and saved["config"] == self._configs[each].model_dump():
                runner.restore(saved)
                self._small[each].restore(saved["small"])
            else:
                logger.warning(
                    "%s on %s of %s/%s starts anew: it is new or was changed", each, self._name, *self._key
                )


def _adjustments(runners: Mapping[str, DetectorRunner]) -> list[SeasonalAdjustment]:
    """Return the seasonal adjustments of the runners that have one."""
    return [runner.season for runner in runners.values() if runner.season]


def is_readable(config: DetectorConfig, kind: ColumnKind) -> bool:
    """Return whether a detector can watch a signal of this kind; of categories, it may watch the most frequent."""
    return kind in config.takes or (kind == "category" and "share" in config.takes)
