"""A signal of the recording as a candidate watches it: the path that `run` takes, of one signal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson

from stream_monitor.core.events import Detection
from stream_monitor.detectors.spec import select
from stream_monitor.drift.budget import Budget
from stream_monitor.monitors.signal import SignalContext, SignalMonitor, is_readable
from stream_monitor.profiles.profile import Profile
from stream_monitor.signals.columns import Column
from stream_monitor.signals.spread import Spread, warmup_of
from stream_monitor.tuning.candidates import Candidate
from stream_monitor.tuning.recording import Recording, Signal

#: Values that are fed at once: what `glr` works out for one place then serves all candidates.
CHUNK = 4000


class Watcher:
    """Watches one signal as a candidate would; ``run_length``: values between the false alarms of each detector."""

    def __init__(
        self, recording: Recording, signal: Signal, candidate: Candidate, run_length: float, profile: Profile | None
    ) -> None:
        self._spread = Spread() if signal.is_spread else None
        self._monitor = SignalMonitor(
            recording.key,
            signal.name,
            signal.kind,
            select([candidate.spec], signal.name),
            SignalContext(
                warmup_of(signal.name, candidate.warmup),
                # An alarm that stays up costs a distance every now and then, and changes no detection.
                0.0,
                candidate.season,
                profile.autocorrelation_time(signal.name) if profile else 1.0,
            ),
            run_length,
            profile.reference(signal.name) if profile else None,
            signal.categories(),
        )

    def feed(self, column: Column) -> list[Detection]:
        """The signal's next values, of a spread those of its feature; the detections in them."""
        return self._monitor.update(self._spread.column(column) if self._spread else column)

    def saved(self) -> bytes:
        """The state, as a checkpoint has it."""
        spread = self._spread.state() if self._spread else None
        return orjson.dumps({"signal": self._monitor.state(), "spread": spread}, default=list)

    def resume(self, state: bytes) -> Watcher:
        """Go on from a state; itself again."""
        saved = orjson.loads(state)
        self._monitor.restore(saved["signal"])
        if self._spread:
            self._spread.restore(saved["spread"])
        return self


def run_lengths(recording: Recording, candidate: Candidate) -> dict[str, float]:
    """Each signal's part of the candidate's budget; features that are not looked at have theirs, too."""
    budget = Budget([candidate.spec], candidate.events)
    return budget.run_lengths([signal.name for signal in recording.signals], recording.features)


def is_watched(signal: Signal, candidate: Candidate) -> bool:
    """Whether the candidate has a detector on this signal."""
    configs = select([candidate.spec], signal.name).values()
    return any(is_readable(config, signal.kind) for config in configs)


def feed_all(watchers: Sequence[Watcher], column: Column) -> list[list[Detection]]:
    """What each of them finds in the next values."""
    found: list[list[Detection]] = [[] for _ in watchers]
    for part in pieces(column, range(CHUNK, len(column.values), CHUNK)):
        for detections, watcher in zip(found, watchers, strict=True):
            detections += watcher.feed(part)
    return found


def pieces(column: Column, places: Sequence[int]) -> Iterator[Column]:
    """The column, cut at these places."""
    for begin, end in zip([0, *places], [*places, len(column.values)], strict=True):
        yield column.cut(begin).until(end - begin)
