"""The monitor of one feature of a model version: its type, its counts and its signals."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from stream_monitor.core.arrays import ColumnKind, Floats, Ints
from stream_monitor.core.events import Detection
from stream_monitor.detectors.spec import select
from stream_monitor.monitors.feature_counts import FeatureCounts
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.monitors.signal_set import SignalSet
from stream_monitor.signals.columns import Column, FeatureColumn, category_values
from stream_monitor.signals.spread import Spread

logger = logging.getLogger(__name__)


class SignalNames(NamedTuple):
    """The names of a feature's signals."""

    missing: str
    values: str
    spread: str

    @classmethod
    def of(cls, feature: str) -> SignalNames:
        """Return those of a feature.

        >>> SignalNames.of("age")
        SignalNames(missing='missing:age', values='feature:age', spread='spread:age')
        """
        return cls(f"missing:{feature}", f"feature:{feature}", f"spread:{feature}")


class FeatureMonitor:
    """Monitors one feature: the share of missing values, the values, and the spread of numbers.

    The type is given by the settings or the profile, or inferred from the first values. Until then, numbers and text
    are monitored side by side.

    Args:
        name: Name of the feature.
        signals: The signals of the model version; those of the feature are added to it and dropped from it.
    """

    def __init__(self, name: str, signals: SignalSet) -> None:
        self._signals = signals
        self._name, self._names = name, SignalNames.of(name)
        given = signals.settings.feature_type(name)
        self.counts = FeatureCounts(type=given, is_given=given is not None)
        #: Monitor of the text until the type is inferred.
        self._candidate: SignalMonitor | None = None
        self._spread = Spread()
        self._is_spread_watched = bool(select(signals.settings.specs, self._names.spread))

    def update(self, column: FeatureColumn, index: Ints, ts: Floats) -> list[Detection]:
        """Update with the column of a batch; return the drifts detected.

        Args:
            column: The feature in n predictions, n > 0.
            index: Their positions in the stream, shape (n,).
            ts: Their event times in seconds, NaN where unknown, shape (n,).
        """
        self._count(column, index)
        detections = self._signal(self._names.missing).update(Column(column.missing, index, ts))
        if self.counts.type != "categorical":
            detections += self._update_numbers(Column(column.values, index, ts).finite())
        if self.counts.type == "categorical" or (self.counts.type is None and column.text):
            detections += self._update_categories(column, index, ts)
        return detections

    def _count(self, column: FeatureColumn, index: Ints) -> None:
        counts = self.counts
        is_inferred = counts.type is None and counts.infer(column, self._signals.settings.warmup)
        if is_inferred:
            self._drop_other_type()
        known = counts.violations
        counts.add(column)
        if is_inferred and counts.violations:
            self._warn()
        elif counts.violations and len(str(counts.violations)) > len(str(known or "")):
            self._warn_again()
        newest = column.newest
        counts.last_seen = counts.last_seen if newest is None else int(index[newest])

    def _update_numbers(self, numbers: Column) -> list[Detection]:
        if not len(numbers.values):
            return []
        detections = self._signal(self._names.values).update(numbers)
        if self._is_spread_watched:
            detections += self._signal(self._names.spread).update(self._spread.column(numbers))
        return detections

    def _update_categories(self, column: FeatureColumn, index: Ints, ts: Floats) -> list[Detection]:
        monitor = self._signal(self._names.values) if self.counts.type else self._text()
        values = category_values(column.raw, only_text=not self.counts.is_given)
        assert monitor.categories is not None
        return monitor.update(Column(monitor.categories.column(values), index, ts).finite())

    def _drop_other_type(self) -> None:
        """Drop the monitors of the type that the feature is not."""
        if self.counts.type == "categorical":
            self._signals.put(self._names.values, self._text())
            self._signals.drop(self._names.spread)
        self._candidate = None

    def _warn(self) -> None:
        counts = self.counts
        logger.warning(
            "feature %s of %s/%s is taken for %s: of its first values %d were numbers, %d text, %d neither; "
            "--feature-type can say otherwise",
            *(self._name, *self._signals.key, counts.type, counts.numeric, counts.text, counts.other),
        )

    def _warn_again(self) -> None:
        """Warn at the first value of another type, and at each power of ten of them."""
        other = "categorical" if self.counts.type == "numeric" else "numeric"
        logger.warning(
            "feature %r of %s/%s is taken for %s, but %d of its values so far are not, and are left out; "
            "--feature-type %s=%s would take it for %s",
            *(self._name, *self._signals.key, self.counts.type, self.counts.violations, self._name, other, other),
        )

    def state(self) -> dict[str, Any]:
        return {
            "counts": dict(vars(self.counts)),
            "spread": self._spread.state(),
            "candidate": self._candidate.state() if self._candidate else None,
            "signals": {name: signal.state() for name, signal in self._existing()},
        }

    def warm_start_state(self) -> dict[str, Any]:
        """Return the state from which another version of the model starts: without counts and detections."""
        return {
            "type": self.counts.type,
            "spread": self._spread.state(),
            "candidate": self._candidate.warm_start_state() if self._candidate else None,
            "signals": {name: signal.warm_start_state() for name, signal in self._existing()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a state; a type that the settings give takes precedence over the inferred one."""
        given, self.counts = self.counts, FeatureCounts(**state["counts"])
        if given.is_given:
            self.counts.type, self.counts.is_given = given.type, True
        self._restore_signals(state)

    def warm_start(self, state: Mapping[str, Any]) -> None:
        """Start from the `warm_start_state` of another version of the model."""
        if not self.counts.is_given:
            self.counts.type = state["type"]
        self._restore_signals(state)

    def _restore_signals(self, state: Mapping[str, Any]) -> None:
        """Restore the signals, except those of another type: they start anew."""
        self._spread.restore(state["spread"])
        if state["candidate"] and self.counts.type is None:
            self._text().restore(state["candidate"])
        for name, saved in state["signals"].items():
            if self._fits(name, saved):
                self._signals.restore(name, self._kind(name), saved)

    def _fits(self, name: str, saved: Mapping[str, Any]) -> bool:
        if name == self._names.spread:
            return self.counts.type != "categorical"
        return (saved["categories"] is not None) == (self._kind(name) == "category")

    def close(self) -> None:
        """Drop the signals of the feature."""
        for name in self._names:
            self._signals.drop(name)

    def _existing(self) -> Iterator[tuple[str, SignalMonitor]]:
        """The feature's signals that have had a value, always in the same order."""
        by_name = self._signals.by_name
        return ((name, by_name[name]) for name in self._names if name in by_name)

    def _signal(self, name: str) -> SignalMonitor:
        return self._signals.get(name, self._kind(name))

    def _kind(self, name: str) -> ColumnKind:
        if name == self._names.missing:
            return "share"
        return "category" if name == self._names.values and self.counts.type == "categorical" else "number"

    def _text(self) -> SignalMonitor:
        """The monitor of the text until the type is inferred."""
        if self._candidate is None:
            self._candidate = self._signals.make(self._names.values, "category")
        return self._candidate
