"""The monitor of one feature of a model version: its counts, its type and its signals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.core.events import Detection
from stream_monitor.monitors.feature_counter import FeatureCounter
from stream_monitor.monitors.feature_counts import FeatureCounts
from stream_monitor.monitors.feature_signals import FeatureSignals, NumericParts
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.monitors.signal_set import SignalSet
from stream_monitor.signals.columns import Column, FeatureColumn


class FeatureMonitor:
    """Counts the values of one feature and monitors its signals.

    Args:
        name: Name of the feature.
        signals: The signals of the model version; those of the feature are added to it and dropped from it.
    """

    def __init__(self, name: str, signals: SignalSet) -> None:
        self._counter = FeatureCounter(name, signals.key, signals.settings)
        self._signals = FeatureSignals(name, signals, self._counter)

    @property
    def counts(self) -> FeatureCounts:
        """The counts of the feature's values, and its type."""
        return self._counter.counts

    @property
    def has_numbers(self) -> bool:
        """True if the feature is not categorical and has had a number."""
        return self._counter.type != "categorical" and self._signals.is_complete

    def numeric_parts(self) -> NumericParts:
        """Return the signals of the numbers of a feature that is not categorical; make them if there are none."""
        return self._signals.numeric_parts()

    @property
    def missing(self) -> SignalMonitor:
        """The signal of missing values."""
        return self._signals.missing

    def update(self, column: FeatureColumn, index: Ints, ts: Floats) -> list[Detection]:
        """Update with the column of a batch; return the drifts detected.

        Args:
            column: The feature in n predictions, n > 0.
            index: Their positions in the stream, shape (n,).
            ts: Their event times in seconds, NaN where unknown, shape (n,).
        """
        return self.missing.update(Column(column.missing, index, ts)) + self.update_values(column, index, ts)

    def update_values(self, column: FeatureColumn, index: Ints, ts: Floats) -> list[Detection]:
        """Count the column of a batch, and update all signals but that of missing values, as `update`."""
        if self._counter.add(column, index):
            self._signals.drop_other_type()
        return self._signals.update(column, index, ts)

    def close(self) -> None:
        """Drop the signals of the feature."""
        self._signals.close()

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {"counts": self._counter.state(), **self._signals.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load what `state` returned; a type that the settings give takes precedence over the inferred one."""
        self._counter.restore(state["counts"])
        self._signals.restore(state)

    def warm_start_state(self) -> dict[str, Any]:
        """Return the state from which another version of the model starts: without counts and detections."""
        return {"type": self._counter.type, **self._signals.state(SignalMonitor.warm_start_state)}

    def warm_start(self, state: Mapping[str, Any]) -> None:
        """Start from the `warm_start_state` of another version of the model."""
        self._counter.warm_start(state["type"])
        self._signals.restore(state)
