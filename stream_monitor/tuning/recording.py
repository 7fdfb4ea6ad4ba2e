"""A recording as the columns of its signals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import ColumnKind
from stream_monitor.core.errors import ConfigError, Reason
from stream_monitor.core.events import ModelVersion
from stream_monitor.core.signal_names import CLASS_ERROR, GAP
from stream_monitor.monitors.fleet import Fleet
from stream_monitor.monitors.observer import ObservedSignal
from stream_monitor.performance.realized import Performance
from stream_monitor.signals.columns import Column
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.signals.spread import Spread

_FEATURE = ("feature", "missing", "spread")


class Signal(NamedTuple):
    """One signal of the recording.

    Attributes:
        name: The name of the signal.
        kind: The kind of its values.
        column: Its values; for a spread those of the feature, from which the spread is computed.
        names: The names of the categories by code.
    """

    name: str
    kind: ColumnKind
    column: Column
    names: tuple[str, ...] = ()

    @property
    def is_spread(self) -> bool:
        """True if the signal is the spread of a feature."""
        return self.name.startswith("spread:")

    @property
    def fed(self) -> Column:
        """The column that the signal's detectors receive."""
        return Spread().column(self.column) if self.is_spread else self.column

    @property
    def feature(self) -> str:
        """The name of the signal's feature; empty if it is not derived from one."""
        prefix, _, name = self.name.partition(":")
        return name if prefix in _FEATURE else ""

    def categories(self) -> CategoryEncoder | None:
        """Return a new encoder with the codes of the signal's categories, or None if it is not categorical."""
        if self.kind != "category":
            return None
        categories = CategoryEncoder()
        categories.restore(self.names)
        return categories


class Recording(NamedTuple):
    """The recorded signals of one version of one model.

    Attributes:
        key: The model and version.
        events: The number of predictions.
        labels: The number of outcomes.
        features: The names of all features, including those of which no signal was kept.
        signals: The signals that were kept.
        ts: The first and last event time in seconds; None if events have no times.
        is_cut: True if the files contain more predictions than were read.
        others: The number of other versions and models, which were left out.
        rejected: The number of records that could not be read, by reason.
        left_out: The names of the signals that were left out: the errors of rare classes.
        backward: The number of predictions with an earlier event time than the one before them.
    """

    key: ModelVersion
    events: int
    labels: int
    features: Sequence[str]
    signals: Sequence[Signal]
    ts: tuple[float, float] | None
    is_cut: bool = False
    others: int = 0
    rejected: Counter[Reason] = Counter()  # noqa: RUF012
    left_out: Sequence[str] = ()
    backward: int = 0

    @property
    def rate(self) -> float | None:
        """The number of events per second; None if it is not known."""
        span = self.ts[1] - self.ts[0] if self.ts else 0.0
        return (self.events - 1) / span if span > 0 else None

    @property
    def kept(self) -> list[str]:
        """The names of the features of which signals were kept, sorted."""
        return sorted({signal.feature for signal in self.signals} - {""})


class Gatherer:
    """An observer that stores the columns of a fleet's signals.

    Args:
        max_features: The maximum number of features; they are sampled from those of the first batch.
        seed: The seed of the sample.
    """

    def __init__(self, max_features: int, seed: int) -> None:
        self._max_features, self._seed = max_features, seed
        #: By version, name and kind: a feature may have been monitored both as numbers and as categories.
        self._parts: dict[tuple[ModelVersion, str, ColumnKind], list[Column]] = {}
        self._signals: dict[tuple[ModelVersion, str, ColumnKind], ObservedSignal] = {}
        self._chosen: set[str] | None = None
        self._left_out: set[tuple[ModelVersion, str]] = set()

    def on_signal(self, signal: ObservedSignal, column: Column) -> None:
        """Store a signal's next values, unless its feature was not sampled; the errors of single classes never."""
        if signal.name.startswith((CLASS_ERROR, GAP)):
            self._left_out.add((signal.key, signal.name))
            return
        prefix, _, feature = signal.name.partition(":")
        if prefix in _FEATURE and self._chosen is not None and feature not in self._chosen:
            if len(self._chosen) >= self._max_features:
                return
            self._chosen.add(feature)
        key = signal.key, signal.name, signal.kind
        self._parts.setdefault(key, []).append(column)
        self._signals[key] = signal

    def on_performance(self, key: ModelVersion, performance: Performance, at: int) -> None:
        """Ignore the performance."""

    def left_out(self, version: ModelVersion) -> list[str]:
        """Return the names of a version's signals that are not stored, sorted."""
        return sorted(name for key, name in self._left_out if key == version)

    def choose(self) -> None:
        """Sample the features after the first batch, and drop the columns of all others."""
        if self._chosen is not None:
            return
        known = sorted({name.partition(":")[2] for _, name, _ in self._parts if name.partition(":")[0] in _FEATURE})
        if len(known) > self._max_features:
            known = np.random.default_rng(self._seed).choice(known, self._max_features, replace=False).tolist()
        self._chosen = set(known)
        self._parts = {
            key: parts
            for key, parts in self._parts.items()
            if key[1].partition(":")[0] not in _FEATURE or key[1].partition(":")[2] in self._chosen
        }

    def signals(self, version: ModelVersion, end: int) -> Iterator[Signal]:
        """Yield a version's signals up to a position, and release their memory."""
        common: Column | None = None
        for key in [key for key in self._parts if key[0] == version]:
            column = _up_to(Column.join(self._parts.pop(key)), end)
            if common is None or (len(column.index) > len(common.index)):
                common = column
            elif np.array_equal(column.index, common.index):
                # Most signals have a value at every position, and can share one array of positions.
                column = Column(column.values, common.index, common.ts)
            categories = self._signals[key].categories
            yield Signal(key[1], key[2], column, tuple(categories.state()) if categories else ())


def recording(fleet: Fleet, gatherer: Gatherer, end: int, *, is_cut: bool, rejected: Counter[Reason]) -> Recording:
    """Return the recording of the model version with the most predictions.

    Args:
        fleet: The fleet that read the files.
        gatherer: The observer of the fleet.
        end: The position before which values are kept.
        is_cut: True if the files contain more predictions than were read.
        rejected: The number of records that could not be read, by reason.

    Raises:
        ConfigError: There is no prediction.
    """
    if not fleet.monitors:
        why = rejects(rejected) or "there is no record"
        raise ConfigError(f"no prediction could be read: {why}; --field maps columns, such as --field id=COLUMN")
    monitor = max(fleet.monitors.values(), key=lambda each: each.predictions)
    found: dict[str, Signal] = {}
    for signal in gatherer.signals(monitor.key, end):
        known = found.get(signal.name)
        if known is None or len(known.column.values) < len(signal.column.values):
            found[signal.name] = signal
    spreads = [
        Signal(f"spread:{signal.feature}", "number", signal.column)
        for signal in found.values()
        if signal.name.startswith("feature:") and signal.kind == "number"
    ]
    events = len(found["prediction"].column.values) if "prediction" in found else 0
    return Recording(
        monitor.key,
        events,
        len(found["error"].column.values) if "error" in found else 0,
        tuple(sorted(monitor.features)),
        sorted([*found.values(), *spreads], key=lambda signal: signal.name),
        _times(found["prediction"].column) if events else None,
        is_cut,
        len(fleet.monitors) - 1,
        rejected,
        gatherer.left_out(monitor.key),
    )


def rejects(rejected: Counter[Reason]) -> str:
    """Return a message on the records that could not be read; empty if there is none.

    >>> rejects(Counter({Reason.NOT_OBJECT: 2}))
    '2 records were rejected (not_object)'
    """
    count, reasons = rejected.total(), ", ".join(reason.value for reason, times in rejected.items() if times)
    return f"{count:,} record{'s were' if count > 1 else ' was'} rejected ({reasons})" if count else ""


def _up_to(column: Column, end: int) -> Column:
    keep = column.index < end
    return column if keep.all() else Column(column.values[keep], column.index[keep], column.ts[keep])


def _times(column: Column) -> tuple[float, float] | None:
    known = column.ts[np.isfinite(column.ts)]
    return (float(known.min()), float(known.max())) if len(known) else None
