"""The change of one signal in an episode, from its first alarm to its end or to now."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from stream_monitor.core.events import Detection
from stream_monitor.stats.effect_size import cohens_h

#: A signal is back when its new level is nearer to the old one than this share of the change.
BACK = 0.5
#: A change whose end no detector has found is over when at most this share of it is left, and less than what Cohen
#: calls a small effect.
SETTLED, SMALL_EFFECT = 0.25, 0.2

#: Position and event time of a prediction; the time is None where it is unknown.
Place = tuple[int, float | None]


@dataclass
class EpisodeSignal:
    """One signal of an episode: its levels before and after the change, over the whole time of the change.

    Attributes:
        first: The detection that it began with; its ``before`` is the level before the change.
        strongest: The detection with the largest effect.
        alarms: Number of detections.
        last_index, last_ts: Position and event time of the newest alarm.
        n_after: Number of values from the change up to the newest alarm, or up to the end of the change.
        after: Their mean, or the share of the category among them.
        effects: The sum of the effects of all detections.
        end: Place at which the signal returned to its old level or changed anew; None while the change lasts.
        is_unstable: Whether the signal goes on changing.
    """

    first: Detection
    strongest: Detection
    alarms: int
    last_index: int
    last_ts: float | None
    n_after: int
    after: float
    effects: float
    end: Place | None = None
    is_unstable: bool = False

    @classmethod
    def begun_by(cls, one: Detection) -> EpisodeSignal:
        """Return the change that a detection begins."""
        return cls(one, one, 1, one.index, one.ts, max(one.n_after, 1), one.after, one.effect or 0.0)

    @property
    def signal(self) -> str:
        """The name of the signal."""
        return self.first.signal

    @property
    def effect(self) -> float | None:
        """The effect size of the whole change, without a sign: it belongs to the levels before and after.

        Of shares it is Cohen's h. Of numbers it is the effect of the strongest detection, in proportion to the change
        of the level; at most the sum of all.
        """
        if self.first.is_share:
            return cohens_h(self.first.before, self.after)
        one = self.strongest
        if one.effect is None:
            return None
        step, change = abs(one.after - one.before), abs(self.after - self.first.before)
        if not (step > 0.0 and math.isfinite(change / step)):
            return one.effect
        return min(one.effect * (change / step), self.effects)

    @property
    def evidence(self) -> float:
        """The effect times the root of the number of values after the change: a burst is less than a lasting change.

        For normal values it is the square root of twice the log-likelihood ratio of the change against none.
        """
        return (self.effect or 0.0) * math.sqrt(self.n_after)

    @property
    def told(self) -> Detection:
        """The whole change in the form of a detection."""
        return self.first._replace(
            after=self.after, n_after=self.n_after, effect=self.effect, detector=self.strongest.detector
        )

    @property
    def is_at_strongest(self) -> bool:
        """True if an unstable signal is told with the figures of its largest change, see `at_strongest`."""
        levels = self.strongest.before, self.strongest.after, max(self.strongest.n_after, 1)
        return self.is_unstable and (self.first.before, self.after, self.n_after) == levels

    def at_strongest(self) -> EpisodeSignal:
        """Return the change with the levels and the number of values of its strongest detection."""
        one = self.strongest
        first = self.first._replace(before=one.before, after=one.after, category=one.category)
        return replace(self, first=first, after=one.after, n_after=max(one.n_after, 1))

    def until(self, n: int, mean: float) -> EpisodeSignal:
        """Return the change with further values after the newest alarm, of which there are ``n`` with this mean."""
        row = EpisodeSignal(**vars(self))
        if row.is_over_after(n, mean):
            row.end = row.last_index, row.last_ts
        else:
            row._take(n, mean)
        return row

    def is_over_after(self, n: int, mean: float) -> bool:
        """Return whether the values after the newest alarm are back at the level before the change.

        The end of a short burst is often not found. It is over if at least as many values follow as it had, and their
        mean is at the old level, or beyond it.

        Args:
            n: Number of values after the newest alarm.
            mean: Their mean.
        """
        change, rest = self.after - self.first.before, mean - self.first.before
        if n < self.n_after or not (math.isfinite(change) and change != 0.0):
            return False
        left = rest / change
        return left <= SETTLED and left * (self.effect or 0.0) < SMALL_EFFECT

    def is_back_with(self, one: Detection) -> bool:
        """Return whether a detection of the signal brings it back to its level before the change."""
        old = self.first.before
        is_towards = abs(one.after - old) < abs(one.before - old)
        return one.category == self.first.category and is_towards and self._is_near_old_level(one.after)

    def is_repeated_by(self, one: Detection) -> bool:
        """Return whether a detection is the same change once more: from the old level, in the same direction."""
        return (
            one.category == self.first.category
            and one.direction == self.first.direction
            and self._is_near_old_level(one.before)
        )

    def _is_near_old_level(self, level: float) -> bool:
        old = self.first.before
        return abs(level - old) <= BACK * abs(self.after - old)

    def settle(self, one: Detection) -> None:
        """End the change at its newest alarm if the signal was back before a detection, without one of its own."""
        if self._is_counted_with(one) and self.is_over_after(one.n_before, one.before):
            self.end = self.last_index, self.last_ts

    def end_with(self, one: Detection) -> None:
        """End the change where a detection begins: the signal returns to its old level, or another change begins."""
        if self._is_counted_with(one):
            self._take(one.n_before, one.before)
        self.end = changed(one)

    def resume(self, one: Detection) -> None:
        """Go on with a change that was over: the values between are not its own."""
        self.end = None
        self.extend(one._replace(n_before=0))

    def _is_counted_with(self, one: Detection) -> bool:
        """Return whether the values before a detection are those after the newest alarm."""
        return (one.detector, one.category) == (self.first.detector, self.first.category)

    def extend(self, one: Detection) -> None:
        """Add a detection with which the change goes on."""
        self.count(one)
        if one.category != self.first.category:
            self._lead(one)
            return
        if one.detector == self.first.detector:
            self._take(one.n_before, one.before)
            self._take(max(one.n_after, 1), one.after)
            self.effects += one.effect or 0.0
        else:
            # Another detector has counted the same values.
            self.effects = max(self.effects, one.effect or 0.0)
        if (one.effect or 0.0) > (self.strongest.effect or 0.0):
            self.strongest = one

    def count(self, one: Detection) -> None:
        """Count an alarm, without a change of the levels."""
        self.alarms += 1
        if one.index >= self.last_index:
            self.last_index, self.last_ts = one.index, one.ts

    def _lead(self, one: Detection) -> None:
        """Tell of another category from now on, if its change is more evident."""
        other = EpisodeSignal.begun_by(one)
        if other.evidence > self.evidence:
            self.first = self.strongest = one
            self.n_after, self.after, self.effects = other.n_after, other.after, other.effects

    def _take(self, n: int, mean: float) -> None:
        if n <= 0:
            return
        total = self.n_after + n
        # Weighted, not added up: the sum of a few values of 1e308 is infinite.
        self.after = self.after * (self.n_after / total) + mean * (n / total)
        self.n_after = total

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return dict(vars(self))

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> EpisodeSignal:
        """Return the change that `state` was written of."""
        end = state["end"]
        detections = {name: Detection(*state[name]) for name in ("first", "strongest")}
        return cls(**{**state, **detections, "end": None if end is None else (end[0], end[1])})


def changed(one: Detection) -> Place:
    """Return the place of the estimated change, or of the alarm where there is no estimate."""
    return (one.index, one.ts) if one.changed_index is None else (one.changed_index, one.changed_ts)


def by_evidence(row: EpisodeSignal) -> tuple[float, str]:
    """Return a sort key: the most evident change first, then by signal."""
    return -row.evidence, row.signal
