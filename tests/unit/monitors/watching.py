"""A signal with the default detector, fed in parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from stream_monitor.core.arrays import ColumnKind
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.detectors import KINDS
from stream_monitor.monitors.signal import SignalContext, SignalMonitor
from stream_monitor.signals.columns import Column
from stream_monitor.signals.encoder import CategoryEncoder

KEY = ModelVersion("m", "1")
COUNT = 100_000


def watch(
    values: Any, kind: ColumnKind = "number", run_length: float = 100_000.0, season: tuple[float, ...] = ()
) -> tuple[SignalMonitor, list[Detection]]:
    """Feed values, a second apart, to a signal with the default detector; return the signal and its detections."""
    categories = CategoryEncoder() if kind == "category" else None
    signal = SignalMonitor(
        KEY, "feature:x", kind, {"glr": KINDS["glr"]()}, SignalContext(season=season), run_length, None, categories
    )
    column = categories.column(values) if categories else np.asarray(values, dtype=float)
    found: list[Detection] = []
    for start in range(0, len(column), 2000):
        index = np.arange(start, min(start + 2000, len(column)))
        found += signal.update(Column(column[index], index, index.astype(float)))
    return signal, found


def autoregression(rng: np.random.Generator, phi: float) -> Any:
    """Return `COUNT` values of a first-order autoregression with this parameter."""
    noise, values = rng.normal(size=COUNT), np.empty(COUNT)
    last = 0.0
    for at, step in enumerate(noise.tolist()):
        last = phi * last + step
        values[at] = last
    return values
