"""The signals of one model version: each is made when its first value comes, and has its part of the budget."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from stream_monitor.core.arrays import ColumnKind
from stream_monitor.core.events import ModelVersion
from stream_monitor.detectors.spec import SIGNAL_PREFIXES, SIGNALS, select
from stream_monitor.drift.budget import Budget
from stream_monitor.monitors.observer import Observer
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal import SignalContext, SignalMonitor
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.signals.spread import warmup_of


class SignalSet:
    """What watches the signals of one model version, by name."""

    def __init__(self, key: ModelVersion, settings: MonitorSettings, observer: Observer | None = None) -> None:
        self.key, self.settings, self._observer = key, settings, observer
        self.by_name: dict[str, SignalMonitor] = {}
        self._budget = Budget(settings.specs, 1.0)
        self._run_lengths: Mapping[str, float] = {}
        self.share_out(settings.run_length, ())

    def share_out(self, run_length: float, features: Collection[str]) -> None:
        """Tell each its part of the budget; ``run_length``: predictions between two false alarms of the model."""
        names = [*SIGNALS, *(f"{prefix}{feature}" for feature in features for prefix in SIGNAL_PREFIXES)]
        parts = self._budget.run_lengths(names, features)
        self._run_lengths = {name: part * run_length for name, part in parts.items()}
        for name, signal in self.by_name.items():
            signal.allow(self._run_lengths[name])

    def get(self, name: str, kind: ColumnKind) -> SignalMonitor:
        """The monitor of a signal, made if there is none."""
        if name not in self.by_name:
            self.by_name[name] = self.make(name, kind)
        return self.by_name[name]

    def put(self, name: str, signal: SignalMonitor) -> None:
        """Let this one watch a signal, with the part of the budget that it has now."""
        self.by_name[name] = signal
        signal.allow(self._run_lengths[name])

    def restore(self, name: str, kind: ColumnKind, state: Mapping[str, Any]) -> None:
        """Take up the state of a signal, with the part of the budget that it has now."""
        signal = self.get(name, kind)
        signal.restore(state)
        self.put(name, signal)

    def drop(self, name: str) -> None:
        """Watch a signal no more, if it was."""
        self.by_name.pop(name, None)

    def make(self, name: str, kind: ColumnKind) -> SignalMonitor:
        """A monitor of a signal, which is not yet among the others."""
        settings, profile = self.settings, self.settings.profile
        terms = SignalContext(
            warmup_of(name, settings.warmup),
            settings.rearm_after,
            settings.seasonality,
            profile.autocorrelation_time(name) if profile else 1.0,
        )
        return SignalMonitor(
            self.key,
            name,
            kind,
            select(settings.specs, name),
            terms,
            self._run_lengths[name],
            profile.reference(name) if profile else None,
            CategoryEncoder() if kind == "category" else None,
            self._observer.take_signal if self._observer else None,
        )
