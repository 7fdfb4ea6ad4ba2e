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
from stream_monitor.signals.columns import FeatureColumn


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
    def is_numeric(self) -> bool:
        """True if the feature is known to be numeric, and each of its signals has had a value."""
        return self._counter.type == "numeric" and self._signals.is_complete

    @property
    def numeric_parts(self) -> NumericParts:
        """The signals of a feature that `is_numeric`."""
        return self._signals.numeric_parts

    def update(self, column: FeatureColumn, index: Ints, ts: Floats) -> list[Detection]:
        """Update with the column of a batch; return the drifts detected.

        Args:
            column: The feature in n predictions, n > 0.
            index: Their positions in the stream, shape (n,).
            ts: Their event times in seconds, NaN where unknown, shape (n,).
        """
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
