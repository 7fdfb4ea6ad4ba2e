"""The text output of `tune`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from textwrap import wrap

from stream_monitor.core.events import Detection
from stream_monitor.core.timestamps import format_timestamp
from stream_monitor.tuning.evidence import min_run_length
from stream_monitor.tuning.recommendation import Recommendation
from stream_monitor.tuning.recording import rejects
from stream_monitor.tuning.sweep import PLACES, Sweep
from stream_monitor.tuning.table import tables

#: The number of detections of the recommended candidate that are listed.
SHOWN = 8
WIDTH = 98


def lines(sweep: Sweep, found: Recommendation) -> Iterator[str]:
    """Yield the lines of the complete result."""
    yield from _recording(sweep, len(found.verdicts))
    yield ""
    yield from tables(sweep, found)
    yield ""
    yield "Recommended:"
    yield f"  {found.best.tally.candidate.flags}"
    yield from wrap(why(found), WIDTH)
    if sweep.recording.rate:
        yield f"At the recording's rate, 100 values take {_time(100.0 / sweep.recording.rate)}."
    yield from _woken(found.best.tally.recorded)
    for warning in warnings(sweep, found):
        yield from wrap(f"Warning: {warning}", WIDTH, subsequent_indent="  ")


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
        "kind (-: half or more are missed).",
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
    """Return the reason for the recommendation, in one sentence."""
    kept = sum(verdict.budget == "kept" for verdict in found.verdicts)
    best, wanted = found.best, f"{found.wanted:,.0f} events between false alarms"
    if found.keeps:
        those = f"the {kept} candidates that keep to {wanted}" if kept > 1 else f"all: no other keeps to {wanted}"
        return f"The shortest typical delay, {best.typical:,.0f} values, of {those}."
    return (
        f"None is known to keep to {wanted}; this is the quietest, with {best.tally.false_alarms:,} on the surrogate."
    )


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
    if found.events < found.events_needed:
        times = math.ceil(sweep.surrogates * found.events_needed / found.events)
        promised = "promised by the detector, " if found.best.tally.candidate.promised else ""
        yield (
            f"no alarm in {found.events:,.0f} events says only that the run length is above "
            f"{min_run_length(found.events, 0):,.0f} at 95 %; the {found.wanted:,.0f} wanted are {promised}"
            f"not shown. --surrogates {times:,} could show them."
        )
    if recording.is_cut:
        yield f"only the first {recording.events:,} predictions were read: --max-events reads more."
    if recording.rejected.total():
        yield rejects(recording.rejected) + "."
    if recording.others:
        yield f"{_counted(recording.others, 'other version')} of models left out: this one has most predictions."
    left = len(recording.features) - len(recording.kept)
    if left:
        yield f"{len(recording.kept)} of {len(recording.features)} features were drawn: {', '.join(recording.kept)}"
    if sweep.short:
        yield f"too few values to inject changes: {', '.join(sweep.short[:SHOWN])}"
