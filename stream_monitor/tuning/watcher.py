"""A signal of the recording as a candidate watches it: the path that `run` takes, of one signal."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from stream_monitor.budget import Budget
from stream_monitor.detectors.spec import select
from stream_monitor.events import Detection
from stream_monitor.profile import Profile
from stream_monitor.signal_monitor import SignalMonitor, SignalTerms, is_readable
from stream_monitor.signals import Column, Spread
from stream_monitor.tuning.candidates import Candidate
from stream_monitor.tuning.recording import Recording, Signal

#: Values that are fed at once.
CHUNK = 10_000


class Watcher:
    """Watches one signal as a candidate would; ``run_length``: values between the false alarms of each detector."""

    def __init__(
        self, recording: Recording, signal: Signal, candidate: Candidate, run_length: float, profile: Profile | None
    ) -> None:
        self._made_of = (recording, signal, candidate, run_length, profile)
        self._spread = Spread() if signal.is_spread else None
        self._monitor = SignalMonitor(
            recording.key,
            signal.name,
            signal.kind,
            select([candidate.spec], signal.name),
            SignalTerms(
                candidate.warmup,
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
        found: list[Detection] = []
        for begin in range(0, len(column.values), CHUNK):
            part = column.cut(begin).until(CHUNK)
            found += self._monitor.update(self._spread.column(part) if self._spread else part)
        return found

    def saved(self) -> bytes:
        """The state, as a checkpoint has it."""
        spread = self._spread.state() if self._spread else None
        return orjson.dumps({"signal": self._monitor.state(), "spread": spread}, default=list)

    def anew(self) -> Watcher:
        """Another one at its beginning."""
        return Watcher(*self._made_of)

    def resumed(self, state: bytes) -> Watcher:
        """Another one in that state."""
        other, saved = Watcher(*self._made_of), orjson.loads(state)
        other._monitor.restore(saved["signal"])
        if other._spread:
            other._spread.restore(saved["spread"])
        return other


def run_lengths(recording: Recording, candidate: Candidate) -> dict[str, float]:
    """Each signal's part of the candidate's budget, which all features share, those that are not looked at as well."""
    budget = Budget([candidate.spec], candidate.events)
    return budget.run_lengths([signal.name for signal in recording.signals], recording.features)


def is_watched(signal: Signal, candidate: Candidate) -> bool:
    """Whether the candidate has a detector on this signal."""
    configs = select([candidate.spec], signal.name).values()
    return any(is_readable(config, signal.kind) for config in configs)


def pieces(column: Column, places: list[int]) -> Iterator[Column]:
    """The column, cut at these places."""
    for begin, end in zip([0, *places], [*places, len(column.values)], strict=True):
        yield column.cut(begin).until(end - begin)
