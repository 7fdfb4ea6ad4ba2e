"""The features of a model version that are followed: new ones are admitted, the one seen longest ago is evicted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.core.errors import ConfigError
from stream_monitor.core.events import Detection
from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.core.part import Part, part_name
from stream_monitor.monitors.feature import FeatureMonitor
from stream_monitor.monitors.numeric_features import FeatureSources, NumericFeatures
from stream_monitor.monitors.rate import PredictionRate
from stream_monitor.monitors.signal_set import SignalSet
from stream_monitor.profiles.profile import Profile
from stream_monitor.signals.columns import feature_columns

logger = logging.getLogger(__name__)

#: A feature with a longer name is not followed: the name would be a label value of Prometheus.
MAX_NAME_LENGTH = 200


class _New(NamedTuple):
    """The new features of a prediction: the names of those to admit, and the number of those that are ignored."""

    admitted: Sequence[str]
    ignored: int


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
        self._signals, self._rate, self._evicted = signals, rate, evicted
        self.monitors: dict[str, FeatureMonitor] = {}
        #: Warm starts by another version of the model, for features that have not come yet.
        self._warm_starts: dict[str, Any] = {}
        self._numeric = NumericFeatures(signals.is_side_by_side)
        self.ignored = 0
        self._mark = object()

    def admit(self, table: FeatureTable) -> int:
        """Admit the new features of the next predictions, up to the first prediction that must be in a new batch.

        The new features of one prediction are admitted in the order of their names.

        Returns:
            The number of predictions in the batch: those before the next one that brings new features, at least 1.
        """
        if not (unknown := self._unknown(table)):
            return len(table)
        features = table.carried(0)
        new = self._new(features)
        self.ignored += new.ignored
        self._evict(len(self.monitors) + len(new.admitted) - self._signals.settings.max_features, set(features))
        if new.admitted:
            self._add(new.admitted)
            # A feature that was evicted may come again.
            unknown = self._unknown(table)
        for row in np.flatnonzero(table.carrying(unknown)[1:]).tolist():
            new = self._new(table.carried(row + 1))
            if new.admitted:
                return int(row) + 1
            self.ignored += new.ignored
        return len(table)

    def _unknown(self, table: FeatureTable) -> set[str]:
        """Return the names of a table that are not followed, except those that are too long."""
        return {name for name in table.all_names if name not in self.monitors and len(name) <= MAX_NAME_LENGTH}

    def _new(self, features: Sequence[str]) -> _New:
        """Return the new features of a prediction that carries these."""
        new = [name for name in features if name not in self.monitors and len(name) <= MAX_NAME_LENGTH]
        room = self._room(len(features), len(new))
        return _New(new[:room], len(new[room:]))

    def _room(self, carried: int, new: int) -> int:
        """Return the number of new features to admit; a record that alone exceeds the bound must not evict any."""
        bound = self._signals.settings.max_features
        return new if carried <= bound else max(bound - len(self.monitors), 0)

    def _add(self, new: Sequence[str]) -> None:
        if not self.monitors and self._signals.settings.profile:
            self._compare(new, self._signals.settings.profile)
        self.follow(new)
        for name in new:
            if name in self._warm_starts:
                self.monitors[name].warm_start(self._warm_starts.pop(name))

    def _evict(self, surplus: int, keep: AbstractSet[str]) -> None:
        if surplus <= 0:
            return
        idle = sorted((one.counts.last_seen, name) for name, one in self.monitors.items() if name not in keep)
        for _, name in idle[:surplus]:
            self.monitors.pop(name).close()
            self._evicted("feature", "/".join((*self._signals.key, name)))

    def _compare(self, features: Sequence[str], profile: Profile) -> None:
        """Warn where the first features are not those of the profile."""
        try:
            profile.check_features(features)
        except ConfigError as error:
            logger.warning("%s/%s: %s", *self._signals.key, error)

    def follow(self, names: Iterable[str]) -> None:
        """Add monitors of these features, and give every signal its new part of the budget."""
        self.monitors |= {name: FeatureMonitor(name, self._signals) for name in names}
        self.share_out()

    def share_out(self) -> None:
        """Give every signal of the model version its part of the budget."""
        self._signals.share_out(self._rate.run_length, self.monitors)

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
        sources, others = self._numeric.update(self.monitors, table, index, ts)
        detections: list[Detection] = []
        for name, column in feature_columns(table, others).items():
            detections += self.monitors[name].update(column, index, ts)
        return detections, sources

    def warm_start(self, other: FollowedFeatures) -> None:
        """Start each feature, when it comes, with what another version of the model has learned of it."""
        self._warm_starts = {name: monitor.warm_start_state() for name, monitor in other.monitors.items()}

    def state(self) -> Part:
        """Return the state as a part, which has changed with each `update`."""
        return Part(part_name("features", self._signals.key), self._mark, self._content)

    def _content(self) -> dict[str, Any]:
        return {
            "ignored": self.ignored,
            "warm_starts": self._warm_starts,
            "monitors": {name: monitor.state() for name, monitor in self.monitors.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a state, whose features are followed already."""
        self.ignored, self._warm_starts = state["ignored"], dict(state["warm_starts"])
        for name, saved in state["monitors"].items():
            self.monitors[name].restore(saved)
