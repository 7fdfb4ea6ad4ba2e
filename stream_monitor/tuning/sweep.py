"""Runs every candidate over every signal: as recorded, over surrogates, and over surrogates with a change in them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np

from stream_monitor.errors import ConfigError
from stream_monitor.events import Detection
from stream_monitor.profile import Profile
from stream_monitor.signals import Column
from stream_monitor.tuning.candidates import Candidate
from stream_monitor.tuning.injection import CHANGES, Change, Injector, Kind, kind_of
from stream_monitor.tuning.recording import Recording, Signal
from stream_monitor.tuning.surrogate import Surrogates
from stream_monitor.tuning.watcher import Watcher, is_watched, pieces, run_lengths

#: Places of a surrogate at which each change is injected.
PLACES = 6
#: Signals of one kind into which changes are injected.
MOST_INJECTED = 8
#: A change comes no earlier than this many warm-ups, and so many values more.
WARMUPS, MORE = 2, 200
#: Values that are fed at once after a change: at its alarm the rest is not.
STEP = 250


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


@dataclass
class Sweep:
    """All tallies, and what they were taken over. ``values``: of the signals as recorded, after which the rest count."""

    recording: Recording
    tallies: list[Tally]
    values: int = 0
    surrogates: int = 1
    blocks: dict[str, float] = field(default_factory=dict)
    injected: dict[Kind, list[str]] = field(default_factory=dict)
    short: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Terms:
    """How the sweep is made. ``period``: of a season that surrogates keep, 0 for none."""

    surrogates: int = 1
    horizon: int = 2000
    seed: int = 1
    profile: Profile | None = None
    period: float = 0.0


def sweep(
    recording: Recording,
    candidates: Sequence[Candidate],
    terms: Terms,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Sweep:
    """Run all candidates over all signals; ``progress`` is told how many of how many runs are done."""
    _check(recording, candidates, terms)
    result = Sweep(recording, [Tally(each) for each in candidates], surrogates=terms.surrogates)
    lengths = [run_lengths(recording, each) for each in candidates]
    chosen = _chosen(recording.signals, candidates, terms)
    result.injected = {
        kind: sorted(each.name for each in recording.signals if each.name in chosen and kind_of(each) == kind)
        for kind in dict.fromkeys(change.kind for change in CHANGES)
    }
    for number, signal in enumerate(recording.signals):
        if not _earliest(signal, candidates, terms):
            result.short.append(signal.name)
        trial = _Trial(signal, candidates, terms, is_injected=signal.name in chosen)
        result.blocks[signal.name] = trial.block
        result.values += len(signal.fed.values)
        for at, tally in enumerate(result.tallies):
            if is_watched(signal, tally.candidate):
                length = lengths[at][signal.name]
                trial.run(Watcher(recording, signal, tally.candidate, length, terms.profile), tally)
            else:
                trial.miss(tally)
            progress(number * len(candidates) + at + 1, len(recording.signals) * len(candidates))
    for tally in result.tallies:
        tally.recorded.sort()
    return result


class _Trial:
    """What every candidate is given of one signal."""

    def __init__(self, signal: Signal, candidates: Sequence[Candidate], terms: Terms, is_injected: bool) -> None:
        # The spread of a feature is that of the same surrogate.
        name = f"feature:{signal.feature}" if signal.is_spread else signal.name
        rng = np.random.default_rng([terms.seed, crc32(name.encode())])
        made = Surrogates(signal.column, signal.kind, terms.period)
        self._signal, self.block = signal, made.block
        self._surrogates = [made.draw(rng) for _ in range(terms.surrogates)]
        self._places: list[int] = []
        self._parts: list[list[tuple[Change, Column]]] = []
        if is_injected:
            self._places = _places(signal, candidates, terms)
            self._parts = self._injected(terms.horizon, rng)

    def _injected(self, horizon: int, rng: np.random.Generator) -> list[list[tuple[Change, Column]]]:
        """Of each place, the changed values from there on."""
        surrogate = self._surrogates[0]
        injector = Injector(self._signal, surrogate.values, rng)
        changes = [change for change in CHANGES if change.kind == kind_of(self._signal)]
        parts = []
        for number, place in enumerate(self._places):
            was = surrogate.cut(place).until(horizon)
            end = place + len(was.values)
            parts.append([(c, was._replace(values=injector.values(c, place, end, number))) for c in changes])
        return parts

    def run(self, watcher: Watcher, tally: Tally) -> None:
        """Feed it all, each from the beginning."""
        tally.recorded += watcher.anew().feed(self._signal.column)
        for number, surrogate in enumerate(self._surrogates):
            other = watcher.anew()
            found, states = 0, []
            for piece in pieces(surrogate, [] if number else self._places):
                found += len(other.feed(piece))
                states.append(other.saved() if not number and self._places else b"")
            tally.surrogate[self._signal.name] += found
            if not number:
                self._measure(watcher, states, tally)

    def _measure(self, watcher: Watcher, states: Sequence[bytes], tally: Tally) -> None:
        """From the state at each place, how long each change takes."""
        for state, parts in zip(states, self._parts, strict=False):
            for change, part in parts:
                delay = _delay(watcher.resumed(state), part)
                tally.delays.setdefault(change, []).append(delay)

    def miss(self, tally: Tally) -> None:
        """The candidate does not watch this signal: it would not hear of anything."""
        for parts in self._parts:
            for change, _ in parts:
                tally.delays.setdefault(change, []).append(math.inf)


def _delay(watcher: Watcher, part: Column) -> float:
    """How many values it takes, the one at which the alarm is raised included."""
    for begin in range(0, len(part.values), STEP):
        found = watcher.feed(part.cut(begin).until(STEP))
        if found:
            return float(np.flatnonzero(part.index == min(one.index for one in found))[0]) + 1.0
    return math.inf


def _places(signal: Signal, candidates: Sequence[Candidate], terms: Terms) -> list[int]:
    """Where changes come: evenly between the end of all that is waited for, and the horizon before the end."""
    earliest = _earliest(signal, candidates, terms)
    if not earliest:
        return []
    latest = len(signal.column.values) - terms.horizon
    return sorted(set(np.linspace(earliest, latest, PLACES).astype(int).tolist()))


def _earliest(signal: Signal, candidates: Sequence[Candidate], terms: Terms) -> int:
    """The first place at which every candidate watches the signal, 0 where the column ends before it has a horizon."""
    column = signal.column
    # A spread may have a value for several of its feature's.
    each = len(column.values) / max(len(signal.fed.values), 1)
    warm = math.ceil((WARMUPS * max(one.warmup for one in candidates) + MORE) * each)
    period = max((one.season or 0.0 for one in candidates), default=0.0) if signal.kind == "number" else 0.0
    if warm + terms.horizon > len(column.values):
        return 0
    if not period:
        return warm
    waits = column.ts >= column.ts[warm] + period
    place = int(np.argmax(waits)) if waits.any() else len(waits)
    return place if place + terms.horizon <= len(column.values) else warm


def _chosen(signals: Sequence[Signal], candidates: Sequence[Candidate], terms: Terms) -> set[str]:
    """The signals into which changes are injected: of each kind so many at most, drawn."""
    rng = np.random.default_rng(terms.seed)
    chosen: set[str] = set()
    for kind in dict.fromkeys(change.kind for change in CHANGES):
        names = [one.name for one in signals if kind_of(one) == kind and _earliest(one, candidates, terms)]
        few = len(names) <= MOST_INJECTED
        chosen.update(names if few else rng.choice(names, MOST_INJECTED, replace=False).tolist())
    return chosen


def _check(recording: Recording, candidates: Sequence[Candidate], terms: Terms) -> None:
    warmup = max(each.warmup for each in candidates)
    fewest = WARMUPS * warmup + MORE + terms.horizon
    if recording.events < fewest:
        raise ConfigError(
            f"the recording has {recording.events:,} predictions; with a warm-up of {warmup:,} and a --horizon of "
            f"{terms.horizon:,} at least {fewest:,} are needed"
        )
