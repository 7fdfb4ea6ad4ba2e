"""A detector at work on the transformed values of a signal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors import Change, DetectorConfig
from stream_monitor.drift.change import Position, RawSums, SignalChange
from stream_monitor.drift.context import RunnerContext
from stream_monitor.drift.dependence import Dependence
from stream_monitor.drift.dependence_check import DependenceCheck
from stream_monitor.drift.large_changes import LargeChanges
from stream_monitor.drift.transforms import Transform
from stream_monitor.drift.weighted_detector import WeightedDetector
from stream_monitor.signals.columns import Column

#: A mean score beyond this is so far out that the scores of its values hardly differ.
FAR = 2.0


class FeedResult(NamedTuple):
    """The result of feeding a detector the next values.

    Attributes:
        changes: The changes found in them.
        taken: Number of the values that were taken.
        is_worn_out: True if everything must be learned again after the last change; values after it are not taken.
    """

    changes: list[SignalChange]
    taken: int
    is_worn_out: bool


class RunningDetector:
    """Feeds a detector transformed values, locates its changes in the signal, and follows the values' dependence.

    Args:
        config: The detector's config.
        context: The signal and the settings.
        run_length: Mean number of values between two false alarms; infinite without a budget.
        transform: The transform of the values that it is fed.
        known: The dependence of these values.
        check: What is known of the dependence of the signal's values, and its next estimate.
        since: Position in the stream of the first value that it is fed.
    """

    def __init__(
        self,
        config: DetectorConfig,
        context: RunnerContext,
        run_length: float,
        transform: Transform,
        known: Dependence,
        check: DependenceCheck,
        since: int,
    ) -> None:
        self._kind, self.check = context.kind, check
        self.weighted = WeightedDetector(config, run_length, transform, known)
        #: Judges whether a change is told; None: all are.
        self.large_changes: LargeChanges | None = None
        self.sums = RawSums(since)

    @classmethod
    def restored(
        cls,
        config: DetectorConfig,
        context: RunnerContext,
        run_length: float,
        transform: Transform,
        check: DependenceCheck,
        state: Mapping[str, Any],
    ) -> RunningDetector:
        """Return the detector with this transform that `state` was written of."""
        known = Dependence._make(state["dependence"])
        known = known._replace(ratios=tuple(known.ratios))
        running = cls(config, context, run_length, transform, known, check, 0)
        running.weighted.restore(state)
        running.sums.restore(state["sums"], state["earlier"])
        return running

    @property
    def transform(self) -> Transform:
        """The transform of the values that the detector is fed."""
        return self.weighted.transform

    @property
    def dependence(self) -> Dependence:
        """The dependence of these values."""
        return self.weighted.dependence

    @property
    def effective_samples(self) -> float:
        """Number of independent values that the detector has seen since its start."""
        return self.sums.n / self.dependence.autocorrelation_time

    def since_change(self, code: int | None, is_seasonal: bool) -> tuple[int, float] | None:
        """Return the number and the mean of the values since the newest change, see `DetectorRunner.since_change`."""
        if self._kind == "category":
            return self.weighted.since_change(self.transform.row(code))
        if is_seasonal and (fed := self.weighted.since_change(self.transform.row(code))):
            level = self.transform.inverse(fed[1])
            if level is not None:
                return fed[0], level
        return self.sums.since_change()

    def restart(self, transform: Transform, since: int) -> None:
        """Start again with another transform, from this prediction on."""
        self.weighted.restart(transform)
        self.sums.go_on(since)

    def update(self, column: Column, transformed: Column, is_seasonal: bool) -> FeedResult:
        """Feed the next values.

        Args:
            column: The signal's next values up to the end of the column being fed.
            transformed: The first of them, at most up to the next estimate of their dependence, transformed and less
                their season.
            is_seasonal: Whether a season is taken out of them.
        """
        changes: list[SignalChange] = []
        found = self.weighted.update(transformed)
        begin = 0
        for end, change in found:
            self.sums.add(column.values[begin:end])
            if self.large_changes is None or self.large_changes.is_told(change, self.transform.kind):
                changes.append(self._located(change, column, end - 1, is_seasonal))
                if self._wears_out(change, is_seasonal):
                    if begin:
                        self.check.interrupt()
                    last = self.transform.measured(transformed.values[begin:end])
                    self.check.end(last, is_up=change.after > change.before)
                    return FeedResult(changes, end, is_worn_out=True)
            self.sums.restart(int(column.index[end - 1]) + 1)
            begin = end
        count = len(transformed.values)
        self.sums.add(column.values[begin:count])
        if found:
            self.check.interrupt()
        self._check_dependence(transformed.values[begin:], count, column)
        return FeedResult(changes, count, is_worn_out=False)

    def _located(self, change: Change, column: Column, row: int, is_seasonal: bool) -> SignalChange:
        position = Position(int(column.index[row]), float(column.ts[row]), len(column.values) - 1 - row)
        sums = self.sums
        return SignalChange(
            found=position,
            alarm=position,
            since=sums.since,
            n=sums.n,
            total=sums.total,
            n_after=min(change.width * self.dependence.batch, sums.n - 1),
            before=change.before,
            after=change.after,
            category=self.transform.code(change.category),
            levels=self._levels(change) if is_seasonal else None,
        )

    def _levels(self, change: Change) -> tuple[float, float] | None:
        """The means in the signal's unit without the season; the raw means depend on the hours of their values."""
        if self._kind != "number":
            return min(max(change.before, 0.0), 1.0), min(max(change.after, 0.0), 1.0)
        before, after = self.transform.inverse(change.before), self.transform.inverse(change.after)
        return None if before is None or after is None else (before, after)

    def _wears_out(self, change: Change, is_seasonal: bool) -> bool:
        """Return True if everything must be learned again; with a season, only if the new level is out of reach."""
        is_near = is_seasonal and self.transform.kind == "number" and abs(change.after) < FAR
        return not is_near and self.transform.wears_out(change.category)

    def _check_dependence(self, values: Floats, count: int, column: Column) -> None:
        """Correct a dependence that the warm-up was too short to show."""
        measured = self.transform.measured(values)
        found = self.check.update(self.dependence, measured, count, in_batches=self.transform.has_means)
        if found:
            self.correct(found, int(column.index[count - 1]) + 1)

    def estimate(self) -> Dependence | None:
        """Estimate the dependence, which must be due; return it where it must be corrected, else None."""
        return self.check.estimate(self.dependence, in_batches=self.transform.has_means)

    def correct(self, dependence: Dependence, since: int) -> None:
        """Correct the dependence of the values from this prediction on."""
        if self.weighted.correct(dependence):
            self.sums.go_on(since)

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            **self.weighted.state(),
            "sums": self.sums.state(),
            "earlier": self.sums.earlier,
        }
