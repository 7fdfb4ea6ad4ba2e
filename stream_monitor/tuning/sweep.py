"""The sweep: every candidate is run over every signal."""

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

#: The number of positions of a surrogate at which each change is injected.
PLACES = 6
#: The maximum number of signals of each kind into which changes are injected.
MAX_INJECTED = 8
#: The earliest change comes after this many warm-ups plus this many values.
WARMUPS, MORE = 2, 200
#: The number of periods before it in which the season is learned: the first may show that other scores are needed.
SEASON_PERIODS = 2
#: A callback with the number of signals done and the total number of signals.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SweepContext:
    """The parameters of a sweep.

    Attributes:
        surrogates: The number of surrogates.
        horizon: The number of values after which a change counts as missed.
        seed: The seed of all random draws.
        profile: The profile of the training data.
        period: The period in seconds of the seasonality that surrogates preserve; 0 for none.
        min_effect: Smallest effect size of a change that is told; 0: all are.
    """

    surrogates: int = 1
    horizon: int = 2000
    seed: int = 1
    profile: Profile | None = None
    period: float = 0.0
    min_effect: float = 0.1


@dataclass
class Sweep:
    """The result of a sweep.

    Attributes:
        recording: The recording.
        tallies: The alarms and delays of each candidate.
        surrogates: The number of surrogates.
        injected: The names of the signals into which changes were injected, by kind of change.
        short: The names of the signals with too few values for an injection.
        values: The total number of recorded values of all signals.
        blocks: The mean length of the surrogates' blocks, by signal.
    """

    recording: Recording
    tallies: list[Tally]
    surrogates: int
    injected: dict[Kind, list[str]]
    short: list[str]
    values: int = 0
    blocks: dict[str, float] = field(default_factory=dict)


def sweep(
    recording: Recording,
    candidates: Sequence[Candidate],
    context: SweepContext,
    progress: Progress = lambda *_: None,
) -> Sweep:
    """Run all candidates over all signals.

    Raises:
        ConfigError: The recording is too short.
    """
    _check(recording, candidates, context)
    earliest = {signal.name: _earliest(signal, candidates, context.horizon) for signal in recording.signals}
    short = [name for name, place in earliest.items() if not place]
    # What none of the candidates watches says nothing about them.
    watched = [signal for signal in recording.signals if any(is_watched(signal, each) for each in candidates)]
    long = [signal for signal in watched if earliest[signal.name]]
    result = Sweep(
        recording, [Tally(each) for each in candidates], context.surrogates, _chosen(long, context.seed), short
    )
    lengths = {candidate: run_lengths(recording, candidate) for candidate in candidates}
    for number, signal in enumerate(recording.signals):
        places: list[int] = []
        if signal.name in result.injected[kind_of(signal)]:
            latest = len(signal.column.values) - context.horizon
            places = sorted(set(np.linspace(earliest[signal.name], latest, PLACES).astype(int).tolist()))
        _one(signal, places, context, result, lengths)
        progress(number + 1, len(recording.signals))
    for tally in result.tallies:
        tally.recorded.sort()
    return result


def _one(
    signal: Signal,
    places: Sequence[int],
    context: SweepContext,
    result: Sweep,
    lengths: dict[Candidate, dict[str, float]],
) -> None:
    """Run all candidates over one signal."""

    def make(candidate: Candidate) -> Watcher:
        run_length = lengths[candidate][signal.name]
        return Watcher(result.recording, signal, candidate, run_length, context.profile, context.min_effect)

    trial = Trial(signal, places, context.horizon, context.surrogates, context.period)
    result.blocks[signal.name] = trial.block
    result.values += len(signal.fed.values)
    watch = [tally for tally in result.tallies if is_watched(signal, tally.candidate)]
    others = [tally for tally in result.tallies if not is_watched(signal, tally.candidate)]
    trial.run(make, watch, others, context.seed)


def _earliest(signal: Signal, candidates: Sequence[Candidate], horizon: int) -> int:
    """Return the first position at which every candidate is warmed up; 0 if no horizon is left after it."""
    column = signal.column
    # A spread has one value for several values of its feature.
    each = len(column.values) / max(len(signal.fed.values), 1)
    warmup = warmup_of(signal.name, max(one.warmup for one in candidates))
    warm = math.ceil((WARMUPS * warmup + MORE) * each)
    latest = len(column.values) - horizon
    if warm > latest:
        return 0
    period = SEASON_PERIODS * max((each for one in candidates for each in one.season or ()), default=0.0)
    # Without times no seasonality can be learned.
    if not period or not np.isfinite(column.ts[warm]):
        return warm
    waited: list[int] = np.flatnonzero(column.ts >= column.ts[warm] + period).tolist()
    return max(warm, min([latest, *waited[:1]]))


def _chosen(signals: Sequence[Signal], seed: int) -> dict[Kind, list[str]]:
    """Sample the signals into which changes are injected, at most `MAX_INJECTED` of each kind."""
    rng = np.random.default_rng(seed)
    chosen: dict[Kind, list[str]] = {}
    for kind in dict.fromkeys(change.kind for change in CHANGES):
        names = [signal.name for signal in signals if kind_of(signal) == kind]
        few = len(names) <= MAX_INJECTED
        chosen[kind] = names if few else sorted(rng.choice(names, MAX_INJECTED, replace=False).tolist())
    return chosen


def _check(recording: Recording, candidates: Sequence[Candidate], context: SweepContext) -> None:
    warmup = max(each.warmup for each in candidates)
    needed = WARMUPS * warmup + MORE + context.horizon
    if recording.events < needed:
        raise ConfigError(
            f"the recording has {recording.events:,} predictions; with a warm-up of {warmup:,} and a --horizon of "
            f"{context.horizon:,} at least {needed:,} are needed"
        )
