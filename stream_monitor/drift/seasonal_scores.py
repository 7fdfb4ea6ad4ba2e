"""The seasonality of a signal, and the normal scores or shares that it is measured in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.drift.seasonality import Seasonality
from stream_monitor.drift.share_seasonality import ShareSeasonality
from stream_monitor.drift.transforms import CategoryTransform, ScoreTransform, Transform, restore_transform
from stream_monitor.signals.columns import Column
from stream_monitor.stats.reference import NumericReference
from stream_monitor.stats.season_clock import AwaitedSeason
from stream_monitor.stats.season_period import Period

DAY, WEEK = 86_400.0, 604_800.0
#: While a longer period is not known, the smallest change that is told, relative to that in the first one.
LONGER = 0.9


class SeasonalScores:
    """Learns the seasonality of a signal in one transform, whatever the detector is fed.

    The transform is the one of the first warm-up; one learned after a change has another scale. If most of a period
    is out of its reach, it is learned again from that period.

    Shares and categories are learned as the usual share of each category.

    Args:
        periods: Periods in seconds; None: a day and a week, where they are found.
        is_thinned: Whether the detector reads shares only as 0 or 1.
    """

    def __init__(self, periods: Sequence[float] | None, is_thinned: bool = False) -> None:
        #: With given periods, detectors start again after the first ones.
        self._is_given, self._is_thinned = periods is not None, is_thinned
        self._periods = _with_day(periods) if periods else (DAY, WEEK)
        self._seasonality = Seasonality(self._periods, self._is_given)
        self._transform: Transform | None = None

    @property
    def is_known(self) -> bool:
        """Return whether the levels of some period are known."""
        return self._seasonality.is_known

    @property
    def known(self) -> Sequence[object]:
        """The tables of the periods whose levels are known."""
        return self._seasonality.known

    @property
    def is_awaited(self) -> bool:
        """Return whether the shortest period has not passed yet."""
        return self._is_given and not self._seasonality.is_first_known

    @property
    def awaited(self) -> tuple[AwaitedSeason, ...]:
        """The given periods of which none has passed yet."""
        return self._seasonality.awaited

    @property
    def strengths(self) -> dict[float, float]:
        """The strength of each season that is known, from 0 to 1, by its period in seconds."""
        return self._seasonality.strengths

    @property
    def smallest(self) -> float:
        """The smallest change that is told while it is unknown if there is a season, in `LARGE_SCORE`; 0: all are."""
        undecided = self._seasonality.undecided
        return 0.0 if not undecided else LONGER if undecided[0] else 1.0

    @property
    def uncertainty(self) -> float:
        """The variance of scores less their season, relative to that with levels that have no error."""
        return 1.0 if isinstance(self._seasonality, ShareSeasonality) else self._seasonality.uncertainty

    def start(self, transform: Transform, seasons: Mapping[float, tuple[Period, float]] | None = None) -> None:
        """Measure in this transform; scores that were learned before stay.

        Args:
            transform: The transform.
            seasons: What is known of such numbers before the first one, see `Seasonality.take`.
        """
        known, season = self._transform, self._seasonality
        if known is not None and _is_same(known, transform):
            return
        self._transform = transform
        rows = _rows(known, transform) if known is not None else None
        if rows and isinstance(season, ShareSeasonality):
            season.take_rows(rows)
        else:
            self._seasonality = self._made_for(transform)
        if known is None and seasons and transform.kind == "number":
            self._seasonality.take(seasons)

    def _made_for(self, transform: Transform) -> Seasonality:
        """Return an unknown season of such transformed values."""
        if transform.kind == "number":
            is_new = isinstance(self._seasonality, ShareSeasonality)
            return Seasonality(self._periods, self._is_given) if is_new else self._seasonality
        return ShareSeasonality(self._periods, max(transform.categories, 1), self._is_given)

    def begin(self, ts: Floats) -> tuple[int, Transform | None]:
        """Begin the next values, at these times; close the period that is over by the first.

        Returns:
            The number of values that belong to one period, and the transform that the detector has to restart with,
            None if it goes on.
        """
        known = self._seasonality.known
        room, sample = self._seasonality.room(ts), self._seasonality.take_sample()
        if sample is not None:
            self._transform = ScoreTransform(NumericReference.learn(sample))
        restarts = self._seasonality.known != known or (sample is not None and self._is_given)
        return room, self._transform if restarts else None

    def without_season(self, transformed: Column) -> Column:
        """Return transformed values less the usual level at their times.

        Codes of categories become a row for each, shape (n, categories), once there is a season.
        """
        season = self._seasonality
        if not isinstance(season, ShareSeasonality):
            return transformed._replace(values=season.residuals(transformed))
        if not season.is_known:
            return transformed
        rows = self._indicators(transformed)
        values = season.thinned(rows) if self._is_thinned else season.residuals(rows)
        return transformed._replace(values=values if self._is_of_categories else values[:, 0])

    def _indicators(self, transformed: Column) -> Column:
        """The transformed values as 0 or 1 for each category, shape (n, rows)."""
        assert self._transform is not None
        values = transformed.values[:, None]
        if self._is_of_categories:
            values = (values == np.arange(self._transform.categories)).astype(np.float64)
        return transformed._replace(values=values)

    @property
    def _is_of_categories(self) -> bool:
        return self._transform is not None and self._transform.kind == "category"

    def learn(self, raw: Column, transformed: Column, transform: Transform) -> None:
        """Learn from values of one period.

        Args:
            raw: The values.
            transformed: The same, transformed.
            transform: The transform that they were transformed with.
        """
        assert self._transform is not None
        if isinstance(self._seasonality, ShareSeasonality):
            self._seasonality.count(self._indicators(transformed))
            return
        own = transformed if transform is self._transform else raw._replace(values=self._transform.of(raw))
        self._seasonality.count(own, raw.values)

    def interrupt(self, ts: Floats) -> None:
        """Discard the current period: a change is in it; the next values, at these times, begin another."""
        self._seasonality.interrupt()
        self._seasonality.go_on(ts)

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        transform = self._transform.state() if self._transform else None
        return {"seasonality": self._seasonality.state(), "transform": transform}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        self._transform = restore_transform(state["transform"]) if state["transform"] else None
        if self._transform:
            self._seasonality = self._made_for(self._transform)
        self._seasonality.restore(state["seasonality"])

    def restore_transform(self, state: Mapping[str, Any]) -> Transform:
        """Return the transform that this is the state of: the season's own if it is the same."""
        if self._transform is None or self._transform.state() != state:
            return restore_transform(state)
        return self._transform


def _is_same(known: Transform, transform: Transform) -> bool:
    """Return whether levels that were learned in one transform hold in another: all scores, but only equal shares."""
    return known.kind == transform.kind and (known.kind == "number" or known.state() == transform.state())


def _rows(known: Transform, transform: Transform) -> list[int | None] | None:
    """Return the row that each row of a transform had in another one, None for one without; None if all are new."""
    if not isinstance(known, CategoryTransform) or known.kind != transform.kind:
        return None
    codes, old = ([each.code(row) for row in range(max(each.categories, 1))] for each in (transform, known))
    rows = [old.index(code) if code in old else None for code in codes]
    return rows if any(row is not None for row in rows) else None


def _with_day(periods: Sequence[float]) -> tuple[float, ...]:
    """Return periods with a day among them if one is longer: the hours are known long before the days of the week."""
    return tuple(sorted({*periods, DAY} if max(periods) > DAY else set(periods)))
