"""The features of a model version that are followed: new ones are admitted, the one seen longest ago is evicted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Floats, Indices, Ints
from stream_monitor.core.errors import ConfigError
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.core.part import Part, part_name
from stream_monitor.monitors.admission import Admission
from stream_monitor.monitors.budget_schedule import BudgetSchedule
from stream_monitor.monitors.feature import FeatureMonitor
from stream_monitor.monitors.numeric_features import NO_FEATURES, FeatureSources, NumericFeatures
from stream_monitor.monitors.rate import PredictionRate
from stream_monitor.monitors.signal_set import SignalSet
from stream_monitor.profiles.profile import Profile
from stream_monitor.signals.columns import feature_columns

logger = logging.getLogger(__name__)


class FollowedFeatures:
    """The monitors of the features that are followed, at most ``max_features``.

    Attributes:
        monitors: The monitor of each feature, by name.
        ignored: New features of records that alone exceed the bound.

    Args:
        signals: The signals of the model version; those of the features are added to it and dropped from it.
        rate: The run length, of which each feature's signals have a part.
        evicted: Called with the kind ``"feature"`` and the full name of each feature that is evicted.
    """

    def __init__(self, signals: SignalSet, rate: PredictionRate, evicted: Callable[[str, str], None]) -> None:
        self._signals, self._evicted = signals, evicted
        self.monitors: dict[str, FeatureMonitor] = {}
        self._admission = Admission(self.monitors, signals.settings.max_features)
        #: Warm starts by another version of the model, for features that have not come yet.
        self._warm_starts: dict[str, Any] = {}
        self._schedule = BudgetSchedule(signals, rate)
        self._numeric = NumericFeatures(signals.settings.warmup)
        self._is_grouped = False
        #: The row of the next batch that brings each feature which is admitted in its midst.
        self._starts: dict[str, int] = {}
        self.ignored = 0
        self._mark = object()

    def admit(self, table: FeatureTable, count: int) -> int:
        """Admit the new features of the next predictions, up to the first prediction that must be in a new batch.

        The new features of one prediction are admitted in the order of their names. A prediction must be in a new
        batch if it evicts a feature, or if the budget is shared out at it.

        Args:
            table: The features of the predictions; those of the batch must be given to `update` next.
            count: The number of predictions before them.

        Returns:
            The number of predictions in the batch, at least 1.
        """
        if unknown := self._admission.unknown(table):
            self._admit_first(table.carried(0))
            # A feature that was evicted may come again.
            unknown = self._admission.unknown(table)
        self._schedule.begin(count, self.monitors)
        return self._admit_later(table, count, np.flatnonzero(table.carrying(unknown)[1:]) + 1)

    def _admit_first(self, features: Sequence[str]) -> None:
        """Admit the new features of the first prediction of a batch, which may evict others."""
        new = self._admission.new(features)
        self.ignored += new.ignored
        self._evict(self._admission.oldest(self._admission.surplus(new), set(features)))
        self._add(new.admitted)

    def _admit_later(self, table: FeatureTable, count: int, rows: Indices) -> int:
        """Admit the features that these later predictions bring; return the number of predictions in the batch."""
        end = min(len(table), self._schedule.remaining(count))
        for row in rows.tolist():
            if row >= end:
                break
            new = self._admission.new(table.carried(row))
            if new.admitted:
                if self._schedule.is_time(count + row) or self._admission.surplus(new) > 0:
                    return int(row)
                self._add(new.admitted)
                self._starts |= dict.fromkeys(new.admitted, row)
                end = min(end, row + self._schedule.remaining(count + row))
            self.ignored += new.ignored
        return end

    def _add(self, new: Sequence[str]) -> None:
        if not new:
            return
        if not self.monitors and self._signals.settings.profile:
            _compare(self._signals.key, new, self._signals.settings.profile)
        self._follow(new)
        self._schedule.change()
        for name in new:
            if name in self._warm_starts:
                self.monitors[name].warm_start(self._warm_starts.pop(name))

    def _evict(self, names: Sequence[str]) -> None:
        for name in names:
            self.monitors.pop(name).close()
            self._evicted("feature", "/".join((*self._signals.key, name)))
            self._schedule.change()
            self._is_grouped = False

    def _follow(self, names: Iterable[str]) -> None:
        self.monitors |= {name: FeatureMonitor(name, self._signals) for name in names}
        self._is_grouped = False

    def share_out(self) -> None:
        """Give every signal of the model version its part of the budget."""
        self._schedule.share_out(self.monitors)

    def update(self, table: FeatureTable, index: Ints, ts: Floats) -> tuple[list[Detection], FeatureSources]:
        """Update each feature with its column of a batch.

        Args:
            table: The features of n predictions, n > 0.
            index: Their positions in the stream, shape (n,).
            ts: Their event times in seconds, NaN where unknown, shape (n,).

        Returns:
            The drifts detected, and those signals that are still to be updated, side by side.
        """
        self._mark = object()
        starts, self._starts = self._starts, {}
        detections: list[Detection] = []
        if not self._signals.is_side_by_side:
            for name, column in feature_columns(table, self.monitors).items():
                start = starts.get(name, 0)
                detections += self.monitors[name].update(column.since(start), index[start:], ts[start:])
            return detections, NO_FEATURES
        if not self._is_grouped:
            self._numeric.follow(self.monitors)
            self._is_grouped = True
        sources, columns = self._numeric.update(table, index, ts, starts)
        for name, column in columns.items():
            start = starts.get(name, 0)
            detections += self.monitors[name].update_values(column.since(start), index[start:], ts[start:])
        return detections, sources

    def warm_start(self, other: FollowedFeatures) -> None:
        """Start each feature, when it comes, with what another version of the model has learned of it."""
        self._warm_starts = {name: monitor.warm_start_state() for name, monitor in other.monitors.items()}
        self._schedule.start_like(other.monitors)

    def state(self) -> Part:
        """Return the state as a part, which has changed with each `update`."""
        return Part(part_name("features", self._signals.key), self._mark, self._content)

    def _content(self) -> dict[str, Any]:
        return {
            "ignored": self.ignored,
            "budget": self._schedule.state(),
            "warm_starts": self._warm_starts,
            "monitors": {name: monitor.state() for name, monitor in self.monitors.items()},
        }

    def follow(self, state: Mapping[str, Any]) -> None:
        """Follow the features of a saved state, and give every signal its part of the budget."""
        self._follow(state["monitors"])
        self._schedule.restore(state.get("budget"), self.monitors)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a state, whose features are followed already."""
        self.ignored, self._warm_starts = state["ignored"], dict(state["warm_starts"])
        for name, saved in state["monitors"].items():
            self.monitors[name].restore(saved)
        self._is_grouped = False


def _compare(key: ModelVersion, features: Sequence[str], profile: Profile) -> None:
    """Warn where the first features of a version are not those of the profile."""
    try:
        profile.check_features(features)
    except ConfigError as error:
        logger.warning("%s/%s: %s", *key, error)
