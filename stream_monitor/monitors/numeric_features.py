"""The numeric features of a model version side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.monitors.feature import FeatureMonitor
from stream_monitor.monitors.feature_counts import FeatureCounts
from stream_monitor.monitors.joined_blocks import NO_SIGNALS, Source
from stream_monitor.signals.columns import FeatureColumn, feature_columns
from stream_monitor.signals.matrix import SignalMatrix
from stream_monitor.signals.spread import Spreads

_Feature = tuple[str, FeatureMonitor]


class FeatureSources(NamedTuple):
    """The signals of features, with their next values."""

    missing: Source
    values: Source
    spread: Source


NO_FEATURES = FeatureSources(NO_SIGNALS, NO_SIGNALS, NO_SIGNALS)


class FeatureUpdate(NamedTuple):
    """The signals and the columns of a batch that are still to be handled.

    Attributes:
        sources: The signals to update side by side.
        values: The columns of features that must take their values alone; their missing values are in ``sources``.
        alone: The names of features that must take all alone.
    """

    sources: FeatureSources
    values: Mapping[str, FeatureColumn]
    alone: Sequence[str]


class NumericFeatures:
    """Counts the values of many numeric features at once, and makes one matrix of the values of their signals.

    The result is that of `FeatureMonitor.update` for each of them alone. Alone are the values of features whose type
    is not known yet or categorical, of those with a value in the batch that is not a number, and of those whose
    signals have not all had a value. The cost of a feature without a value in the batch is that of a missing value.

    Args:
        is_enabled: False to handle all features alone.
    """

    def __init__(self, is_enabled: bool) -> None:
        self._is_enabled = is_enabled
        self._group = _Group((), ())

    def update(
        self, monitors: Mapping[str, FeatureMonitor], table: FeatureTable, index: Ints, ts: Floats
    ) -> FeatureUpdate:
        """Count the values of the features that can be handled side by side.

        Args:
            monitors: The monitor of each feature that is followed.
            table: The features of n predictions, n > 0.
            index: Their positions in the stream, shape (n,).
            ts: Their event times in seconds, NaN where unknown, shape (n,).
        """
        if not self._is_enabled:
            return FeatureUpdate(NO_FEATURES, {}, list(monitors))
        numeric, others, alone = [], [], []
        for name, monitor in monitors.items():
            if monitor.is_numeric and name not in table.raw:
                numeric.append((name, monitor))
            elif monitor.missing:
                others.append((name, monitor))
            else:
                alone.append(name)
        if (numeric, others) != self._group.features:
            self._group = _Group(numeric, others)
        sources, values = self._sources(table, index, ts) if self._group.names else (NO_FEATURES, {})
        return FeatureUpdate(sources, values, alone)

    def _sources(
        self, table: FeatureTable, index: Ints, ts: Floats
    ) -> tuple[FeatureSources, Mapping[str, FeatureColumn]]:
        """Return the signals of the group, and the columns of those features that must take their values alone."""
        group = self._group
        numbers, places = _numbers(table, group.names)
        is_finite = np.isfinite(numbers)
        is_missing = (~is_finite).astype(np.float64)
        columns = self._others_with_values(table, is_finite)
        for name, column in columns.items():
            is_missing[:, group.others[name]] = column.missing
        _count(group.counts, is_finite, _last_seen(table, places, index), {group.others[name] for name in columns})
        if group.others:
            numbers, is_finite = (np.ascontiguousarray(each[:, : group.size]) for each in (numbers, is_finite))
        values = SignalMatrix.of_finite(numbers, is_finite, index, ts)
        is_all = len(group.watched) == group.size
        spreads = group.spreads.matrix(values if is_all else values.take(group.watched))
        missing = Source(group.missing, SignalMatrix(is_missing, index, ts))
        return FeatureSources(missing, Source(group.values, values), Source(group.spread, spreads)), columns

    def _others_with_values(self, table: FeatureTable, is_finite: Bools) -> Mapping[str, FeatureColumn]:
        """Return the columns of the features that are not numeric, or not yet, and have a value in the batch."""
        if not self._group.others:
            return {}
        has_values: Bools = np.any(is_finite, axis=0)
        return feature_columns(
            table, [name for name, at in self._group.others.items() if has_values[at] or name in table.raw]
        )


class _Group:
    """Features that are handled side by side, with their parts: numeric ones, and behind them the others.

    Attributes:
        features: Their names and monitors.
        names: Their names.
        size: The number of the numeric ones.
        others: The places of the others by name.
        counts: The counts of all.
        missing: The signals of missing values of all.
        values, spread: The other signals of the numeric ones.
        watched: The places of those whose spread is watched.
        spreads: Their spreads.
    """

    def __init__(self, numeric: Sequence[_Feature], others: Sequence[_Feature]) -> None:
        self.features = numeric, others
        both = [*numeric, *others]
        self.names, self.size = tuple(name for name, _ in both), len(numeric)
        self.others = {name: at for at, (name, _) in enumerate(others, self.size)}
        self.counts = [monitor.counts for _, monitor in both]
        self.missing = tuple(monitor.missing for _, monitor in both if monitor.missing)
        parts = [monitor.numeric_parts for _, monitor in numeric]
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
    """Return the newest prediction that carries each feature of the matrix, by its place in the group."""
    if table.present is None:
        return dict.fromkeys(places.group.tolist(), int(index[-1]))
    present: Bools = table.present[::-1, places.table]
    is_there: Bools = np.any(present, axis=0)
    newest = index[len(index) - 1 - present.argmax(axis=0)[is_there]]
    return dict(zip(places.group[is_there].tolist(), newest.tolist(), strict=True))


def _count(
    counts: Sequence[FeatureCounts], is_finite: Bools, last_seen: Mapping[int, int], counted: AbstractSet[int]
) -> None:
    """Count the numbers and the missing values of each feature, but of those that are counted already."""
    for place, numeric in enumerate(is_finite.sum(axis=0).tolist()):
        if place not in counted:
            counts[place].numeric += numeric
            counts[place].missing += len(is_finite) - numeric
    for place, at in last_seen.items():
        counts[place].last_seen = at
