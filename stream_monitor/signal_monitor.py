"""One signal: its scaling, its detectors, its newest values."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from stream_monitor.detectors import Change, DetectorConfig, Floats
from stream_monitor.events import Detection, ModelVersion
from stream_monitor.floats import pack, unpack
from stream_monitor.signals import Column, Scaler, mean, mean_since_change

logger = logging.getLogger(__name__)

#: Newest values of a signal that its exported mean is taken over.
MEAN_WINDOW = 1000


@dataclass
class DriftSummary:
    """What is known of one detector on one signal."""

    count: int = 0
    last_ts: float | None = None
    before: float = float("nan")
    after: float = float("nan")

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> DriftSummary:
        """As saved; JSON has null for NaN."""
        means = {name: float("nan") if state[name] is None else state[name] for name in ("before", "after")}
        return cls(state["count"], state["last_ts"], **means)


class SignalMonitor:
    """One signal: its scaling, its detectors, and its newest values."""

    def __init__(self, key: ModelVersion, name: str, configs: dict[str, DetectorConfig], warmup: int) -> None:
        self._key = key
        self._name = name
        self._scaler = Scaler(warmup)
        self._configs = configs
        self._detectors = {kind: config.make() for kind, config in configs.items()}
        self.drifts = {kind: DriftSummary() for kind in configs}
        self._recent = np.empty(0)

    def update(self, column: Column) -> list[Detection]:
        """Feed the next finite values; give the drifts found in them."""
        if not len(column.values):
            return []
        history = np.concatenate((self._recent, column.values))
        scaled = self._scaler.scale(column) if self._detectors else column.cut(len(column.values))
        # What the scaler holds back may yet turn out to hold a drift, whose means are then taken.
        self._recent = history[-(MEAN_WINDOW + self._scaler.held_count) :]
        if not len(scaled.values):
            return []
        return [
            self._detection(kind, scaled, change, history)
            for kind, detector in self._detectors.items()
            for change in detector.update_many(scaled.values)
        ]

    @property
    def mean(self) -> float:
        """Mean of the newest values, in the signal's own unit; NaN before the first."""
        return mean(self._recent[-MEAN_WINDOW:])

    def state(self) -> dict[str, Any]:
        return {
            "scaler": self._scaler.state(),
            "recent": pack(self._recent),
            "drifts": {kind: asdict(drift) for kind, drift in self.drifts.items()},
            "detectors": {
                kind: {"config": self._configs[kind].model_dump(), "state": detector.state()}
                for kind, detector in self._detectors.items()
            },
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state; a detector whose parameters have changed starts anew."""
        self._scaler.restore(state["scaler"])
        self._recent = unpack(state["recent"])
        for kind, detector in self._detectors.items():
            saved = state["detectors"].get(kind)
            if kind in state["drifts"]:
                self.drifts[kind] = DriftSummary.restored(state["drifts"][kind])
            if saved and saved["config"] == self._configs[kind].model_dump():
                detector.restore(saved["state"])
            else:
                logger.warning(
                    "%s on %s of %s/%s starts anew: it is new or was changed", kind, self._name, *self._key
                )

    def _detection(self, kind: str, column: Column, change: Change, history: Floats) -> Detection:
        at = change.index
        ts = None if np.isnan(column.ts[at]) else float(column.ts[at])
        before, after = self._scaler.unscale(change.before), self._scaler.unscale(change.after)
        until = len(history) - (len(column.values) - 1 - at)
        after = mean_since_change(history[max(until - MEAN_WINDOW, 0) : max(until, 0)], before, after)
        drift = self.drifts[kind]
        drift.count += 1
        drift.last_ts, drift.before, drift.after = ts, before, after
        return Detection(int(column.index[at]), ts, *self._key, self._name, kind, before, after)
