"""A detector at work on the transformed values of a signal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from stream_monitor.core.arrays import ColumnKind, Floats
from stream_monitor.detectors import Change, Detector, DetectorConfig, DetectorContext
from stream_monitor.detectors.glr import Glr
from stream_monitor.drift.batch_means import BatchMeans
from stream_monitor.drift.change import SUM_SCALE, Position, RawSums, SignalChange
from stream_monitor.drift.context import RunnerContext
from stream_monitor.drift.dependence import Dependence, dependence_of, lag1_of
from stream_monitor.drift.dependence_check import DependenceCheck
from stream_monitor.drift.transforms import Transform
from stream_monitor.drift.warmup import Learned
from stream_monitor.drift.warmup_dependence import warmup_autocorrelation_time
from stream_monitor.signals.columns import Column
from stream_monitor.stats.effect_size import cohens_h
from stream_monitor.stats.variance_ratios import VarianceRatios

#: The smallest change that is told while the season is unknown: Cohen's d of scores, and Cohen's h of shares. A cycle
#: that is gradual is smaller where it is found; the detector then starts again, and so follows it.
LARGE_SCORE, LARGE_SHARE = 2.0, 1.2
#: A mean score beyond this is so far out that the scores of its values hardly differ.
FAR = 2.0


class RunningDetector:
    """Feeds a detector the batch means of transformed values, and locates its changes in the signal.

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
        self._config, self._context, self._run_length = config, context, run_length
        self.transform, self.dependence = transform, known
        self.check = check
        #: Number and sum of the values between the newest change, or the first value, and ``sums``.
        self._earlier = (0, 0.0)
        #: The smallest change that is told, in `LARGE_SCORE`: above 0 while the season is unknown.
        self.smallest = 0.0
        #: The category and the direction of the newest change that was found.
        self._newest: tuple[int | None, bool] | None = None
        #: The variance of the values, relative to that with a season whose levels have no error.
        self._uncertainty = 1.0
        self.sums = RawSums(since)
        self._restart(since)

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
        running._batch_means.restore(state["batch_means"])
        running.detector.restore(state["detector"])
        running.sums.restore(state["sums"])
        running._earlier = (state["earlier"][0], state["earlier"][1])
        running._newest = tuple(state["newest"]) if state["newest"] else None
        return running

    @property
    def effective_samples(self) -> float:
        """Number of independent values that the detector has seen since its start."""
        return self.sums.n / self.dependence.autocorrelation_time

    def since_change(self, code: int | None, is_seasonal: bool) -> tuple[int, float] | None:
        """Return the number and the mean of the values since the newest change, see `DetectorRunner.since_change`."""
        if self._context.kind == "category":
            return self._fed_since_change(code)
        if is_seasonal and (fed := self._fed_since_change(code)):
            return fed
        n, total = self._earlier[0] + self.sums.n, self._earlier[1] + self.sums.total
        return (n, math.ldexp(total / n, -SUM_SCALE)) if n else None

    def _fed_since_change(self, code: int | None) -> tuple[int, float] | None:
        """Return the number and the mean of the values that a `Glr` was fed, in the signal's unit."""
        row = self.transform.row(code)
        if not isinstance(self.detector, Glr) or row is None or not self.detector.statistics.n:
            return None
        mean = self.detector.mean(row)
        level = mean if self._context.kind == "category" else self.transform.inverse(mean)
        return None if level is None else (self.detector.statistics.n * self.dependence.batch, level)

    @property
    def room(self) -> int:
        """Number of values that can be fed at once, up to the next estimate of the dependence."""
        return self.check.room

    def allow(self, run_length: float) -> None:
        """Set the mean number of values between two false alarms."""
        self._run_length = run_length
        self._replace_detector()

    def allow_for(self, uncertainty: float) -> None:
        """Set the variance of the values, relative to that with a season whose levels have no error."""
        if uncertainty != self._uncertainty:
            self._uncertainty = uncertainty
            self._replace_detector()

    def restart(self, transform: Transform, since: int) -> None:
        """Start again with another transform, from this prediction on."""
        self.transform = transform
        self._restart(since)

    def update(self, column: Column, transformed: Column, is_seasonal: bool) -> tuple[list[SignalChange], bool]:
        """Feed the next values.

        Args:
            column: The signal's next values up to the end of the column being fed.
            transformed: The first of them, at most `room`, transformed and less their season.
            is_seasonal: Whether a season is taken out of them.

        Returns:
            The changes, and True if everything must be learned again after the last of them; the values after it are
            then not taken.
        """
        changes: list[SignalChange] = []
        batches, first = self._batch_means.add(transformed)
        found = self.detector.update_many(batches.values) if len(batches.values) else []
        begin = 0
        for each in found:
            end = first + each.index * self.dependence.batch + 1
            self.sums.add(column.values[begin:end])
            if self._is_told(each):
                changes.append(self._located(each, column, end - 1, is_seasonal))
                if self._wears_out(each, is_seasonal):
                    return changes, True
            self.sums.restart(int(column.index[end - 1]) + 1)
            self._earlier = (0, 0.0)
            begin = end
        count = len(transformed.values)
        self.sums.add(column.values[begin:count])
        if found:
            self.check.interrupt()
        self._check_dependence(transformed.values[begin:], count, column)
        return changes, False

    def _is_told(self, change: Change) -> bool:
        """Return whether a change is told: while the season is unknown, those only that a cycle hardly explains.

        They are large ones, and once a part of the season is known, those in the direction of the last one.
        """
        last, self._newest = self._newest, (change.category, change.after > change.before)
        if not self.smallest or _is_large(change, self.transform.kind, self.smallest):
            return True
        return self.smallest < 1.0 and self._newest == last

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
        if self._context.kind != "number":
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
        in_batches = has_means(self.transform)
        found = self.check.update(self.dependence, measured, count, in_batches=in_batches)
        if found:
            self.correct(found, int(column.index[count - 1]) + 1)

    def estimate(self) -> Dependence | None:
        """Estimate the dependence, which must be due; return it where it must be corrected, else None."""
        return self.check.estimate(self.dependence, in_batches=has_means(self.transform))

    def correct(self, dependence: Dependence, since: int) -> None:
        """Correct the dependence of the values from this prediction on."""
        is_same, self.dependence = dependence.batch == self.dependence.batch, dependence
        if is_same:
            self._replace_detector()
        else:
            self._restart(since)

    def _restart(self, since: int) -> None:
        self._earlier = (self._earlier[0] + self.sums.n, self._earlier[1] + self.sums.total)
        self._batch_means = BatchMeans(self.dependence.batch)
        self.detector = self._make()
        self.sums = RawSums(since)

    def _replace_detector(self) -> None:
        """Make the detector for the current parameters, with its state."""
        state = self.detector.state()
        self.detector = self._make()
        self.detector.restore(state)

    def _make(self) -> Detector:
        known, kind = self.dependence, self.transform.kind
        # In means of shares the detectors see the variance of independent ones; of numbers, that of the batch means.
        inside = self._uncertainty * (1.0 if kind == "number" else known.inside / known.batch)
        weights = tuple(1.0 / (inside * ratio) for ratio in known.ratios)
        weight = 1.0 / (inside * known.residual)
        run_length = self._run_length / known.batch
        return self._config.make(DetectorContext(kind, run_length, weight, self.transform.categories, weights))

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "transform": self.transform.state(),
            "dependence": list(self.dependence),
            "batch_means": self._batch_means.state(),
            "detector": self.detector.state(),
            "sums": self.sums.state(),
            "earlier": self._earlier,
            "newest": self._newest,
        }


def learned_dependence(check: DependenceCheck, context: RunnerContext, learned: Learned) -> Dependence:
    """Return the dependence that a warm-up and all before it show, at least the known one."""
    if not check.is_enabled:
        return Dependence()
    lag1 = lag1_of(max(warmup_autocorrelation_time(learned.measured), context.autocorrelation_time))
    are_scores = learned.transform.kind == "number"
    found = check.start(learned.measured, lag1, are_scores=are_scores)
    return dependence_of(found, in_batches=has_means(learned.transform))


def neighbours_dependence(learned: Learned) -> Dependence:
    """Return the dependence of neighbouring values alone: in a cycle that is unknown yet, distant ones are alike."""
    lag1 = lag1_of(warmup_autocorrelation_time(learned.measured))
    return dependence_of(VarianceRatios(lag1), in_batches=has_means(learned.transform))


def has_means(transform: Transform) -> bool:
    """Return whether the mean of transformed values says something: that of the codes of categories does not."""
    return transform.kind != "category"


def _is_large(change: Change, kind: ColumnKind, smallest: float) -> bool:
    """Return whether a change is larger than that of a gradual cycle, or than a part of it."""
    if kind == "number":
        return abs(change.after - change.before) >= smallest * LARGE_SCORE
    return cohens_h(change.before, change.after) >= smallest * LARGE_SHARE
