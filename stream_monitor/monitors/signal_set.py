"""The signals of one model version, and the factory of their monitors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any

from stream_monitor.actions.recovery import Recovery
from stream_monitor.core.arrays import ColumnKind, optional
from stream_monitor.core.events import ModelVersion
from stream_monitor.core.signal_names import CLASS_ERROR
from stream_monitor.detectors.spec import select
from stream_monitor.drift.budget import MAX_CLASSES, MAX_GAPS, Budget
from stream_monitor.monitors.observer import Observer
from stream_monitor.monitors.season_watch import SeasonWatch
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal import SignalContext, SignalMonitor
from stream_monitor.monitors.training import make_training
from stream_monitor.signals.columns import Column
from stream_monitor.signals.encoder import CategoryEncoder
from stream_monitor.signals.spread import warmup_of


class SignalSet:
    """The monitors of the signals of one model version, each made at its signal's first value.

    Args:
        key: The model version.
        settings: The settings of its monitors.
        observer: Shown what each monitor takes, None for nobody.
    """

    def __init__(self, key: ModelVersion, settings: MonitorSettings, observer: Observer | None = None) -> None:
        self.key, self.settings, self._observer = key, settings, observer
        #: Looks for seasons in signals of which none is taken out; None: nothing does.
        self.watch = SeasonWatch() if settings.looks_for_seasons else None
        self.by_name: dict[str, SignalMonitor] = {}
        #: The signals that are near their references again since somebody has taken them from here.
        self.recoveries: list[Recovery] = []
        #: Monitors of the text of features whose type is not known yet, by the name that they will have.
        self.candidates: dict[str, SignalMonitor] = {}
        has_gaps = bool(settings.fairness.groupings)
        self._budget = Budget(settings.specs, 1.0, settings.contract is not None, has_gaps=has_gaps)
        self._run_length, self._total = settings.run_length, self._budget.total(())
        #: The parts of the errors of classes, and of the gaps between groups, in the budget: the run length in values
        #: of a model of run length 1.
        self._classes: dict[str, float] = {}
        self._gaps = 0

    def share_out(self, run_length: float, features: Iterable[str]) -> None:
        """Set each signal's part of the budget.

        Args:
            run_length: Mean number of predictions between two false alarms of the model.
            features: The names of the features that take part.
        """
        self._run_length, self._total = run_length, self._budget.total(features)
        for name, signal in chain(self.by_name.items(), self.candidates.items()):
            signal.allow(self._allowed(name))

    def _allowed(self, name: str) -> float:
        """Return the mean number of values between two false alarms of each detector of a signal."""
        part = self._classes.get(name)
        return (self._budget.run_length_of(name, self._total) if part is None else part) * self._run_length

    def follow_class(self, signal: str, frequency: float) -> bool:
        """Give the errors of a class their part of the budget; return False if there is none for another class.

        Args:
            signal: The name of the signal.
            frequency: The share of the class among the labels.
        """
        place = sum(name.startswith(CLASS_ERROR) for name in self._classes)
        if place == MAX_CLASSES:
            return False
        self._classes[signal] = self._budget.class_run_length(signal, place, frequency)
        return True

    def follow_gap(self, signals: Sequence[str], frequency: float) -> bool:
        """Give the signals of a value of a group their part of the budget; return False if there is none.

        Args:
            signals: The names of the signals.
            frequency: The number of values of each of them for each prediction.
        """
        if self._gaps == MAX_GAPS:
            return False
        for signal in signals:
            self._classes[signal] = self._budget.gap_run_length(signal, self._gaps, frequency) * len(signals)
        self._gaps += 1
        return True

    def get(self, name: str, kind: ColumnKind) -> SignalMonitor:
        """Return the monitor of a signal; make it if there is none."""
        if name not in self.by_name:
            self.by_name[name] = self._make(name, kind)
        return self.by_name[name]

    def put(self, name: str, signal: SignalMonitor) -> None:
        """Replace the monitor of a signal, and set its part of the budget."""
        if name in self.by_name:
            self.by_name[name].close()
        self.by_name[name] = signal
        signal.allow(self._allowed(name))

    def restore(self, name: str, kind: ColumnKind, state: Mapping[str, Any]) -> None:
        """Load the state of a signal's monitor, and set its part of the budget."""
        self._load(self.get(name, kind), state)

    def candidate(self, name: str) -> SignalMonitor:
        """Return the monitor of the text of a feature whose type is not known yet; make it if there is none."""
        if name not in self.candidates:
            self.candidates[name] = self._make(name, "category")
        return self.candidates[name]

    def restore_candidate(self, name: str, state: Mapping[str, Any]) -> None:
        """Load the state of a `candidate`, and set its part of the budget."""
        self._load(self.candidate(name), state)

    def _load(self, signal: SignalMonitor, state: Mapping[str, Any]) -> None:
        signal.restore(state)
        signal.allow(self._allowed(signal.name))

    def drop(self, name: str) -> None:
        """Remove the monitor of a signal, if there is one."""
        if name in self.by_name:
            self.by_name.pop(name).close()

    @property
    def is_side_by_side(self) -> bool:
        """True if signals may be handled side by side; an observer is shown one after the other."""
        return self.settings.side_by_side and self._observer is None

    def _make(self, name: str, kind: ColumnKind) -> SignalMonitor:
        """Return a new monitor of a signal, without adding it to the others."""
        show = self._observer.on_signal if self._observer else None
        signal = make_signal_monitor(self.key, name, kind, self.settings, self._allowed(name), show=show)
        signal.watch = self.watch
        signal.parts.latch.on_back = partial(self._recover, name)
        return signal

    def _recover(self, name: str, index: int, ts: float, since: float) -> None:
        self.recoveries.append(Recovery(index, optional(ts), *self.key, name, optional(since)))


def make_signal_monitor(
    key: ModelVersion,
    name: str,
    kind: ColumnKind,
    settings: MonitorSettings,
    run_length: float,
    *,
    categories: CategoryEncoder | None = None,
    show: Callable[[SignalMonitor, Column], None] | None = None,
) -> SignalMonitor:
    """Return the monitor of a signal, as the settings have it.

    Args:
        key: The model version.
        name: The signal's name.
        kind: The kind of its values.
        settings: The settings of all monitors: detectors, warm-up, seasonality, profile.
        run_length: Mean number of values between two false alarms of each detector.
        categories: The encoder of its categories; a new one where it is needed and not given.
        show: Called with the monitor and each column after it was taken.
    """
    profile = settings.profile
    context = SignalContext(
        warmup_of(name, settings.warmup),
        settings.rearm_after,
        settings.seasonality,
        profile.autocorrelation_time(name) if profile else 1.0,
        settings.min_effect,
        name.startswith(CLASS_ERROR),
        profile.seasons(name) if profile else {},
    )
    reference = profile.reference(name) if profile else None
    if kind == "category" and categories is None:
        categories = CategoryEncoder()
    configs = select(settings.specs, name)
    training = make_training(profile, name, kind, categories) if profile else None
    return SignalMonitor(key, name, kind, configs, context, run_length, reference, categories, training, show)
