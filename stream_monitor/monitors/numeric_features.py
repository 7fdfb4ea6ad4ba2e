"""The features of a model version side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.core.feature_table import FeatureTable
from stream_monitor.monitors.feature import FeatureMonitor
from stream_monitor.monitors.feature_counts import FeatureCounts
from stream_monitor.monitors.feature_group import FeatureGroup, NumericColumns
from stream_monitor.monitors.joined_blocks import NO_SIGNALS, Source
from stream_monitor.signals.columns import FeatureColumn, feature_columns
from stream_monitor.signals.matrix import SignalMatrix


class FeatureSources(NamedTuple):
    """The signals of features, with their next values."""

    missing: Source
    values: Source
    spread: Source


NO_FEATURES = FeatureSources(NO_SIGNALS, NO_SIGNALS, NO_SIGNALS)


@dataclass(frozen=True)
class Span:
    """The predictions of a batch.

    Attributes:
        index: Their positions in the stream, shape (n,).
        ts: Their event times in seconds, NaN where unknown, shape (n,).
        since: For each feature the first of them that counts, shape (features,).
    """

    index: Ints
    ts: Floats
    since: Ints

    @property
    def lengths(self) -> Ints:
        """The number of predictions that count for each feature, shape (features,)."""
        return len(self.index) - self.since


class NumericFeatures:
    """Counts the numbers of many features at once, and makes one matrix of the values of their signals.

    The result is that of `FeatureMonitor.update` for each of them alone. Missing values are side by side for all
    features. Alone are the values of categorical features, of those whose type is inferred in the batch, and of those
    with a value in the batch that is not a number.

    Args:
        warmup: The number of first values that the type of a feature is inferred from.
    """

    def __init__(self, warmup: int) -> None:
        self._warmup = warmup
        self._group = FeatureGroup({})
        #: The features whose values were alone in the last batch.
        self._alone: Sequence[str] = ()

    def follow(self, monitors: Mapping[str, FeatureMonitor]) -> None:
        """Replace the features by those with these monitors."""
        self._group, self._alone = FeatureGroup(monitors), ()

    def update(
        self, table: FeatureTable, index: Ints, ts: Floats, starts: Mapping[str, int]
    ) -> tuple[FeatureSources, Mapping[str, FeatureColumn]]:
        """Count the values of the features that can be handled side by side.

        Args:
            table: The features of n predictions, n > 0.
            index: Their positions in the stream, shape (n,).
            ts: Their event times in seconds, NaN where unknown, shape (n,).
            starts: The first prediction that counts, by name, for features that do not begin with the batch.

        Returns:
            The signals to be updated, and the columns of the features that must take their values alone.
        """
        group = self._group
        if not group.names:
            return NO_FEATURES, {}
        group.reconsider(self._alone)
        numbers, places = _numbers(table, group.names)
        is_finite = np.isfinite(numbers)
        columns = feature_columns(table, self._find_alone(table.raw, is_finite.sum(axis=0)))
        self._alone = list(columns)
        span = Span(index, ts, np.array([starts.get(name, 0) for name in group.names], np.int64))
        is_missing = self._missing(is_finite, columns)
        is_finite[:, [group.places[name] for name in columns]] = False
        numeric = group.start(np.any(is_finite, axis=0))
        _count(group.counts, is_finite.sum(axis=0), span.lengths, {group.places[name] for name in columns})
        for place, newest in _last_seen(table, places, index):
            group.counts[place].last_seen = newest
        missing = Source(group.missing, _missing_matrix(is_missing, span))
        return FeatureSources(missing, *_values(numeric, numbers, is_finite, span)), columns

    def _find_alone(self, raw: Iterable[str], counts: Ints) -> list[str]:
        """Return the names of the features that must take their values alone.

        Args:
            raw: The names of those that have values other than numbers.
            counts: The number of numbers that each feature of the group has, shape (features,).
        """
        group = self._group
        is_alone = group.is_categorical & (counts > 0)
        for place in np.flatnonzero(group.is_untyped & (counts > 0)).tolist():
            is_alone[place] = group.counts[place].is_enough(self._warmup, int(counts[place]))
        is_alone[[group.places[name] for name in raw if name in group.places]] = True
        return [group.names[place] for place in np.flatnonzero(is_alone).tolist()]

    def _missing(self, is_finite: Bools, columns: Mapping[str, FeatureColumn]) -> Floats:
        """Return 1.0 where a value is missing; ``columns`` are those with values other than numbers."""
        values = (~is_finite).astype(np.float64)
        for name, column in columns.items():
            values[:, self._group.places[name]] = column.missing
        return values


def _missing_matrix(values: Floats, span: Span) -> SignalMatrix:
    """Return the values of the signals of missing values, each from the first prediction on that counts."""
    if not span.since.any():
        return SignalMatrix(values, span.index, span.ts)
    counts = np.arange(len(values))[:, None] >= span.since
    return SignalMatrix.of_finite(values, counts, span.index, span.ts)


def _values(numeric: NumericColumns, numbers: Floats, is_finite: Bools, span: Span) -> tuple[Source, Source]:
    """Return the signals of the values and of the spreads of numeric features."""
    if not numeric.values:
        return NO_SIGNALS, NO_SIGNALS
    if not numeric.mask.all():
        numbers, is_finite = numbers[:, numeric.mask], is_finite[:, numeric.mask]
    values = SignalMatrix.of_finite(numbers, is_finite, span.index, span.ts)
    is_all = len(numeric.watched) == len(numeric.values)
    spreads = numeric.spreads.matrix(values if is_all else values.take(numeric.watched))
    return Source(numeric.values, values), Source(numeric.spread, spreads)


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
        return table.numbers.take(places.table, axis=1), places
    numbers = np.full((len(table), len(names)), np.nan)
    numbers[:, places.group] = table.numbers.take(places.table, axis=1)
    return numbers, places


def _last_seen(table: FeatureTable, places: _Places, index: Ints) -> Iterable[tuple[int, int]]:
    """Return the places of features in the group, each with the newest prediction that carries it."""
    if table.present is None:
        return [(place, int(index[-1])) for place in places.group.tolist()]
    present: Bools = table.present[::-1].take(places.table, axis=1)
    is_there: Bools = np.any(present, axis=0)
    newest = index[len(index) - 1 - present.argmax(axis=0)[is_there]]
    return zip(places.group[is_there].tolist(), newest.tolist(), strict=True)


def _count(counts: Sequence[FeatureCounts], numbers: Ints, lengths: Ints, counted: Iterable[int]) -> None:
    """Count the numbers and the missing values of each feature, except of those that are counted by themselves.

    Args:
        counts: The counts of the features.
        numbers: The number of numbers of each, shape (features,).
        lengths: The number of predictions that count for each, shape (features,).
        counted: The places of the others.
    """
    missing = lengths - numbers
    missing[list(counted)] = 0
    for each, numeric, absent in zip(counts, numbers.tolist(), missing.tolist(), strict=True):
        each.numeric += numeric
        each.missing += absent
