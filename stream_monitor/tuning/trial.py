"""One signal: as recorded, as a surrogate, and with changes in it; all candidates side by side."""

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
from stream_monitor.tuning.injection import CHANGES, Change, Injector, kind_of
from stream_monitor.tuning.recording import Signal
from stream_monitor.tuning.surrogate import Surrogates
from stream_monitor.tuning.watcher import Watcher, feed_all, pieces

#: Values that are fed at once after a change: at its alarm the rest is not.
STEP = 250
Make = Callable[[Candidate], Watcher]


@dataclass
class Tally:
    """What came of one candidate. ``surrogate``: false alarms by signal; ``delays``: in values, inf where missed."""

    candidate: Candidate
    recorded: list[Detection] = field(default_factory=list)
    surrogate: Counter[str] = field(default_factory=Counter)
    delays: dict[Change, list[float]] = field(default_factory=dict)

    @property
    def false_alarms(self) -> int:
        """Over all surrogates."""
        return self.surrogate.total()


class Trial:
    """What every candidate is given of one signal. ``places``: where changes are injected, none to leave it."""

    def __init__(self, signal: Signal, places: Sequence[int], horizon: int, surrogates: int, period: float) -> None:
        self._signal, self._places, self._horizon = signal, places, horizon
        self._count = surrogates
        self._made = Surrogates(signal.column, signal.kind, period)

    @property
    def block(self) -> float:
        """The mean length of the surrogates' blocks."""
        return self._made.block

    def run(self, make: Make, tallies: Sequence[Tally], others: Sequence[Tally], seed: int) -> None:
        """Feed it to all who watch it, by watchers that ``make`` gives; the others would not hear of anything."""
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
        """Count false alarms; the state of each watcher at each place."""
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
        """At each place, from the state that was reached there, each change that changes anything."""
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
    def _changes(self) -> list[Change]:
        return [change for change in CHANGES if change.kind == kind_of(self._signal)]


@dataclass
class _Run:
    """A watcher that has a changed part before it, and where its delay is noted."""

    watcher: Watcher
    part: Column
    delays: list[float]
    delay: float = math.inf

    def step(self, begin: int) -> None:
        """The next values; the delay includes the one at which the alarm is raised."""
        if self.delay < math.inf:
            return
        found = self.watcher.feed(self.part.cut(begin).until(STEP))
        if found:
            raised = min(one.index for one in found)
            self.delay = float(np.flatnonzero(self.part.index == raised)[0]) + 1.0


def _race(runs: Sequence[_Run], horizon: int) -> None:
    for begin in range(0, horizon, STEP):
        for run in runs:
            run.step(begin)
    for run in runs:
        run.delays.append(run.delay)
