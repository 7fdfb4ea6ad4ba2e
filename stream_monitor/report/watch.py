"""Where the recorder meets the monitors: the one place that knows how they give their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from stream_monitor.events import Detection, ModelVersion
from stream_monitor.measures.performance import Performance
from stream_monitor.monitor import Fleet, Monitor
from stream_monitor.signal_monitor import SignalMonitor
from stream_monitor.signals import Column


class Observer(Protocol):
    """What sees every column: the `Recorder` of a report, or what gathers a recording."""

    def take(
        self, key: ModelVersion, name: str, column: Column, names: Callable[[int], str] | None = None
    ) -> None: ...

    def take_performance(self, key: ModelVersion, performance: Performance, at: int) -> None: ...

    def wants_distances(self, key: ModelVersion, name: str, at: int) -> bool: ...

    def take_distances(
        self, key: ModelVersion, name: str, distances: Mapping[str, tuple[float, float]], at: int
    ) -> None: ...


def watch(fleet: Fleet, recorder: Observer) -> None:
    """Let the recorder see every column that the fleet's signals are fed, from now on."""
    fleet.monitors = _Monitors(recorder)


def distances(signal: SignalMonitor) -> Mapping[str, tuple[float, float]]:
    """A signal's distances to the reference with their thresholds, by name."""
    return {name: (distance.value, distance.threshold) for name, distance in signal.distances().items()}


def names(signal: SignalMonitor) -> Callable[[int], str] | None:
    """What a signal's codes of categories stand for; None of a signal of numbers."""
    return signal.categories.name if signal.kind == "category" and signal.categories else None


class _Monitors(dict[ModelVersion, Monitor]):
    """Monitors, each of which is watched from the beginning."""

    def __init__(self, recorder: Observer) -> None:
        super().__init__()
        self._recorder = recorder

    def __setitem__(self, key: ModelVersion, monitor: Monitor) -> None:
        monitor.signals = _Signals(self._recorder, monitor)
        monitor._candidates = _Signals(self._recorder, monitor)
        super().__setitem__(key, monitor)


class _Signals(dict[str, SignalMonitor]):
    """Signals of one monitor, each of which shows the recorder what it takes."""

    def __init__(self, recorder: Observer, monitor: Monitor) -> None:
        super().__init__()
        self._recorder, self._monitor = recorder, monitor

    def __setitem__(self, name: str, signal: SignalMonitor) -> None:
        super().__setitem__(name, signal)
        update = signal.update
        if getattr(update, "is_shown", False):
            return

        def shown(column: Column, *rest: Any) -> list[Detection]:
            found = update(column, *rest)
            self._show(signal, column)
            return found

        shown.is_shown = True  # type: ignore[attr-defined]
        signal.update = shown  # type: ignore[method-assign]

    def _show(self, signal: SignalMonitor, column: Column) -> None:
        if not len(column.values):
            return
        key, name, at = self._monitor.key, signal.name, int(column.index[-1])
        self._recorder.take(key, name, column, names(signal))
        if name == "error":
            self._recorder.take_performance(key, self._monitor.performance, at)
        if self._recorder.wants_distances(key, name, at):
            self._recorder.take_distances(key, name, distances(signal), at)
