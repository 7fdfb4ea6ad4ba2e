"""One detector on one signal: its warm-up, what the values are turned into, and what a change means in them."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stream_monitor.core.arrays import ColumnKind, Floats
from stream_monitor.detectors import Change, Detector, DetectorConfig, DetectorContext
from stream_monitor.drift.batch_means import BatchMeans, Dependence, Lag1Estimator, dependence
from stream_monitor.drift.change import Found, running_sums
from stream_monitor.drift.seasonality import Season
from stream_monitor.drift.transforms import (
    ScoreTransform,
    Transform,
    learn_transform,
    profile_transform,
    restore_transform,
)
from stream_monitor.signals.columns import Column
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.stats.reference import CategoricalReference, NumericReference

#: After so many warm-ups the dependence is looked at again, and made good when it is so much stronger than known.
LOOKS = (8, 64)
MIN_INCREASE = 1.05
DAY = 86_400.0
MIN_WARMUP = 100
#: A mean score beyond this is so far out that its values are all but alike.
FAR = 2.0


@dataclass(frozen=True)
class RunnerContext:
    """What a channel is made for: a signal of this kind, with this warm-up, and a known autocorrelation time."""

    kind: ColumnKind
    warmup: int
    time: float = 1.0
    season: float | None = 0.0
    reference: NumericReference | CategoricalReference | None = None
    categories: CategoryEncoder | None = None


class DetectorRunner:
    """Feeds one detector. After a change in numbers or categories it learns anew what is usual, and starts again."""

    def __init__(self, config: DetectorConfig, terms: RunnerContext, run_length: float) -> None:
        self._config, self._terms, self._run_length = config, terms, run_length
        #: With a period that nobody gave, nothing waits for the first one to pass.
        self._waits = terms.season is not None
        has_season = terms.season != 0.0 and terms.kind == "number"
        self._season = Season(terms.season or DAY, self._waits) if has_season else None
        #: The scores that the season is told in: the first ones, for those learned after a change differ.
        self._season_feed: Transform | None = None
        self._held: list[Column] = []
        self.held_count = 0
        #: Since a change, the profile tells no more what is usual.
        self._has_changed = False
        self._start()

    def _start(self) -> None:
        self._feed: Transform | None = None
        self._detector: Detector | None = None
        self.dependence = Dependence()
        self._blocks = BatchMeans(1)
        self._persistence = Lag1Estimator()
        self._owed, self._raiser = 0, (0, math.nan)
        self._n, self._total, self._since, self._seen = 0, 0.0, 0, 0

    @property
    def is_ready(self) -> bool:
        """Whether the warm-up is over."""
        return self._feed is not None

    @property
    def waits_for_season(self) -> bool:
        """Whether nothing is fed yet, since no whole period has passed."""
        return self._waits and self._season is not None and not self._season.is_known

    @property
    def effective_samples(self) -> float:
        """How many independent values the detector has seen since it started."""
        return self._n / self.dependence.time

    def allow(self, run_length: float) -> None:
        """From now on the detector may raise one false alarm in so many values."""
        if run_length == self._run_length:
            return
        self._run_length = run_length
        if self._detector:
            state = self._detector.state()
            self._detector = self._make()
            self._detector.restore(state)

    def update(self, column: Column) -> list[Found]:
        """Take the signal's next finite values; the changes raised by them."""
        found: list[Found] = []
        while len(column.values):
            if self._feed is None:
                column = self._hold(column)
                continue
            hits, column = self._advance(column)
            found += hits
        return found

    def _hold(self, column: Column) -> Column:
        """Keep values until the warm-up is full; then learn from it, and give out what is to be fed."""
        wanted = max(self._terms.warmup, 1) - self.held_count
        self._held.append(column.until(wanted))
        self.held_count += len(self._held[-1].values)
        if self.held_count < max(self._terms.warmup, 1):
            return column.cut(wanted)
        held = Column.join([*self._held, column.cut(wanted)])
        warmup = held.until(self.held_count)
        self._held, self.held_count = [], 0
        self._feed, fed_from = self._learn(warmup)
        self._season_feed = self._season_feed or self._feed
        self._begin(self._feed.time(warmup) if self._terms.warmup else 1.0, int(held.index[fed_from]))
        # What is found in values that were held is raised by the one that completed the warm-up.
        self._owed = len(warmup.values) - fed_from
        self._raiser = (int(warmup.index[-1]), float(warmup.ts[-1]))
        return held.cut(fed_from)

    def _learn(self, warmup: Column) -> tuple[Transform, int]:
        """What to feed, by the profile while it holds, else by the warm-up; and from which of its values on."""
        terms = self._terms
        if terms.reference is not None and not self._has_changed:
            feed = profile_transform(terms.reference, self._config.takes, warmup, terms.categories)
            if feed is not None:
                return feed, 0
        return learn_transform(terms.kind, self._config.takes, warmup, terms.warmup > 0)

    def _begin(self, time: float, since: int) -> None:
        """Make the detector for what has been learned; it is fed from this prediction on."""
        if self._config.blocks:
            self.dependence = dependence(max(time, self._terms.time))
        self._blocks = BatchMeans(self.dependence.block)
        self._detector = self._make()
        self._count_from(since)

    def _count_from(self, since: int) -> None:
        self._n, self._total, self._since = 0, 0.0, since

    def _make(self) -> Detector:
        assert self._feed is not None
        known = self.dependence
        # A block of shares holds as many of them as it is long, each worth a part of one; of numbers, detectors see
        # the variance of the blocks themselves.
        weight = known.block / known.time if self._feed.kind != "number" else 1.0 / known.residual
        return self._config.make(
            DetectorContext(self._feed.kind, self._run_length / known.block, weight, self._feed.categories)
        )

    def _advance(self, column: Column) -> tuple[list[Found], Column]:
        """Feed what can be fed at once; the changes in it, and what is left of the column."""
        assert self._feed is not None and self._detector is not None
        season = self._season
        room = self._until_look()
        if season:
            room = min(room, self._room(season, column))
        part, rest = column.until(room), column.cut(room)
        fed = part._replace(values=self._feed.of(part))
        if season and not season.is_known and self._waits:
            self._count_season(season, part, fed)
            self._owed = max(self._owed - len(part.values), 0)
            return [], rest
        level = season.levels(part.ts) if season else 0.0
        blocks, first = self._blocks.add(fed._replace(values=fed.values - level) if season else fed)
        changes = self._detector.update_many(blocks.values) if len(blocks.values) else []
        totals = running_sums(self._total, part.values)
        ends = [first + change.index * self.dependence.block for change in changes]
        if changes and self._wears_out(changes[0]):
            hit = self._found(changes[0], ends[0], part, len(rest.values), totals)
            if season:
                self._count_season(season, part.until(ends[0] + 1), fed.until(ends[0] + 1))
                season.interrupt()
            self._start()
            self._has_changed = True
            return [hit], column.cut(ends[0] + 1)
        found = []
        for change, end in zip(changes, ends, strict=True):
            found.append(self._found(change, end, part, len(rest.values), totals))
            # What comes behind a change is counted from there.
            self._n, self._since = -(end + 1), int(part.index[end]) + 1
            totals[end + 1 :] = running_sums(0.0, part.values[end + 1 :])
        self._n += len(part.values)
        self._owed = max(self._owed - len(part.values), 0)
        self._total = float(totals[-1])
        if season:
            self._count_season(season, part, fed)
            if changes:
                season.interrupt()
        if changes:
            # Two levels look as if neighbours depended on each other.
            self._persistence = Lag1Estimator()
        self._look(blocks.values[changes[-1].index + 1 if changes else 0 :], part)
        return found, rest

    def _room(self, season: Season, column: Column) -> int:
        """How many values may be taken before the season tells something new; what it tells now is taken up."""
        was_known = season.is_known
        room, sample = season.room(column.ts), season.take_sample()
        if sample is not None:
            self._season_feed = ScoreTransform(NumericReference.learn(sample))
        if (season.is_known and not was_known) or (sample is not None and self._waits):
            self._feed = self._season_feed
            self._begin(self.dependence.time, int(column.index[0]))
        return room

    def _count_season(self, season: Season, part: Column, fed: Column) -> None:
        """Let the season learn from values, in its own scores; mostly what was fed is in those."""
        assert self._season_feed is not None
        is_own = self._feed is self._season_feed
        season.count(fed if is_own else part._replace(values=self._season_feed.of(part)), part.values)

    def _wears_out(self, change: Change) -> bool:
        """Whether all has to be learned anew; not with a season, as long as its scores can tell what is now."""
        assert self._feed is not None
        if self._season and self._season.is_known and abs(change.after) < FAR:
            return False
        return self._feed.wears_out(change.category)

    def _until_look(self) -> int:
        """Values until the dependence is looked at again; never where values are fed as they are."""
        if not self._terms.warmup:
            return sys.maxsize
        looks = (factor * max(self._terms.warmup, MIN_WARMUP) for factor in LOOKS)
        return next((look - self._seen for look in looks if look > self._seen), sys.maxsize)

    def _look(self, fed: Floats, part: Column) -> None:
        """A weak dependence shows in thousands of values alone: what the warm-up could not tell is made good."""
        wanted = self._until_look()
        if wanted == sys.maxsize or not self._config.blocks:
            return
        self._seen += len(part.values)
        if len(fed):
            self._persistence.add(fed)
        residual = self.dependence.residual if self.dependence.block > 1 else self.dependence.time
        if (
            len(part.values) < wanted
            or self._persistence.count < MIN_WARMUP
            or self._persistence.residual <= MIN_INCREASE * residual
        ):
            return
        known = self.dependence.block
        self.dependence = dependence(self.dependence.time * self._persistence.residual / residual)
        self._persistence = Lag1Estimator()
        assert self._detector is not None
        state = self._detector.state()
        self._detector = self._make()
        if self.dependence.block == known:
            self._detector.restore(state)
            return
        self._blocks = BatchMeans(self.dependence.block)
        self._count_from(int(part.index[-1]) + 1)

    def _found(self, change: Change, end: int, column: Column, behind: int, totals: Floats) -> Found:
        assert self._feed is not None
        n = self._n + end + 1
        at, ts = (int(column.index[end]), float(column.ts[end])) if end >= self._owed else self._raiser
        return Found(
            at,
            ts,
            int(column.index[end]),
            behind + len(column.values) - 1 - end,
            n,
            min(change.width * self.dependence.block, n - 1),
            float(totals[end + 1]),
            self._since,
            change.before,
            change.after,
            self._feed.code(change.category),
            self._levels(change),
        )

    def _levels(self, change: Change) -> tuple[float, float] | None:
        """The raw means before and after would tell the hours that they were taken over."""
        if self._feed is None or self._season is None or not self._season.is_known:
            return None
        before, after = self._feed.value(change.before), self._feed.value(change.after)
        return None if before is None or after is None else (before, after)

    def state(self) -> dict[str, Any]:
        return {
            "config": self._config.model_dump(),
            "held": Column.join(self._held).state() if self._held else None,
            "run_length": self._run_length if math.isfinite(self._run_length) else None,
            "dependence": self.dependence,
            "feed": self._feed.state() if self._feed else None,
            "season": self._season.state() if self._season else None,
            "season_feed": self._season_feed.state() if self._season and self._season_feed else None,
            "blocks": self._blocks.state(),
            "detector": self._detector.state() if self._detector else None,
            "has_changed": self._has_changed,
            "persistence": self._persistence.state(),
            "counts": [self._n, self._total, self._since, self._seen],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up the state of a channel with the same config."""
        self._held = [Column.restored(state["held"])] if state["held"] else []
        self.held_count = sum(len(column.values) for column in self._held)
        self._run_length = math.inf if state["run_length"] is None else state["run_length"]
        self.dependence = Dependence(*state["dependence"])
        self._blocks = BatchMeans(self.dependence.block)
        self._blocks.restore(state["blocks"])
        self._n, self._total, self._since, self._seen = state["counts"]
        self._persistence.restore(state["persistence"])
        self._has_changed = state["has_changed"]
        if self._season and state["season"]:
            self._season.restore(state["season"])
        if state["season_feed"]:
            self._season_feed = restore_transform(state["season_feed"])
        if state["feed"]:
            is_own = state["feed"] == state["season_feed"]
            self._feed = self._season_feed if is_own and self._season_feed else restore_transform(state["feed"])
            self._detector = self._make()
            self._detector.restore(state["detector"])
