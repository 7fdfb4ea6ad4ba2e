"""The signals of a model's own output: its predictions, their scores and their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import ColumnKind, Floats, Ints
from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import Target
from stream_monitor.detectors.spec import SIGNALS
from stream_monitor.monitors.joined_blocks import NO_SIGNALS, Source
from stream_monitor.monitors.signal_set import SignalSet
from stream_monitor.signals.columns import number_column
from stream_monitor.signals.matrix import SignalMatrix


class OutputSignals:
    """Turns predictions, scores and errors into values of the signals ``prediction``, ``score`` and ``error``."""

    def __init__(self, signals: SignalSet) -> None:
        self._signals = signals
        self._is_regression = signals.settings.task == "regression"

    def predictions(self, batch: PredictionBatch, index: Ints) -> Source:
        """Return ``prediction`` and its next values.

        Args:
            batch: The predictions.
            index: Their positions in the stream, shape (len(batch),).
        """
        return self._source("prediction", self._targets(batch.y_pred), index, batch.ts)

    def scores(self, batch: PredictionBatch, index: Ints) -> Source:
        """Return ``score`` and its next values; ``index`` as for `predictions`."""
        return self._source("score", batch.scores, index, batch.ts)

    def errors(self, errors: Floats, index: Ints, ts: Floats) -> Source:
        """Return ``error`` and its next values; all have shape (n,)."""
        return self._source("error", errors, index, ts)

    def _targets(self, predictions: Sequence[Target]) -> Floats:
        if self._is_regression:
            return number_column(predictions)
        categories = self._signals.get("prediction", "category").categories
        assert categories is not None
        return categories.column(predictions)

    def _source(self, name: str, values: Floats, index: Ints, ts: Floats) -> Source:
        """Return a signal and its finite values; it comes with the first of them."""
        is_finite = np.isfinite(values)
        if not is_finite.any():
            return NO_SIGNALS
        matrix = SignalMatrix.of_finite(values[:, None], is_finite[:, None], index, ts)
        return Source((self._signals.get(name, self._kind(name)),), matrix)

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
