"""Which candidate to take, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Literal, NamedTuple

from stream_monitor.detectors.spec import DEFAULT_SPECS
from stream_monitor.drift.budget import ERROR_PART, Budget
from stream_monitor.signals.spread import SPREAD_OF
from stream_monitor.tuning.evidence import is_contradicted, needed, shortest_run_length
from stream_monitor.tuning.sweep import Sweep
from stream_monitor.tuning.trial import Tally


class Verdict(NamedTuple):
    """What is said of one candidate.

    ``run_length``: events of the whole model between two false alarms on the surrogate, inf if there were none;
    ``at_least``: what it is above at 95 % confidence. ``typical``: the geometric mean of the median delays, in
    values; ``budget``: whether false alarms keep to what is wanted.
    """

    tally: Tally
    run_length: float
    at_least: float
    typical: float
    budget: Literal["kept", "over", "unproven"]


class Recommendation(NamedTuple):
    """The candidate to take. ``keeps``: whether any keeps to the budget; ``events``: judged, of all surrogates."""

    best: Verdict
    verdicts: Sequence[Verdict]
    keeps: bool
    events: float
    wanted: float

    @property
    def events_needed(self) -> int:
        """Events of surrogates without an alarm from which the budget could be told."""
        return needed(self.wanted)


def recommend(sweep: Sweep, wanted: float, horizon: int) -> Recommendation:
    """Of the candidates that keep to the budget, the one with the shortest typical delay; else the quietest.

    A candidate keeps to the budget if its false alarms on the surrogates do not contradict it (Poisson, 5 %), and if
    either its own run length promises it or the surrogates show it at 95 % confidence.
    """
    events = judged_events(sweep)
    verdicts = [judge(tally, events, wanted, horizon) for tally in sweep.tallies]
    keeping = [verdict for verdict in verdicts if verdict.budget == "kept"]
    best = min(keeping, key=_speed) if keeping else min(verdicts, key=_noise)
    return Recommendation(best, verdicts, bool(keeping), events, wanted)


def judge(tally: Tally, events: float, wanted: float, horizon: int) -> Verdict:
    """What the tally of one candidate says."""
    alarms, promised = tally.false_alarms, tally.candidate.promised
    at_least = shortest_run_length(events, alarms)
    budget: Literal["kept", "over", "unproven"] = "unproven"
    if is_contradicted(events, alarms, wanted):
        budget = "over"
    elif at_least >= wanted or (promised is not None and promised >= wanted):
        budget = "kept"
    return Verdict(tally, events / alarms if alarms else math.inf, at_least, typical(tally, horizon), budget)


def typical(tally: Tally, horizon: int) -> float:
    """The geometric mean of the median delays of all changes; one that was missed took the horizon."""
    medians = [median(min(delay, horizon) for delay in delays) for delays in tally.delays.values() if delays]
    return math.exp(math.fsum(map(math.log, medians)) / len(medians)) if medians else math.inf


def judged_events(sweep: Sweep) -> float:
    """Events of all surrogates after the warm-up; fewer, where not all features were looked at."""
    warmup = max(tally.candidate.warmup for tally in sweep.tallies)
    return sweep.surrogates * max(sweep.recording.events - warmup, 1) * looked_at(sweep)


def looked_at(sweep: Sweep) -> float:
    """The part of the model's false alarms that the features looked at, and the rest of the signals, may have."""
    recording = sweep.recording
    names = {signal.name for signal in recording.signals}
    fixed = [name for name in ("prediction", "score") if name in names]
    budget = Budget(DEFAULT_SPECS, 1.0)

    def part(features: Iterable[str]) -> float:
        wanted = [*fixed, *(f"{each}:{name}" for name in features for each in ("feature", "spread", "missing"))]
        lengths = budget.run_lengths(wanted, recording.features)
        return math.fsum(1.0 / (length * _predictions_a_value(name)) for name, length in lengths.items())

    error = ERROR_PART if "error" in names else 0.0
    return (error + part(recording.kept)) / (error + part(recording.features))


def _predictions_a_value(signal: str) -> int:
    """Predictions for each value of a signal: run lengths are in values."""
    return SPREAD_OF if signal.startswith("spread:") else 1


def _speed(verdict: Verdict) -> tuple[float, ...]:
    """The smaller the better; of equal ones the quieter."""
    return (verdict.typical, verdict.tally.false_alarms, len(verdict.tally.recorded))


def _noise(verdict: Verdict) -> tuple[float, ...]:
    return (verdict.tally.false_alarms, len(verdict.tally.recorded), verdict.typical)
