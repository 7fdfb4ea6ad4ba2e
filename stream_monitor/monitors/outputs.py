"""The signals of a model's own output: its predictions, their scores and their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import ColumnKind, Floats, Ints
from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import Detection, Target
from stream_monitor.detectors.spec import SIGNALS
from stream_monitor.drift.detection import Alarm
from stream_monitor.monitors.joined_blocks import Source
from stream_monitor.monitors.signal_blocks import SignalBlocks
from stream_monitor.monitors.signal_set import SignalSet
from stream_monitor.signals.columns import Column, number_column
from stream_monitor.signals.matrix import SignalMatrix


class OutputSignals:
    """Turns predictions and errors into columns of the signals ``prediction``, ``score`` and ``error``."""

    def __init__(self, signals: SignalSet) -> None:
        self._signals = signals
        self._blocks = {name: SignalBlocks() for name in ("prediction", "error")} if signals.is_side_by_side else {}
        self._is_regression = signals.settings.task == "regression"

    def update(self, batch: PredictionBatch, index: Ints) -> list[Detection]:
        """Update ``prediction``; ``index`` are the positions in the stream, shape (len(batch),)."""
        alarms = self._feed("prediction", self._targets(batch.y_pred), index, batch.ts)
        return [alarm.detection for alarm in alarms]

    def scores(self, batch: PredictionBatch, index: Ints) -> Source:
        """Return the signal ``score``, if there is one, and its next values; ``index`` as for `update`."""
        is_finite = np.isfinite(batch.scores)
        if not is_finite.any():
            return (), SignalMatrix(np.empty((0, 0)), index, batch.ts)
        matrix = SignalMatrix.of_finite(batch.scores[:, None], is_finite[:, None], index, batch.ts)
        return (self._signals.get("score", "number"),), matrix

    def update_errors(self, errors: Floats, index: Ints, ts: Floats) -> list[Alarm]:
        """Update ``error``; all have shape (n,), and an alarm's row is one of these n."""
        return self._feed("error", errors, index, ts)

    def _targets(self, predictions: Sequence[Target]) -> Floats:
        if self._is_regression:
            return number_column(predictions)
        categories = self._signals.get("prediction", "category").categories
        assert categories is not None
        return categories.column(predictions)

    def _feed(self, name: str, values: Floats, index: Ints, ts: Floats) -> list[Alarm]:
        """Feed the finite values to a signal; the rows of its alarms count within all values."""
        column = Column(values, index, ts).finite()
        if name not in self._signals.by_name and not len(column.values):
            return []
        signal = self._signals.get(name, self._kind(name))
        if name in self._blocks:
            matrix = SignalMatrix(column.values[:, None], column.index, column.ts)
            alarms = self._blocks[name].update((signal,), matrix)
        else:
            alarms = signal.update_with_rows(column)
        if not alarms or len(column.values) == len(values):
            return alarms
        rows = np.flatnonzero(np.isfinite(values))
        return [alarm._replace(row=int(rows[alarm.row])) for alarm in alarms]

    def _kind(self, name: str) -> ColumnKind:
        if self._is_regression or name == "score":
            return "number"
        return "share" if name == "error" else "category"

    def state(self) -> dict[str, Any]:
        by_name = self._signals.by_name
        return {name: by_name[name].state() for name in SIGNALS if name in by_name}

    def restore(self, state: Mapping[str, Any]) -> None:
        for name, saved in state.items():
            self._signals.restore(name, self._kind(name), saved)
