"""The recommended candidate, with the evidence for its false-alarm rate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Literal, NamedTuple

from stream_monitor.detectors.spec import DEFAULT_SPECS
from stream_monitor.drift.budget import ERROR_PART, Budget
from stream_monitor.signals.spread import SPREAD_OF
from stream_monitor.tuning.evidence import is_contradicted, min_run_length, needed
from stream_monitor.tuning.sweep import Sweep
from stream_monitor.tuning.trial import Tally


class Verdict(NamedTuple):
    """The evaluation of one candidate.

    Attributes:
        tally: The candidate's alarms and delays.
        run_length: The mean number of the model's events between two false alarms on the surrogates; infinite if
            there was none.
        at_least: The lower 95 % confidence bound of the run length, in events.
        typical: The geometric mean of the median delays, in values.
        budget: The comparison with the requested run length: kept, over (too many false alarms), or unproven.
    """

    tally: Tally
    run_length: float
    at_least: float
    typical: float
    budget: Literal["kept", "over", "unproven"]


class Recommendation(NamedTuple):
    """The recommended candidate.

    Attributes:
        best: The evaluation of the recommended candidate.
        verdicts: The evaluations of all candidates.
        keeps: True if any candidate keeps to the budget.
        events: The number of events of all surrogates on which false alarms were counted.
        wanted: The requested run length, in events.
    """

    best: Verdict
    verdicts: Sequence[Verdict]
    keeps: bool
    events: float
    wanted: float

    @property
    def events_needed(self) -> int:
        """The number of events of surrogates without an alarm that would demonstrate the requested run length."""
        return needed(self.wanted)


def recommend(sweep: Sweep, wanted: float, horizon: int) -> Recommendation:
    """Recommend the candidate with the shortest typical delay among those that keep to the budget.

    A candidate keeps to the budget if its false alarms on the surrogates do not contradict it (Poisson test, 5 %),
    and if either its detector's expected run length satisfies it or the surrogates demonstrate it at 95 % confidence.
    If there is none, the candidate with the fewest false alarms is recommended.

    Args:
        sweep: The results of all candidates.
        wanted: The requested run length, in events.
        horizon: The number of values after which a change counts as missed.
    """
    events = judged_events(sweep)
    verdicts = [judge(tally, events, wanted, horizon) for tally in sweep.tallies]
    keeping = [verdict for verdict in verdicts if verdict.budget == "kept"]
    best = min(keeping, key=_speed) if keeping else min(verdicts, key=_noise)
    return Recommendation(best, verdicts, bool(keeping), events, wanted)


def judge(tally: Tally, events: float, wanted: float, horizon: int) -> Verdict:
    """Evaluate one candidate; ``events`` is the number of events on which its false alarms were counted."""
    alarms, promised = tally.false_alarms, tally.candidate.promised
    at_least = min_run_length(events, alarms)
    budget: Literal["kept", "over", "unproven"] = "unproven"
    if is_contradicted(events, alarms, wanted):
        budget = "over"
    elif at_least >= wanted or (promised is not None and promised >= wanted):
        budget = "kept"
    return Verdict(tally, events / alarms if alarms else math.inf, at_least, typical(tally, horizon), budget)


def typical(tally: Tally, horizon: int) -> float:
    """Return the geometric mean of the median delays of all changes, in values; a missed change counts as horizon."""
    medians = [median(min(delay, horizon) for delay in delays) for delays in tally.delays.values() if delays]
    return math.exp(math.fsum(map(math.log, medians)) / len(medians)) if medians else math.inf


def judged_events(sweep: Sweep) -> float:
    """Return the number of events of all surrogates after the warm-up, scaled by `looked_at`."""
    warmup = max(tally.candidate.warmup for tally in sweep.tallies)
    return sweep.surrogates * max(sweep.recording.events - warmup, 1) * looked_at(sweep)


def looked_at(sweep: Sweep) -> float:
    """Return the share of the model's false-alarm budget that the signals of the recording have."""
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
    """Return the number of predictions per value of a signal; run lengths are in values."""
    return SPREAD_OF if signal.startswith("spread:") else 1


def _speed(verdict: Verdict) -> tuple[float, ...]:
    """Return a sort key: the typical delay, then the number of alarms."""
    return (verdict.typical, verdict.tally.false_alarms, len(verdict.tally.recorded))


def _noise(verdict: Verdict) -> tuple[float, ...]:
    """Return a sort key: the number of alarms, then the typical delay."""
    return (verdict.tally.false_alarms, len(verdict.tally.recorded), verdict.typical)
