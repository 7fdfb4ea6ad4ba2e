"""The monitors of all features of a model version as columns of one group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress

import numpy as np

from stream_monitor.core.arrays import Bools
from stream_monitor.core.events import FeatureType
from stream_monitor.monitors.feature import FeatureMonitor
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.signals.spread import Spreads


class FeatureGroup:
    """The monitors of features, a column for each.

    Attributes:
        names: The names of the features.
        places: Their columns by name.
        counts: The counts of their values.
        is_untyped: A mask of those whose type is not known yet, shape (features,).
        is_categorical: A mask of the categorical ones, shape (features,).

    Args:
        monitors: The monitors by the names of the features.
    """

    def __init__(self, monitors: Mapping[str, FeatureMonitor]) -> None:
        self.names = tuple(monitors)
        self.places = {name: place for place, name in enumerate(self.names)}
        self._monitors = list(monitors.values())
        self.counts = [monitor.counts for monitor in self._monitors]
        #: Their signals of missing values, once the features have started.
        self.missing: tuple[SignalMonitor, ...] = ()
        self.is_untyped, self.is_categorical = self._are(None), self._are("categorical")
        self._numeric = NumericColumns(())

    def _are(self, kind: FeatureType | None) -> Bools:
        return np.array([counts.type == kind for counts in self.counts], bool)

    def start(self, has_number: Bools) -> NumericColumns:
        """Make the signals that have their first value; return the columns of numbers.

        Args:
            has_number: A mask of the features with a number that is not handled alone, shape (features,).
        """
        if not self.missing:
            self.missing = tuple(map(_start, self._monitors, has_number.tolist()))
            self._numeric = NumericColumns(self._monitors)
        elif (is_new := has_number & ~self._numeric.mask).any():
            for place in np.flatnonzero(is_new).tolist():
                self._monitors[place].numeric_parts()
            self._numeric = NumericColumns(self._monitors)
        return self._numeric

    def reconsider(self, names: Sequence[str]) -> None:
        """Take note of the types of features that had values alone."""
        places = np.array([self.places[name] for name in names], np.int64)
        for place in places[self.is_untyped[places]].tolist():
            kind = self.counts[place].type
            self.is_untyped[place], self.is_categorical[place] = kind is None, kind == "categorical"
            if kind == "categorical" and self._numeric.mask[place]:
                self._numeric = NumericColumns(self._monitors)


def _start(monitor: FeatureMonitor, has_number: bool) -> SignalMonitor:
    """Make the signals of a feature; return that of missing values."""
    missing = monitor.missing
    if has_number:
        monitor.numeric_parts()
    return missing


class NumericColumns:
    """The features of a group that have had a number and are not categorical.

    Attributes:
        mask: A mask of them, shape (features,).
        values: The signals of their values.
        spread: The signals of their spreads, where they are watched.
        watched: Which of the numeric features these are.
        spreads: What makes the spreads.

    Args:
        monitors: The monitors of all features of the group.
    """

    def __init__(self, monitors: Sequence[FeatureMonitor]) -> None:
        self.mask = np.array([monitor.has_numbers for monitor in monitors], bool)
        parts = [monitor.numeric_parts() for monitor in compress(monitors, self.mask.tolist())]
        self.values = tuple(each.values for each in parts)
        self.spread = tuple(each.spread for each in parts if each.spread)
        self.watched = np.array([place for place, each in enumerate(parts) if each.spread], np.int64)
        self.spreads = Spreads([each.held for each in parts if each.spread])
