"""The latch of a signal's alarm: set by a detection, reset when the signal is back or after a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from stream_monitor.core.arrays import Floats
from stream_monitor.core.events import Detection
from stream_monitor.drift.detection import MEAN_WINDOW, Alarm
from stream_monitor.monitors.signal_reference import SignalReference
from stream_monitor.signals.columns import Column

#: Number of values between two checks of whether a latched alarm is over.
CHECK_INTERVAL = 500


class AlarmLatch:
    """Holds an alarm until the signal is near its reference again, or for a set time.

    Args:
        rearm_after: Seconds of event time after which an alarm is over in any case.
        reference: The reference of the signal.
    """

    def __init__(self, rearm_after: float, reference: SignalReference) -> None:
        self._rearm_after, self._reference = rearm_after, reference
        #: Event time of the detection that is latched; NaN where it has none, None while there is no alarm.
        self.active_since: float | None = None
        #: Position and time of the value at which the signal was near its reference again, until the next alarm.
        self.back: tuple[int, float] | None = None
        #: Called with position and time of that value, and the time of the alarm; None: nobody is told.
        self.on_back: Callable[[int, float, float], None] | None = None
        #: Number of values of the signal before that detection.
        self._active_from = 0
        #: Levels before and after the first drift away from the reference, and the category whose shares they are.
        self._drifted: tuple[float, float, str | None] | None = None

    def update(
        self, column: Column, history: Floats, begin: int, alarms: Sequence[Alarm], autocorrelation_time: float
    ) -> None:
        """Take the next values, with the alarms raised in them.

        Args:
            column: The values.
            history: The newest values of the signal up to the end of ``column``, shape (n,).
            begin: Number of values of the signal before ``column``.
            alarms: The alarms raised in ``column``.
            autocorrelation_time: The integrated autocorrelation time of the signal, in values.
        """
        older = len(history) - len(column.values)
        for row, one in _steps(begin, len(column.values), alarms):
            if one is not None:
                self.active_since, self._active_from, self.back = float(column.ts[row]), begin + row, None
                self._note_drift(one)
            elif self.active_since is not None:
                place = int(column.index[row - 1]), float(column.ts[row - 1])
                self._check(place, begin + row, history[: older + row], autocorrelation_time)

    def _note_drift(self, one: Detection) -> None:
        """Remember the first drift away from the reference: distances may be too coarse to show it."""
        usual = self._reference.usual_level(one.category)
        if self._drifted is None and usual is not None and abs(one.after - usual) > abs(one.before - usual):
            self._drifted = one.before, one.after, one.category

    def _check(self, place: tuple[int, float], count: int, history: Floats, autocorrelation_time: float) -> None:
        assert self.active_since is not None
        is_back = count - self._active_from >= MEAN_WINDOW and self._is_back(
            history[-MEAN_WINDOW:], autocorrelation_time
        )
        if is_back:
            self.back = place
            if self.on_back:
                self.on_back(*place, self.active_since)
        if is_back or place[1] - self.active_since >= self._rearm_after:
            self.active_since = self._drifted = None

    def _is_back(self, window: Floats, autocorrelation_time: float) -> bool:
        """Return whether the newest values are near the reference, and nearer to the old level than the new one."""
        if self._reference.distribution is None:
            return False
        if self._drifted:
            before, after, category = self._drifted
            level = self._reference.level(window, category)
            if abs(level - before) > abs(level - after):
                return False
        distances = self._reference.comparison(window, autocorrelation_time).distances()
        return all(each.value <= each.threshold for each in distances.values())

    def state(self) -> list[Any]:
        """Return the state as JSON values."""
        return [self.active_since, self._active_from, self._drifted, self.back]

    def restore(self, state: Sequence[Any]) -> None:
        """Load what `state` returned."""
        self.active_since, self._active_from, drifted, back = state
        self.back = (back[0], back[1]) if back else None
        self._drifted = (drifted[0], drifted[1], drifted[2]) if drifted else None


#: The state of a latch without an alarm.
NO_ALARM = (None, 0, None, None)


def _steps(begin: int, size: int, alarms: Sequence[Alarm]) -> Iterator[tuple[int, Detection | None]]:
    """The rows of a column at which there is something to do: an alarm with its detection, a check with None.

    A check at row r looks at the values before r. Of alarms in one row, the first by its means counts.
    """
    first: dict[int, Detection] = {}
    for alarm in sorted(alarms, key=lambda each: (each.row, each.detection.before, each.detection.after)):
        first.setdefault(alarm.row, alarm.detection)
    at = 0
    for row, one in first.items():
        yield from _checks(begin, at, row)
        yield row, one
        at = row + 1
    yield from _checks(begin, at, size)


def _checks(begin: int, after: int, until: int) -> Iterator[tuple[int, None]]:
    first = CHECK_INTERVAL - (begin + after) % CHECK_INTERVAL + after
    return ((row, None) for row in range(first, until + 1, CHECK_INTERVAL))
