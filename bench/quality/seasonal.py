"""False alarms on streams with a season, as parts of a whole model's promise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import measures
from ours import KEY
from program import Floats
from seasonal_streams import STREAMS, Seasonal
from streams import generator

from stream_monitor.config.units import parse_seasonality
from stream_monitor.core.events import Detection
from stream_monitor.detectors.spec import DEFAULT_SPECS
from stream_monitor.drift.budget import Budget
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal_set import make_signal_monitor
from stream_monitor.signals.columns import Column
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.signals.spread import SPREAD_OF, Spread

#: The model whose promise is looked at: where the stream is one of a feature, all of its features are such streams.
FEATURES, RUN_LENGTH = 20, 20_000
#: Events a day, days of a stream, events of a batch, and the number of streams.
PER_DAY, DAYS, BATCH = 1_000, 84.0, 2_000
PIECES = {"full": 40, "short": 1}
Reading = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A stream with the seasonality that is taken out of it.

    Attributes:
        stream: Its name.
        seasonality: The value of ``--seasonality``.
        max_multiple: The gate: false alarms at most, as a multiple of those promised.
        earlier: The multiple with hourly means of normal scores and without seasons of shares; None: not measured.
    """

    stream: str
    seasonality: str
    max_multiple: float
    earlier: float | None = None

    @property
    def name(self) -> str:
        """The stream and the seasonality."""
        return f"{self.stream}, {self.seasonality}"

    @property
    def source(self) -> Seasonal:
        """The stream."""
        return next(each for each in STREAMS if each.name == self.stream)


CASES = (
    Case("daily mean", "24h", 2.0, 2.3),
    Case("daily mean", "auto", 3.0, 86.0),
    Case("daily variance", "24h", 2.0, 14.0),
    Case("daily error", "24h", 2.0, 28.0),
    Case("daily missing", "24h", 2.0, 504.0),
    Case("daily category", "24h", 2.0, 553.0),
    Case("weekend step", "7d", 3.0, 4.0),
    Case("weekend step", "auto", 3.0, 273.0),
    Case("weekend step and daily mean", "24h,7d", 3.0),
    Case("weekend step and daily mean", "auto", 3.0),
)


class Watched:
    """The monitors of one stream: of its signal, and of its spread if it is a numeric feature."""

    def __init__(self, case: Case) -> None:
        stream = case.source
        settings = MonitorSettings(seasonality=parse_seasonality(case.seasonality))
        self._categories = CategoryEncoder() if stream.kind == "category" else None
        self._spread = Spread() if stream.kind == "number" else None
        self._signals = [
            make_signal_monitor(KEY, name, stream.kind, settings, length, categories=self._categories)
            for name, length in _run_lengths(stream).items()
        ]

    def update(self, column: Column) -> list[Detection]:
        """Return the detections in the next values."""
        if self._categories:
            column = column._replace(values=self._codes(column.values))
        columns = [column, self._spread.column(column)] if self._spread else [column]
        return [one for signal, each in zip(self._signals, columns, strict=True) for one in signal.update(each)]

    def _codes(self, values: Floats) -> Floats:
        assert self._categories
        return self._categories.column([f"c{int(value)}" for value in values])


def seasonal_alarms(case: Case, form: str) -> Reading:
    """Count the detections in streams whose season goes on, and how many of them are told."""
    found: list[Detection] = []
    for piece in range(PIECES[form]):
        watched = Watched(case)
        column = case.source.column(generator(case.name, piece), DAYS, PER_DAY)
        for begin in range(0, len(column.values), BATCH):
            found += watched.update(Column(*(each[begin : begin + BATCH] for each in column)))
    events = PIECES[form] * round(DAYS * PER_DAY)
    return {"events": events, "alarms": len(found), "told": sum(not one.is_small for one in found)}


def seasonal_multiple(case: Case, events: int, alarms: int) -> tuple[float, float, float]:
    """Return the false alarms of the whole model as a multiple of the promise, and its exact 95 % interval.

    Args:
        case: The case.
        events: The number of events of all streams.
        alarms: The number of alarms in them.
    """
    stream = case.source
    alike = FEATURES if stream.signal.endswith(":x") else 1
    part = sum(
        1.0 / (length * (SPREAD_OF if name.startswith("spread:") else 1))
        for name, length in _run_lengths(stream).items()
    )
    rest, promised = 1.0 - alike * RUN_LENGTH * part, events / alike / RUN_LENGTH
    low, high = measures.poisson_interval(alarms)
    return alarms / promised + rest, low / promised + rest, high / promised + rest


def _run_lengths(stream: Seasonal) -> dict[str, float]:
    """Return the run length of each signal of a stream, in values of the signal."""
    features = ["x", *(f"f{number}" for number in range(1, FEATURES))]
    names = [stream.signal, "spread:x"] if stream.kind == "number" else [stream.signal]
    return Budget(DEFAULT_SPECS, float(RUN_LENGTH)).run_lengths(names, features)
