"""The signals of one feature: the share of missing values, the values, and the spread of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from stream_monitor.core.arrays import ColumnKind, Floats, Ints
from stream_monitor.core.events import Detection
from stream_monitor.detectors.spec import select
from stream_monitor.monitors.feature_counter import FeatureCounter
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.monitors.signal_set import SignalSet
from stream_monitor.signals.columns import Column, FeatureColumn, category_values
from stream_monitor.signals.spread import Spread


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


class NumericParts(NamedTuple):
    """The signals of a numeric feature.

    Attributes:
        values: That of the values.
        spread: That of the spread, None if it is not watched.
        held: The values of the next spread.
    """

    values: SignalMonitor
    spread: SignalMonitor | None
    held: Spread


class FeatureSignals:
    """Turns the columns of one feature into its signals. Until its type is known, it has those of both types.

    Args:
        name: Name of the feature.
        signals: The signals of the model version; those of the feature are added to it and dropped from it.
        counter: The counter of the feature's values, which knows its type.
    """

    def __init__(self, name: str, signals: SignalSet, counter: FeatureCounter) -> None:
        self._names, self._signals, self._counter = SignalNames.of(name), signals, counter
        self._spread = Spread()
        self._is_spread_watched = bool(select(signals.settings.specs, self._names.spread))

    @property
    def missing(self) -> SignalMonitor:
        """The signal of missing values."""
        return self._get(self._names.missing)

    @property
    def is_complete(self) -> bool:
        """True if the feature has had a number."""
        by_name, names = self._signals.by_name, self._names
        return names.values in by_name and (names.spread in by_name or not self._is_spread_watched)

    def numeric_parts(self) -> NumericParts:
        """Return the signals of the numbers of a feature that is not categorical; make them if there are none."""
        values = self._get(self._names.values)
        return NumericParts(values, self._get(self._names.spread) if self._is_spread_watched else None, self._spread)

    def update(self, column: FeatureColumn, index: Ints, ts: Floats) -> list[Detection]:
        """Update all signals but that of missing values with the column of a batch that is counted already.

        Args:
            column: The feature in n predictions, n > 0.
            index: Their positions in the stream, shape (n,).
            ts: Their event times in seconds, NaN where unknown, shape (n,).

        Returns:
            The drifts detected.
        """
        kind = self._counter.type
        detections: list[Detection] = []
        if kind != "categorical":
            detections += self._update_numbers(Column(column.values, index, ts).finite())
        if kind == "categorical" or (kind is None and column.text):
            detections += self._update_categories(column, index, ts)
        return detections

    def drop_other_type(self) -> None:
        """Drop the monitors of the type that the feature is not, once its type is inferred."""
        if self._counter.type == "categorical":
            self._signals.put(self._names.values, self._text())
            self._signals.drop(self._names.spread)
        self._signals.candidates.pop(self._names.values, None)

    def close(self) -> None:
        """Drop all signals of the feature."""
        for name in self._names:
            self._signals.drop(name)
        self._signals.candidates.pop(self._names.values, None)

    def _update_numbers(self, numbers: Column) -> list[Detection]:
        if not len(numbers.values):
            return []
        detections = self._get(self._names.values).update(numbers)
        if self._is_spread_watched:
            detections += self._get(self._names.spread).update(self._spread.column(numbers))
        return detections

    def _update_categories(self, column: FeatureColumn, index: Ints, ts: Floats) -> list[Detection]:
        monitor = self._get(self._names.values) if self._counter.type else self._text()
        values = category_values(column, only_text=not self._counter.counts.is_given)
        assert monitor.categories is not None
        return monitor.update(Column(monitor.categories.column(values), index, ts).finite())

    def state(self, of: Callable[[SignalMonitor], dict[str, Any]] = SignalMonitor.state) -> dict[str, Any]:
        """Return the state as JSON values.

        Args:
            of: Returns the state of a signal; `SignalMonitor.warm_start_state` for another version of the model.
        """
        candidate = self._signals.candidates.get(self._names.values)
        return {
            # What was held of the numbers of a feature that turned out categorical depends on the cut into batches.
            "spread": [] if self._counter.type == "categorical" else self._spread.state(),
            "candidate": of(candidate) if candidate else None,
            "signals": {name: of(signal) for name, signal in self._existing()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load a state, except that of signals of another type: they start anew."""
        self._spread.restore(state["spread"])
        if state["candidate"] and self._counter.type is None:
            self._signals.restore_candidate(self._names.values, state["candidate"])
        for name, saved in state["signals"].items():
            if self._fits(name, saved):
                self._signals.restore(name, self._kind(name), saved)

    def _fits(self, name: str, saved: Mapping[str, Any]) -> bool:
        if name == self._names.spread:
            return self._counter.type != "categorical"
        return (saved["categories"] is not None) == (self._kind(name) == "category")

    def _existing(self) -> Iterator[tuple[str, SignalMonitor]]:
        """Yield the signals that have had a value with their names, always in the same order."""
        by_name = self._signals.by_name
        return ((name, by_name[name]) for name in self._names if name in by_name)

    def _get(self, name: str) -> SignalMonitor:
        return self._signals.get(name, self._kind(name))

    def _kind(self, name: str) -> ColumnKind:
        if name == self._names.missing:
            return "share"
        return "category" if name == self._names.values and self._counter.type == "categorical" else "number"

    def _text(self) -> SignalMonitor:
        """Return the monitor of the text until the type is inferred."""
        return self._signals.candidate(self._names.values)
