"""A recording as the columns of its signals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import ColumnKind
from stream_monitor.core.errors import ConfigError, Reason
from stream_monitor.core.events import ModelVersion
from stream_monitor.monitors.fleet import Fleet
from stream_monitor.monitors.observer import ObservedSignal
from stream_monitor.performance.realized import Performance
from stream_monitor.signals.columns import Column
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.signals.spread import Spread

_FEATURE = ("feature", "missing", "spread")


class Signal(NamedTuple):
    """One signal of the recording. Of a spread, ``column`` holds the feature itself: its spread is taken of that.

    ``names``: those of the categories, by their codes.
    """

    name: str
    kind: ColumnKind
    column: Column
    names: tuple[str, ...] = ()

    @property
    def is_spread(self) -> bool:
        return self.name.startswith("spread:")

    @property
    def fed(self) -> Column:
        """What its detectors see."""
        return Spread().column(self.column) if self.is_spread else self.column

    @property
    def feature(self) -> str:
        """The feature's name; empty where it belongs to none."""
        prefix, _, name = self.name.partition(":")
        return name if prefix in _FEATURE else ""

    def categories(self) -> CategoryEncoder | None:
        """The codes of its categories, None where it has none; new each time, for they grow."""
        if self.kind != "category":
            return None
        categories = CategoryEncoder()
        categories.restore(self.names)
        return categories


class Recording(NamedTuple):
    """The columns of one version of one model. ``features``: all their names, of which those in ``signals`` are kept.

    ``ts`` are the first and the last event time, None where events have none. ``is_cut``: the files hold more.
    """

    key: ModelVersion
    events: int
    labels: int
    features: Sequence[str]
    signals: Sequence[Signal]
    ts: tuple[float, float] | None
    is_cut: bool = False
    #: Versions and models that were left out, and records that could not be read.
    others: int = 0
    rejected: Counter[Reason] = Counter()  # noqa: RUF012

    @property
    def rate(self) -> float | None:
        """Events a second."""
        span = self.ts[1] - self.ts[0] if self.ts else 0.0
        return (self.events - 1) / span if span > 0 else None

    @property
    def kept(self) -> list[str]:
        """The features whose signals are here, by name."""
        return sorted({signal.feature for signal in self.signals} - {""})


class Gatherer:
    """Keeps what a fleet's signals are fed, of so many features at most, drawn from those of the first batch."""

    def __init__(self, most_features: int, seed: int) -> None:
        self._most, self._seed = most_features, seed
        #: By version, name and kind: a feature may have been watched as numbers and as text.
        self._parts: dict[tuple[ModelVersion, str, ColumnKind], list[Column]] = {}
        self._signals: dict[tuple[ModelVersion, str, ColumnKind], ObservedSignal] = {}
        self._chosen: set[str] | None = None

    def on_signal(self, signal: ObservedSignal, column: Column) -> None:
        """Take a signal's next values, or leave them."""
        prefix, _, feature = signal.name.partition(":")
        if prefix in _FEATURE and self._chosen is not None and feature not in self._chosen:
            if len(self._chosen) >= self._most:
                return
            self._chosen.add(feature)
        key = signal.key, signal.name, signal.kind
        self._parts.setdefault(key, []).append(column)
        self._signals[key] = signal

    def on_performance(self, key: ModelVersion, performance: Performance, at: int) -> None:
        """Nothing is asked of it."""

    def choose(self) -> None:
        """After the first batch: from now on these features, and no more than may be."""
        if self._chosen is not None:
            return
        known = sorted({name.partition(":")[2] for _, name, _ in self._parts if name.partition(":")[0] in _FEATURE})
        if len(known) > self._most:
            known = np.random.default_rng(self._seed).choice(known, self._most, replace=False).tolist()
        self._chosen = set(known)
        self._parts = {
            key: parts
            for key, parts in self._parts.items()
            if key[1].partition(":")[0] not in _FEATURE or key[1].partition(":")[2] in self._chosen
        }

    def signals(self, version: ModelVersion, end: int) -> Iterator[Signal]:
        """The version's signals up to a position; parts are let go."""
        common: Column | None = None
        for key in [key for key in self._parts if key[0] == version]:
            column = _up_to(Column.join(self._parts.pop(key)), end)
            if common is None or (len(column.index) > len(common.index)):
                common = column
            elif np.array_equal(column.index, common.index):
                # Most signals have a value at every position: they share the array that says so.
                column = Column(column.values, common.index, common.ts)
            categories = self._signals[key].categories
            yield Signal(key[1], key[2], column, tuple(categories.state()) if categories else ())


def recording(fleet: Fleet, gatherer: Gatherer, end: int, *, is_cut: bool, rejected: Counter[Reason]) -> Recording:
    """What was gathered of the model version with most predictions, up to a position."""
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
    )


def rejects(rejected: Counter[Reason]) -> str:
    """How many records could not be read, and why; empty where all could.

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
