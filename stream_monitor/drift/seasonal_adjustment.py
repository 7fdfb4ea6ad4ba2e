"""Seasonal adjustment of the values that a detector is fed, and what stands in for it until a period has passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stream_monitor.detectors import DetectorConfig
from stream_monitor.drift.context import RunnerContext
from stream_monitor.drift.dependence import Dependence
from stream_monitor.drift.dependence_check import DependenceCheck
from stream_monitor.drift.large_changes import LargeChanges
from stream_monitor.drift.running import FeedResult, RunningDetector
from stream_monitor.drift.seasonal_scores import SeasonalScores
from stream_monitor.drift.transforms import Transform
from stream_monitor.drift.warmup import Learned
from stream_monitor.drift.warmup_dependence import neighbours_dependence
from stream_monitor.signals.columns import Column
from stream_monitor.stats.reference import NumericReference


class SeasonalAdjustment:
    """Feeds a detector values less their season, and lets the season learn from those that are taken.

    Until the first period of a given season has passed, another detector is fed, which looks for large changes.

    Args:
        config: The detector's config.
        context: The signal and the settings.
    """

    def __init__(self, config: DetectorConfig, context: RunnerContext) -> None:
        self._config, self._context = config, context
        self.scores = SeasonalScores(context.season, is_thinned="number" not in config.takes)
        self._large_changes = LargeChanges()
        #: The detector that looks for large changes until the first period of a given season has passed.
        self.first: RunningDetector | None = None

    def start(self, running: RunningDetector, learned: Learned) -> None:
        """Start with a detector after its warm-up."""
        reference = self._context.reference
        is_profile = isinstance(reference, NumericReference) and learned.transform.key == reference.packed.name
        self.scores.start(learned.transform, self._context.seasons if is_profile else None)
        running.large_changes = self._large_changes
        known, since = neighbours_dependence(learned), int(learned.column.index[0])
        self.first = self._make_first(running, learned.transform, known, since)

    def stop(self) -> None:
        """Stop until the next warm-up is over."""
        self.first = None

    def allow(self, run_length: float) -> None:
        """Set the mean number of values between two false alarms."""
        if self.first:
            self.first.weighted.allow(run_length)

    def update(self, running: RunningDetector, column: Column) -> FeedResult:
        """Feed a detector as many of the next values as can be fed at once."""
        in_period = self._begin(running, column)
        part, transform = column.until(min(running.check.room, in_period)), running.transform
        transformed = part._replace(values=transform.of(part))
        self._large_changes.smallest = self.scores.smallest
        running.weighted.allow_for(self.scores.uncertainty)
        fed, adjusted = self.first or running, self.scores.without_season(transformed)
        result = fed.update(column, adjusted, self.scores.is_known)
        ends = [len(column.values) - change.found.newer for change in result.changes]
        self._learn(part.until(result.taken), transformed.until(result.taken), transform, ends)
        return result

    def _learn(self, raw: Column, transformed: Column, transform: Transform, ends: Sequence[int]) -> None:
        """Learn the season from values that were taken; behind each change another period begins."""
        begin = 0
        for end in ends:
            self.scores.learn(raw.until(end).cut(begin), transformed.until(end).cut(begin), transform)
            self.scores.interrupt(raw.ts[end:])
            begin = end
        self.scores.learn(raw.cut(begin), transformed.cut(begin), transform)

    def _begin(self, running: RunningDetector, column: Column) -> int:
        """Begin with the next values; return how many of them belong to one period."""
        known_periods = self.scores.known
        in_period, transform = self.scores.begin(column.ts)
        if self.scores.known != known_periods:
            running.check.forget()
            self._large_changes.forget()
        if transform:
            since = int(column.index[0])
            running.restart(transform, since)
            known = (self.first or running).dependence
            self.first = self._make_first(running, transform, known, since)
        return in_period

    def _make_first(
        self, running: RunningDetector, transform: Transform, known: Dependence, since: int
    ) -> RunningDetector | None:
        """Return a detector of large changes while a season is awaited: it learns no dependence from the cycle."""
        if not self.scores.is_awaited:
            return None
        run_length = running.weighted.run_length
        first = RunningDetector(self._config, self._context, run_length, transform, known, _no_check(), since)
        first.large_changes = LargeChanges(smallest=1.0)
        return first

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values, but for that of the detector that looks for large changes."""
        return {**self.scores.state(), "large_changes": self._large_changes.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        self.scores.restore(state)
        self._large_changes.restore(state["large_changes"])

    def go_on(self, running: RunningDetector, first: Mapping[str, Any] | None) -> None:
        """Go on with a detector that was restored.

        Args:
            running: The detector.
            first: The state of the detector that looks for large changes, None if there is none.
        """
        running.large_changes = self._large_changes
        if first is None:
            return
        transform, run_length = self.restored_transform(first["transform"]), running.weighted.run_length
        config, context = self._config, self._context
        self.first = RunningDetector.restored(config, context, run_length, transform, _no_check(), first)
        self.first.large_changes = LargeChanges(smallest=1.0)

    def restored_transform(self, state: Mapping[str, Any]) -> Transform:
        """Return the transform that this is the state of, and adjust the values in it if there was no other yet."""
        transform = self.scores.restore_transform(state)
        self.scores.start(transform)
        return transform


def _no_check() -> DependenceCheck:
    """Return a check that estimates nothing: of values in which a season shows, no dependence is learned."""
    return DependenceCheck(0, is_enabled=False)
