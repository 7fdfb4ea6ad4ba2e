"""The text output of `tune`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from textwrap import wrap

from stream_monitor.core.events import Detection
from stream_monitor.core.timestamps import format_timestamp
from stream_monitor.pipeline.counters import told_backward
from stream_monitor.tuning.evidence import min_run_length
from stream_monitor.tuning.injection import Kind
from stream_monitor.tuning.recommendation import MAX_MISSED, Evaluation, Recommendation, Rule
from stream_monitor.tuning.recording import rejects
from stream_monitor.tuning.sweep import PLACES, Sweep
from stream_monitor.tuning.table import tables

#: The number of detections of the recommended candidate that are listed.
SHOWN = 8
WIDTH = 98
_STANDARD = "the changes of 1 sd"
#: The kinds of change, as the text names them.
KINDS: dict[Kind, str] = {"level": "numbers", "spread": "spreads", "share": "shares", "category": "categories"}


def lines(sweep: Sweep, found: Recommendation) -> Iterator[str]:
    """Yield the lines of the complete result."""
    yield from _recording(sweep, len(found.evaluations))
    yield ""
    yield from tables(sweep, found)
    yield ""
    yield from _outcome(found)
    if sweep.recording.rate:
        yield f"At the recording's rate, 100 values take {_time(100.0 / sweep.recording.rate)}."
    if found.best:
        yield from _woken(found.best.tally.recorded)
    for warning in warnings(sweep, found):
        yield from wrap(f"Warning: {warning}", WIDTH, subsequent_indent="  ")


def _outcome(found: Recommendation) -> Iterator[str]:
    """Yield the recommended flags and the reason, or the rules that each candidate falls to."""
    if found.best:
        yield "Recommended:"
        yield f"  {found.best.tally.candidate.flags}"
    yield from wrap(why(found), WIDTH)
    if not found.best:
        for evaluation in found.evaluations:
            text = f"  {evaluation.tally.candidate.flags}: {rules(evaluation, found)}"
            yield from wrap(text, WIDTH, subsequent_indent="    ", break_on_hyphens=False)


def _recording(sweep: Sweep, tried: int) -> Iterator[str]:
    recording = sweep.recording
    injected = max(map(len, sweep.injected.values()), default=0)
    surrogates = "a surrogate" if sweep.surrogates == 1 else f"{sweep.surrogates:,} surrogates"
    yield (
        f"{recording.events:,} predictions and {recording.labels:,} outcomes of {'/'.join(recording.key)}: "
        f"{_counted(tried, 'candidate')} on {_counted(len(recording.signals), 'signal')}"
    )
    yield from wrap(
        f"False alarms: on the recording as it is, and on {surrogates} of it without drift. Delays: the median "
        f"number of values until a change is found, injected at {PLACES} places of up to {injected} signals of each "
        "kind (-: more than half are missed).",
        WIDTH,
    )


def _time(seconds: float) -> str:
    """Format a duration in its largest unit.

    >>> _time(0.25), _time(600.0), _time(7200.0)
    ('0.25 s', '10 minutes', '2 hours')
    """
    for unit, size in (("days", 86_400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds:.2g} s"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def why(found: Recommendation) -> str:
    """Return the reason for the recommendation, or for recommending nothing."""
    fit = f"keep to {found.wanted:,.0f} events between false alarms and miss at most {MAX_MISSED:.0%} of {_STANDARD}"
    count = len(found.fitting)
    if found.best is None:
        return f"No candidate fits, so none is recommended: to fit is to {fit}."
    if count == 1:
        return f"It is the only candidate to {fit}."
    if not found.compared:
        return f"The fewest false alarms of the {count} candidates that {fit}."
    return (
        f"The shortest typical delay, {found.typical(found.best):,.0f} values, of the {count} candidates that {fit}. "
        f"Typical is the geometric mean of the median delays (Kaplan-Meier: what was not found within the horizon is "
        f"censored) of the {_counted(len(found.compared), 'change')} of which all of these find half."
    )


def rules(evaluation: Evaluation, found: Recommendation) -> str:
    """Return the rules that a candidate falls to, as text."""
    kinds = (f"{share:.0%} ({KINDS[kind]})" for kind, share in evaluation.missed.items() if share > MAX_MISSED)
    texts: dict[Rule, str] = {
        "over": f"{_counted(evaluation.tally.false_alarms, 'false alarm')} in {found.events:,.0f} events",
        "missed": f"misses {', '.join(kinds)} of {_STANDARD}",
        "unproven": f"a run length of {found.wanted:,.0f} is neither promised nor shown",
    }
    return "; ".join(texts[rule] for rule in evaluation.rules)


def _woken(detections: Sequence[Detection]) -> Iterator[str]:
    """Yield the detections of the recommended candidate on the recording."""
    yield ""
    if not detections:
        yield "On the recording as it is, it raises nothing."
        return
    yield f"On the recording as it is, it raises {len(detections):,}:"
    for one in detections[:SHOWN]:
        category = f" of {one.category}" if one.category else ""
        when = f"  {format_timestamp(one.ts)}" if one.ts is not None else ""
        yield f"  {one.index:>9,}{when}  {one.signal}{category}: {one.before:.5g} -> {one.after:.5g}"
    if len(detections) > SHOWN:
        yield f"  and {len(detections) - SHOWN:,} more: see --json"


def warnings(sweep: Sweep, found: Recommendation) -> Iterator[str]:
    """Yield warnings on the limits of the evidence and on data that was left out."""
    recording = sweep.recording
    is_wanting = found.best is not None or any(evaluation.rules == ("unproven",) for evaluation in found.evaluations)
    if is_wanting and found.events < found.events_needed:
        times = math.ceil(sweep.surrogates * found.events_needed / found.events)
        promised = "promised by the detector, " if found.best and found.best.tally.candidate.promised else ""
        yield (
            f"no alarm in {found.events:,.0f} events says only that the run length is above "
            f"{min_run_length(found.events, 0):,.0f} at 95 %; the {found.wanted:,.0f} wanted are {promised}"
            f"not shown. --surrogates {times:,} could show them."
        )
    if recording.is_cut:
        yield f"only the first {recording.events:,} predictions were read: --max-events reads more."
    if told := told_backward(recording.backward, recording.events):
        yield f"{told}: sort the rows by time, or no season can be learned."
    if recording.rejected.total():
        yield rejects(recording.rejected) + "."
    if recording.others:
        yield f"{_counted(recording.others, 'other version')} of models left out: this one has most predictions."
    left = len(recording.features) - len(recording.kept)
    if left:
        yield f"{len(recording.kept)} of {len(recording.features)} features were drawn: {', '.join(recording.kept)}"
    if recording.left_out:
        yield f"the errors of rare classes were not tried: {_listed(recording.left_out)}; run and replay watch them"
    if sweep.short:
        yield f"too few values to inject changes: {_listed(sweep.short)}"


def _listed(names: Sequence[str]) -> str:
    """Format the first of these names, and the number of the others."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
