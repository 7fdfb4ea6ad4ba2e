"""The seasonality of a signal, and the normal scores that it is measured in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stream_monitor.core.arrays import Floats
from stream_monitor.drift.seasonality import Seasonality
from stream_monitor.drift.transforms import ScoreTransform, Transform, restore_transform
from stream_monitor.signals.columns import Column
from stream_monitor.stats.reference import NumericReference

DAY = 86_400.0


class SeasonalScores:
    """Learns the seasonality of a signal in one transform, whatever the detector is fed.

    The transform is the one of the first warm-up; one learned after a change has another scale. If most of a period
    is out of its reach, it is learned again from that period.

    Args:
        period: Period in seconds; None: a day, without a delay of the first alarms.
    """

    def __init__(self, period: float | None) -> None:
        #: With a given period, detectors start after the first one.
        self._is_given = period is not None
        self._seasonality = Seasonality(period or DAY, self._is_given)
        self._transform: Transform | None = None

    @property
    def is_known(self) -> bool:
        """Return whether the levels of a period are known."""
        return self._seasonality.is_known

    @property
    def is_awaited(self) -> bool:
        """Return whether detectors wait for the first period to pass."""
        return self._is_given and not self.is_known

    def start(self, transform: Transform) -> None:
        """Measure in this transform, unless there is one."""
        self._transform = self._transform or transform

    def begin(self, ts: Floats) -> tuple[int, Transform | None]:
        """Begin the next values, at these times; close the period that is over by the first.

        Returns:
            The number of values that belong to one period, and the transform that the detector has to restart with,
            None if it goes on.
        """
        was_known = self.is_known
        room, sample = self._seasonality.room(ts), self._seasonality.take_sample()
        if sample is not None:
            self._transform = ScoreTransform(NumericReference.learn(sample))
        restarts = (self.is_known and not was_known) or (sample is not None and self._is_given)
        return room, self._transform if restarts else None

    def without_season(self, transformed: Column) -> Column:
        """Return transformed values less the usual level at their times."""
        return transformed._replace(values=transformed.values - self._seasonality.levels(transformed.ts))

    def learn(self, raw: Column, transformed: Column, transform: Transform) -> None:
        """Learn from values of one period.

        Args:
            raw: The values.
            transformed: The same, transformed.
            transform: The transform that they were transformed with.
        """
        assert self._transform is not None
        own = transformed if transform is self._transform else raw._replace(values=self._transform.of(raw))
        self._seasonality.count(own, raw.values)

    def interrupt(self) -> None:
        """Discard the current period: a change is in it."""
        self._seasonality.interrupt()

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        transform = self._transform.state() if self._transform else None
        return {"seasonality": self._seasonality.state(), "transform": transform}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned."""
        self._seasonality.restore(state["seasonality"])
        self._transform = restore_transform(state["transform"]) if state["transform"] else None

    def restore_transform(self, state: Mapping[str, Any]) -> Transform:
        """Return the transform that this is the state of: the season's own if it is the same."""
        if self._transform is None or self._transform.state() != state:
            return restore_transform(state)
        return self._transform
