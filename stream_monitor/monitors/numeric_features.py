"""The numeric features of a model version side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.monitors.feature import FeatureMonitor
from stream_monitor.monitors.feature_counts import FeatureCounts
from stream_monitor.monitors.joined_blocks import NO_SIGNALS, Source
from stream_monitor.signals.matrix import SignalMatrix
from stream_monitor.signals.spread import Spreads


class NumericFeatures:
    """Counts the values of many numeric features at once, and makes one matrix of the values of their signals.

    The result is that of `FeatureMonitor.update` for each of them alone. Alone are features whose type is not known
    yet or categorical, those with a value in the batch that is not a number, and those whose signals have not all
    had a value.

    Args:
        is_enabled: False to handle all features alone.
    """

    def __init__(self, is_enabled: bool) -> None:
        self._is_enabled = is_enabled
        self._group = _Group(())

    def update(
        self, monitors: Mapping[str, FeatureMonitor], table: FeatureTable, index: Ints, ts: Floats
    ) -> tuple[FeatureSources, Sequence[str]]:
        """Count the values of the features that can be handled side by side.

        Args:
            monitors: The monitor of each feature that is followed.
            table: The features of n predictions, n > 0.
            index: Their positions in the stream, shape (n,).
            ts: Their event times in seconds, NaN where unknown, shape (n,).

        Returns:
            Their signals, to be updated, and the names of the features that must be handled alone.
        """
        if not self._is_enabled:
            return NO_FEATURES, list(monitors)
        chosen, others = [], []
        for name, monitor in monitors.items():
            if monitor.is_numeric and name not in table.raw:
                chosen.append((name, monitor))
            else:
                others.append(name)
        if chosen != self._group.features:
            self._group = _Group(chosen)
        return self._sources(table, index, ts) if chosen else NO_FEATURES, others

    def _sources(self, table: FeatureTable, index: Ints, ts: Floats) -> FeatureSources:
        """Return the signals of the group."""
        group = self._group
        numbers, places = _numbers(table, group.names)
        is_finite = np.isfinite(numbers)
        _count(group.counts, is_finite, _last_seen(table, places, index))
        missing = SignalMatrix((~is_finite).astype(np.float64), index, ts)
        values = SignalMatrix.of_finite(numbers, is_finite, index, ts)
        is_all = len(group.watched) == len(group.names)
        spreads = group.spreads.matrix(values if is_all else values.take(group.watched))
        return FeatureSources(
            Source(group.missing, missing), Source(group.values, values), Source(group.spread, spreads)
        )


class FeatureSources(NamedTuple):
    """The signals of features, with their next values."""

    missing: Source
    values: Source
    spread: Source


NO_FEATURES = FeatureSources(NO_SIGNALS, NO_SIGNALS, NO_SIGNALS)


class _Group:
    """Features that are handled side by side, with their parts.

    Attributes:
        features: Their names and monitors.
        watched: The places of those whose spread is watched.
    """

    def __init__(self, features: Sequence[tuple[str, FeatureMonitor]]) -> None:
        self.features = features
        self.names = tuple(name for name, _ in features)
        parts = [monitor.numeric_parts for _, monitor in features]
        self.counts = [monitor.counts for _, monitor in features]
        self.missing = tuple(each.missing for each in parts)
        self.values = tuple(each.values for each in parts)
        self.spread = tuple(each.spread for each in parts if each.spread)
        self.watched = np.array([place for place, each in enumerate(parts) if each.spread], np.int64)
        self.spreads = Spreads([each.held for each in parts if each.spread])


class _Places(NamedTuple):
    """The features of a group that are in a table.

    Attributes:
        group: Their places in the group.
        table: Their places in the table.
    """

    group: Ints
    table: Ints


def _numbers(table: FeatureTable, names: tuple[str, ...]) -> tuple[Floats, _Places]:
    """Return the values of features, NaN where there is none, shape (n, features); and where they come from."""
    everywhere = np.arange(len(names))
    if names == table.names:
        return table.numbers, _Places(everywhere, everywhere)
    known = {name: place for place, name in enumerate(table.names)}
    found = np.array([known.get(name, -1) for name in names], np.int64)
    places = _Places(np.flatnonzero(found >= 0), found[found >= 0])
    if len(places.group) == len(names):
        return table.numbers[:, places.table], places
    numbers = np.full((len(table), len(names)), np.nan)
    numbers[:, places.group] = table.numbers[:, places.table]
    return numbers, places


def _last_seen(table: FeatureTable, places: _Places, index: Ints) -> Mapping[int, int]:
    """Return the newest prediction that carries each feature, by its place in the group."""
    if table.present is None:
        return dict.fromkeys(places.group.tolist(), int(index[-1]))
    present: Bools = table.present[::-1, places.table]
    is_there: Bools = np.any(present, axis=0)
    newest = index[len(index) - 1 - present.argmax(axis=0)[is_there]]
    return dict(zip(places.group[is_there].tolist(), newest.tolist(), strict=True))


def _count(counts: Sequence[FeatureCounts], is_finite: Bools, last_seen: Mapping[int, int]) -> None:
    """Count the numbers and the missing values of each feature."""
    for each, numeric in zip(counts, is_finite.sum(axis=0).tolist(), strict=True):
        each.numeric += numeric
        each.missing += len(is_finite) - numeric
    for place, at in last_seen.items():
        counts[place].last_seen = at
