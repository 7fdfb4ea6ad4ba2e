"""One signal of the recording, watched by a candidate in the way that `run` does it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson

from stream_monitor.core.events import Detection
from stream_monitor.detectors.spec import select
from stream_monitor.drift.budget import Budget
from stream_monitor.drift.detection import Alarm
from stream_monitor.monitors.settings import MonitorSettings
from stream_monitor.monitors.signal_detectors import is_readable
from stream_monitor.monitors.signal_set import make_signal_monitor
from stream_monitor.profiles.profile import Profile
from stream_monitor.signals.columns import Column
from stream_monitor.signals.spread import SPREAD_OF, Spread
from stream_monitor.tuning.candidates import Candidate
from stream_monitor.tuning.recording import Recording, Signal

#: Number of values that are fed at once: the grid that `glr` computes for one position then serves all candidates.
CHUNK = 4000


class Watcher:
    """Watches one signal of the recording with a candidate's settings.

    Args:
        recording: The recording.
        signal: The signal.
        candidate: The candidate.
        run_length: Mean number of values between two false alarms of each detector.
        profile: The profile, None without one.
        min_effect: Smallest effect size of a change that is told; 0: all are.
    """

    def __init__(
        self,
        recording: Recording,
        signal: Signal,
        candidate: Candidate,
        run_length: float,
        profile: Profile | None,
        min_effect: float = 0.1,
    ) -> None:
        self._spread = Spread() if signal.is_spread else None
        settings = MonitorSettings(
            specs=[candidate.spec],
            warmup=candidate.warmup,
            seasonality=candidate.season,
            # A latched alarm costs a distance every now and then, and changes no detection.
            rearm_after=0.0,
            profile=profile,
            min_effect=min_effect,
        )
        self._monitor = make_signal_monitor(
            recording.key, signal.name, signal.kind, settings, run_length, categories=signal.categories()
        )

    def feed(self, column: Column) -> list[Alarm]:
        """Feed the signal's next values, for a spread those of its feature; return the alarms with their rows."""
        if self._spread is None:
            return self._alarms(column)
        first = self._spread.first
        alarms = self._alarms(self._spread.column(column))
        return [alarm._replace(row=first + SPREAD_OF * alarm.row) for alarm in alarms]

    def _alarms(self, column: Column) -> list[Alarm]:
        """Feed the signal's next values; return the alarms, without the changes that are too small to matter."""
        return [alarm for alarm in self._monitor.update_with_rows(column) if not alarm.detection.is_small]

    def saved(self) -> bytes:
        """Return the state, in the form that a checkpoint has it."""
        spread = self._spread.state() if self._spread else None
        return orjson.dumps({"signal": self._monitor.state(), "spread": spread}, default=list)

    def resume(self, state: bytes) -> Watcher:
        """Load what `saved` returned; return the watcher itself."""
        saved = orjson.loads(state)
        self._monitor.restore(saved["signal"])
        if self._spread:
            self._spread.restore(saved["spread"])
        return self


def run_lengths(recording: Recording, candidate: Candidate) -> dict[str, float]:
    """Return each signal's part of the candidate's budget; features left out of the recording have theirs, too."""
    names = [signal.name for signal in recording.signals]
    return Budget([candidate.spec], candidate.events, "invalid" in names).run_lengths(names, recording.features)


def is_watched(signal: Signal, candidate: Candidate) -> bool:
    """Return whether the candidate has a detector on this signal."""
    configs = select([candidate.spec], signal.name).values()
    return any(is_readable(config, signal.kind) for config in configs)


def feed_all(watchers: Sequence[Watcher], column: Column) -> list[list[Detection]]:
    """Feed the next values to each watcher; return the detections of each."""
    found: list[list[Detection]] = [[] for _ in watchers]
    for part in pieces(column, range(CHUNK, len(column.values), CHUNK)):
        for detections, watcher in zip(found, watchers, strict=True):
            detections += [alarm.detection for alarm in watcher.feed(part)]
    return found


def pieces(column: Column, places: Sequence[int]) -> Iterator[Column]:
    """Yield the column, cut at these rows."""
    for begin, end in zip([0, *places], [*places, len(column.values)], strict=True):
        yield column.cut(begin).until(end - begin)
