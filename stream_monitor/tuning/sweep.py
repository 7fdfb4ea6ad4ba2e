"""Runs every candidate over every signal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from stream_monitor.core.errors import ConfigError
from stream_monitor.profiles.profile import Profile
from stream_monitor.signals.spread import warmup_of
from stream_monitor.tuning.candidates import Candidate
from stream_monitor.tuning.injection import CHANGES, Kind, kind_of
from stream_monitor.tuning.recording import Recording, Signal
from stream_monitor.tuning.trial import Tally, Trial
from stream_monitor.tuning.watcher import Watcher, is_watched, run_lengths

#: Places of a surrogate at which each change is injected.
PLACES = 6
#: Signals of one kind into which changes are injected.
MAX_INJECTED = 8
#: A change comes no earlier than this many warm-ups, and so many values more.
WARMUPS, MORE = 2, 200
#: Told how many of how many signals are done.
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class SweepContext:
    """How a sweep is made. ``period``: of a season that surrogates keep, 0 for none."""

    surrogates: int = 1
    horizon: int = 2000
    seed: int = 1
    profile: Profile | None = None
    period: float = 0.0


@dataclass
class Sweep:
    """All tallies. ``values``: how many all signals have as recorded; ``injected``: those with changes in them, by
    kind; ``short``: those that have too few values for it; ``blocks``: the surrogates' mean lengths of blocks."""

    recording: Recording
    tallies: list[Tally]
    surrogates: int
    injected: dict[Kind, list[str]]
    short: list[str]
    values: int = 0
    blocks: dict[str, float] = field(default_factory=dict)


def sweep(
    recording: Recording, candidates: Sequence[Candidate], terms: SweepContext, told: Told = lambda *_: None
) -> Sweep:
    """Run all candidates over all signals."""
    _check(recording, candidates, terms)
    earliest = {signal.name: _earliest(signal, candidates, terms.horizon) for signal in recording.signals}
    short = [name for name, place in earliest.items() if not place]
    long = [signal for signal in recording.signals if earliest[signal.name]]
    result = Sweep(
        recording, [Tally(each) for each in candidates], terms.surrogates, _chosen(long, terms.seed), short
    )
    lengths = {candidate: run_lengths(recording, candidate) for candidate in candidates}
    for number, signal in enumerate(recording.signals):
        places: list[int] = []
        if signal.name in result.injected[kind_of(signal)]:
            latest = len(signal.column.values) - terms.horizon
            places = sorted(set(np.linspace(earliest[signal.name], latest, PLACES).astype(int).tolist()))
        _one(signal, places, terms, result, lengths)
        told(number + 1, len(recording.signals))
    for tally in result.tallies:
        tally.recorded.sort()
    return result


def _one(
    signal: Signal,
    places: Sequence[int],
    terms: SweepContext,
    result: Sweep,
    lengths: dict[Candidate, dict[str, float]],
) -> None:
    """All candidates over one signal."""

    def make(candidate: Candidate) -> Watcher:
        return Watcher(result.recording, signal, candidate, lengths[candidate][signal.name], terms.profile)

    trial = Trial(signal, places, terms.horizon, terms.surrogates, terms.period)
    result.blocks[signal.name] = trial.block
    result.values += len(signal.fed.values)
    watch = [tally for tally in result.tallies if is_watched(signal, tally.candidate)]
    others = [tally for tally in result.tallies if not is_watched(signal, tally.candidate)]
    trial.run(make, watch, others, terms.seed)


def _earliest(signal: Signal, candidates: Sequence[Candidate], horizon: int) -> int:
    """The first place at which every candidate watches the signal, 0 where no horizon is left after it."""
    column = signal.column
    # A spread may have one value for several of its feature's.
    each = len(column.values) / max(len(signal.fed.values), 1)
    warmup = warmup_of(signal.name, max(one.warmup for one in candidates))
    warm = math.ceil((WARMUPS * warmup + MORE) * each)
    latest = len(column.values) - horizon
    if warm > latest:
        return 0
    period = max(one.season or 0.0 for one in candidates) if signal.kind == "number" else 0.0
    waited: list[int] = np.flatnonzero(column.ts >= column.ts[warm] + period).tolist() if period else []
    # Without times, nothing is known of the season anyway.
    return max(warm, min(waited[0], latest)) if waited else warm


def _chosen(signals: Sequence[Signal], seed: int) -> dict[Kind, list[str]]:
    """The signals into which changes are injected: of each kind so many at most, drawn."""
    rng = np.random.default_rng(seed)
    chosen: dict[Kind, list[str]] = {}
    for kind in dict.fromkeys(change.kind for change in CHANGES):
        names = [signal.name for signal in signals if kind_of(signal) == kind]
        few = len(names) <= MAX_INJECTED
        chosen[kind] = names if few else sorted(rng.choice(names, MAX_INJECTED, replace=False).tolist())
    return chosen


def _check(recording: Recording, candidates: Sequence[Candidate], terms: SweepContext) -> None:
    warmup = max(each.warmup for each in candidates)
    fewest = WARMUPS * warmup + MORE + terms.horizon
    if recording.events < fewest:
        raise ConfigError(
            f"the recording has {recording.events:,} predictions; with a warm-up of {warmup:,} and a --horizon of "
            f"{terms.horizon:,} at least {fewest:,} are needed"
        )
