"""The signals of a model's own output: its predictions, their scores and their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import ColumnKind, Floats, Ints
from stream_monitor.core.event_batch import PredictionBatch
from stream_monitor.core.events import Target
from stream_monitor.core.signal_names import SIGNALS
from stream_monitor.core.violations import Violations
from stream_monitor.monitors.class_errors import ClassErrors
from stream_monitor.monitors.gap_signals import GapSignals
from stream_monitor.monitors.joined_blocks import NO_SIGNALS, Source
from stream_monitor.monitors.signal_set import SignalSet
from stream_monitor.performance.fairness import GroupOutcomes
from stream_monitor.performance.realized import Errors
from stream_monitor.signals.columns import number_column
from stream_monitor.signals.matrix import SignalMatrix


class OutputSignals:
    """Turns outputs, outcomes and violations into signals, those of rare classes and of gaps between groups too."""

    def __init__(self, signals: SignalSet) -> None:
        self._signals = signals
        self._is_regression = signals.settings.task == "regression"
        self._class_errors, self._gaps = ClassErrors(signals), GapSignals(signals)

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

    def invalid(self, violations: Violations | None, index: Ints, ts: Floats) -> Source:
        """Return ``invalid`` and its next values; nothing without an input contract."""
        return self._source("invalid", violations.is_invalid(), index, ts) if violations else NO_SIGNALS

    def errors(self, errors: Floats, index: Ints, ts: Floats) -> Source:
        """Return ``error`` and its next values; all have shape (n,)."""
        return self._source("error", errors, index, ts)

    def errors_of_outcomes(
        self, errors: Errors, class_names: Sequence[str], groups: GroupOutcomes | None, index: Ints, ts: Floats
    ) -> Source:
        """Return ``error``, that of each rare class and the gaps between groups, with their next values.

        Args:
            errors: The errors of n outcomes.
            class_names: The names of the classes by code.
            groups: The groups of the outcomes, None if none are compared.
            index: The positions of their predictions in the stream, shape (n,).
            ts: The times of these, shape (n,).
        """
        classes = errors.classes
        of_classes = None if classes is None else self._class_errors.take(errors.values, classes, class_names)
        of_gaps = None if groups is None else self._gaps.take(groups)
        parts = [part for part in (of_classes, of_gaps) if part is not None and len(part[0])]
        if not parts:
            return self.errors(errors.values, index, ts)
        is_there = np.concatenate([np.ones((len(index), 1), bool), *(part[2] for part in parts)], axis=1)
        columns = np.concatenate([errors.values[:, None], *(part[1] for part in parts)], axis=1)
        matrix = SignalMatrix.of_finite(columns, is_there, index, ts)
        signals = (signal for part in parts for signal in part[0])
        return Source((self._signals.get("error", self._kind("error")), *signals), matrix)

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
        if name == "invalid":
            return "share"
        if self._is_regression or name == "score":
            return "number"
        return "share" if name == "error" else "category"

    def state(self) -> dict[str, Any]:
        by_name = self._signals.by_name
        outputs = {name: by_name[name].state() for name in SIGNALS if name in by_name}
        return {"signals": outputs, "class_errors": self._class_errors.state(), "gaps": self._gaps.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        for name, saved in state["signals"].items():
            self._signals.restore(name, self._kind(name), saved)
        self._class_errors.restore(state["class_errors"])
        self._gaps.restore(state["gaps"])
