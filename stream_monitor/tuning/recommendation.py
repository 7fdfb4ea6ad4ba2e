"""The recommended candidate, with the evidence for its false-alarm rate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from stream_monitor.detectors.spec import DEFAULT_SPECS
from stream_monitor.drift.budget import ERROR_PART, Budget, class_part
from stream_monitor.signals.spread import SPREAD_OF
from stream_monitor.tuning.evidence import is_contradicted, kaplan_meier_median, min_run_length, needed
from stream_monitor.tuning.injection import STANDARD_CHANGES, Injection, Kind
from stream_monitor.tuning.sweep import Sweep
from stream_monitor.tuning.trial import Tally

#: The largest share of the changes of one standard deviation, of each kind, that a recommended candidate misses.
MAX_MISSED = 0.05
#: A rule that a candidate falls to: too many false alarms on the surrogates, too many changes of one standard
#: deviation missed, or a run length that is neither promised by its detector nor shown on the surrogates.
Rule = Literal["over", "missed", "unproven"]


class Evaluation(NamedTuple):
    """The evaluation of one candidate.

    Attributes:
        tally: The candidate's alarms and delays.
        run_length: The mean number of the model's events between two false alarms on the surrogates; infinite if
            there was none.
        at_least: The lower 95 % confidence bound of the run length, in events.
        missed: The share of the changes of one standard deviation that were not found, by kind.
        rules: The rules that it falls to; empty for a candidate that fits.
    """

    tally: Tally
    run_length: float
    at_least: float
    missed: dict[Kind, float]
    rules: tuple[Rule, ...]

    @property
    def fits(self) -> bool:
        """True if it falls to no rule."""
        return not self.rules


class Recommendation(NamedTuple):
    """The recommended candidate.

    Attributes:
        best: The evaluation of the recommended candidate, None if none fits.
        evaluations: The evaluations of all candidates.
        compared: The changes whose median delays make up the typical delay.
        events: The number of events of all surrogates on which false alarms were counted.
        wanted: The requested run length, in events.
    """

    best: Evaluation | None
    evaluations: Sequence[Evaluation]
    compared: Sequence[Injection]
    events: float
    wanted: float

    @property
    def events_needed(self) -> int:
        """The number of events of surrogates without an alarm that would demonstrate the requested run length."""
        return needed(self.wanted)

    @property
    def fitting(self) -> list[Evaluation]:
        """The evaluations of the candidates that fit."""
        return [evaluation for evaluation in self.evaluations if evaluation.fits]

    def typical(self, evaluation: Evaluation) -> float:
        """Return a candidate's typical delay in values, see `typical`."""
        return typical(evaluation.tally, self.compared)


def recommend(sweep: Sweep, wanted: float) -> Recommendation:
    """Recommend the candidate with the shortest typical delay among those that fit.

    A candidate fits if its false alarms on the surrogates do not contradict the requested run length (Poisson test,
    5 %), if either its detector promises that or the surrogates demonstrate it at 95 % confidence, and if it misses
    at most 5 % of the changes of one standard deviation of each kind.

    Args:
        sweep: The results of all candidates.
        wanted: The requested run length, in events.
    """
    events = judged_events(sweep)
    evaluations = [judge(tally, events, wanted) for tally in sweep.tallies]
    fitting = [evaluation for evaluation in evaluations if evaluation.fits]
    compared = compared_changes([evaluation.tally for evaluation in fitting or evaluations])
    best = min(fitting, key=lambda evaluation: _speed(evaluation, compared), default=None)
    return Recommendation(best, evaluations, compared, events, wanted)


def judge(tally: Tally, events: float, wanted: float) -> Evaluation:
    """Evaluate one candidate; ``events`` is the number of events on which its false alarms were counted."""
    alarms, promised = tally.false_alarms, tally.candidate.promised or 0.0
    at_least = min_run_length(events, alarms)
    missed = {change.kind: tally.missed(change) for change in STANDARD_CHANGES if tally.delays.get(change)}
    is_over = is_contradicted(events, alarms, wanted)
    holds: dict[Rule, bool] = {
        "over": is_over,
        "missed": any(share > MAX_MISSED for share in missed.values()),
        "unproven": not is_over and max(at_least, promised) < wanted,
    }
    rules = tuple(rule for rule, applies in holds.items() if applies)
    return Evaluation(tally, events / alarms if alarms else math.inf, at_least, missed, rules)


def compared_changes(tallies: Sequence[Tally]) -> list[Injection]:
    """Return the changes of which every one of these candidates has a median delay that is not censored."""
    injected = {change: None for tally in tallies for change, delays in tally.delays.items() if delays}
    return [change for change in injected if all(_median(tally, change) < math.inf for tally in tallies)]


def typical(tally: Tally, changes: Sequence[Injection]) -> float:
    """Return the geometric mean of the Kaplan-Meier medians of the delays of these changes, in values.

    It is infinite if one of the medians is censored, or if there is no change.
    """
    medians = [_median(tally, change) for change in changes]
    return math.exp(math.fsum(map(math.log, medians)) / len(medians)) if medians else math.inf


def _median(tally: Tally, change: Injection) -> float:
    delays = tally.delays.get(change)
    return kaplan_meier_median(delays) if delays else math.inf


def judged_events(sweep: Sweep) -> float:
    """Return the number of events of all surrogates after the warm-up, scaled by `looked_at`."""
    warmup = max(tally.candidate.warmup for tally in sweep.tallies)
    return sweep.surrogates * max(sweep.recording.events - warmup, 1) * looked_at(sweep)


def looked_at(sweep: Sweep) -> float:
    """Return the share of the model's false-alarm budget that the signals of the recording have."""
    recording = sweep.recording
    names = {signal.name for signal in recording.signals}
    fixed = [name for name in ("prediction", "score", "invalid") if name in names]
    budget = Budget(DEFAULT_SPECS, 1.0, "invalid" in names)

    def part(features: Iterable[str]) -> float:
        wanted = [*fixed, *(f"{each}:{name}" for name in features for each in ("feature", "spread", "missing"))]
        lengths = budget.run_lengths(wanted, recording.features)
        return math.fsum(1.0 / (length * _predictions_a_value(name)) for name, length in lengths.items())

    error = ERROR_PART if "error" in names else 0.0
    left_out = class_part(len(recording.left_out))
    return (error + part(recording.kept)) / (error + left_out + part(recording.features))


def _predictions_a_value(signal: str) -> int:
    """Return the number of predictions per value of a signal; run lengths are in values."""
    return SPREAD_OF if signal.startswith("spread:") else 1


def _speed(evaluation: Evaluation, compared: Sequence[Injection]) -> tuple[float, ...]:
    """Return a sort key: the typical delay, then the number of alarms."""
    return (typical(evaluation.tally, compared), evaluation.tally.false_alarms, len(evaluation.tally.recorded))
