"""The trial of all candidates on one signal: as recorded, as a surrogate, and with injected changes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np

from stream_monitor.core.events import Detection
from stream_monitor.signals.columns import Column
from stream_monitor.tuning.candidates import Candidate
from stream_monitor.tuning.injection import CHANGES, Injection, Injector, kind_of
from stream_monitor.tuning.recording import Signal
from stream_monitor.tuning.surrogate import Surrogates
from stream_monitor.tuning.watcher import Watcher, feed_all, pieces

#: Number of values that are fed at once after a change; feeding ends with the piece that has its alarm.
STEP = 250
Make = Callable[[Candidate], Watcher]


@dataclass
class Tally:
    """The results of one candidate.

    Attributes:
        candidate: The candidate.
        recorded: The detections in the recording.
        surrogate: Number of false alarms in the surrogates, by signal.
        delays: Delays of the alarms after injected changes, in values of the signal; infinite where missed.
    """

    candidate: Candidate
    recorded: list[Detection] = field(default_factory=list)
    surrogate: Counter[str] = field(default_factory=Counter)
    delays: dict[Injection, list[float]] = field(default_factory=dict)

    @property
    def false_alarms(self) -> int:
        """Number of false alarms in all surrogates."""
        return self.surrogate.total()

    def missed(self, change: Injection) -> float:
        """Return the share of the injections of a change that were not found within the horizon; 0 without any."""
        delays = self.delays.get(change, [])
        return sum(map(math.isinf, delays)) / max(len(delays), 1)


class Trial:
    """The trial of all candidates on one signal.

    Args:
        signal: The signal.
        places: Rows of its column at which changes are injected; empty for none.
        horizon: Number of values after a change in which its alarm counts.
        surrogates: Number of surrogates that false alarms are counted in.
        period: Period of the seasonality that surrogates keep, in seconds; 0 for none.
    """

    def __init__(self, signal: Signal, places: Sequence[int], horizon: int, surrogates: int, period: float) -> None:
        self._signal, self._places, self._horizon = signal, places, horizon
        self._count = surrogates
        self._made = Surrogates(signal.column, signal.kind, period)

    @property
    def block(self) -> float:
        """The mean length of the surrogates' blocks, in values."""
        return self._made.block

    def run(self, make: Make, tallies: Sequence[Tally], others: Sequence[Tally], seed: int) -> None:
        """Feed the signal to all candidates that watch it, and write the results into the tallies.

        Args:
            make: Returns a new watcher of the signal for a candidate.
            tallies: The results of the candidates that watch the signal.
            others: Those of the other candidates, which miss every change.
            seed: Seed of the surrogates and the changes.
        """
        # The spread of a feature is that of the same surrogate.
        name = f"feature:{self._signal.feature}" if self._signal.is_spread else self._signal.name
        rng = np.random.default_rng([seed, crc32(name.encode())])
        found = feed_all([make(tally.candidate) for tally in tallies], self._signal.column)
        for tally, detections in zip(tallies, found, strict=True):
            tally.recorded += detections
        for number in range(self._count):
            surrogate = self._made.draw(rng)
            states = self._watch(make, tallies, surrogate, [] if number else self._places)
            if not number:
                for runs in self._changed(make, tallies, others, surrogate, states, rng):
                    _race(runs, self._horizon)

    def _watch(
        self, make: Make, tallies: Sequence[Tally], surrogate: Column, places: Sequence[int]
    ) -> list[list[bytes]]:
        """Count the false alarms in a surrogate; return the state of each watcher at each place."""
        watchers, states = [make(tally.candidate) for tally in tallies], []
        for number, piece in enumerate(pieces(surrogate, places)):
            for tally, detections in zip(tallies, feed_all(watchers, piece), strict=True):
                tally.surrogate[self._signal.name] += len(detections)
            if number < len(places):
                states.append([watcher.saved() for watcher in watchers])
        return states

    def _changed(
        self,
        make: Make,
        tallies: Sequence[Tally],
        others: Sequence[Tally],
        surrogate: Column,
        states: Sequence[Sequence[bytes]],
        rng: np.random.Generator,
    ) -> Iterator[list[_Run]]:
        """Yield the runs of each place: from the state reached there, with each change that alters the values."""
        injector = Injector(self._signal, surrogate.values, rng)
        for number, (place, at_place) in enumerate(zip(self._places, states, strict=True)):
            rest = surrogate.cut(place).until(self._horizon)
            runs = []
            for change in self._changes:
                part = rest._replace(values=injector.values(change, place, place + self._horizon, number))
                if np.array_equal(part.values, rest.values):
                    continue
                for tally, state in zip(tallies, at_place, strict=True):
                    delays = tally.delays.setdefault(change, [])
                    runs.append(_Run(make(tally.candidate).resume(state), part, delays))
                for tally in others:
                    tally.delays.setdefault(change, []).append(math.inf)
            yield runs

    @property
    def _changes(self) -> list[Injection]:
        return [change for change in CHANGES if change.kind == kind_of(self._signal)]


@dataclass
class _Run:
    """One watcher in front of a changed part of the signal, with the list that its delay is added to."""

    watcher: Watcher
    part: Column
    delays: list[float]
    delay: float = math.inf

    def step(self, begin: int) -> None:
        """Feed the next values; the delay includes the value that raises the alarm."""
        if self.delay < math.inf:
            return
        alarms = self.watcher.feed(self.part.cut(begin).until(STEP))
        if alarms:
            self.delay = begin + min(alarm.row for alarm in alarms) + 1.0


def _race(runs: Sequence[_Run], horizon: int) -> None:
    for begin in range(0, horizon, STEP):
        for run in runs:
            run.step(begin)
    for run in runs:
        run.delays.append(run.delay)
