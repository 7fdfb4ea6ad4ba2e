"""What `tune` prints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from stream_monitor.events import Detection
from stream_monitor.timestamps import format_timestamp
from stream_monitor.tuning.recommendation import Recommendation
from stream_monitor.tuning.sweep import PLACES, Sweep
from stream_monitor.tuning.table import tables

#: Detections of the recording that are shown of the candidate recommended.
SHOWN = 8


def lines(sweep: Sweep, found: Recommendation, seconds: float) -> Iterator[str]:
    """The whole result, line by line."""
    yield from _recording(sweep, len(found.verdicts), seconds)
    yield ""
    yield from tables(sweep, found)
    yield ""
    yield "Recommended:"
    yield f"  {found.best.tally.candidate.flags}"
    yield why(found)
    yield from _woken(found.best.tally.recorded)
    for warning in warnings(sweep, found):
        yield f"Warning: {warning}"


def _recording(sweep: Sweep, tried: int, seconds: float) -> Iterator[str]:
    recording = sweep.recording
    yield (
        f"{recording.events:,} predictions, {recording.labels:,} outcomes of {'/'.join(recording.key)}; "
        f"{tried} candidates over {len(recording.signals)} signals in {seconds:.1f} s"
    )
    yield f"False alarms on the recording and on {_surrogates(sweep.surrogates)}; median delay in values, of changes"
    injected = [len(names) for names in sweep.injected.values() if names]
    yield f"injected at {PLACES} places of up to {max(injected, default=0)} signals of each kind (-: half or more missed)"


def _surrogates(count: int) -> str:
    return "a surrogate without drift" if count == 1 else f"{count} surrogates without drift"


def why(found: Recommendation) -> str:
    """One sentence."""
    kept = sum(verdict.budget == "kept" for verdict in found.verdicts)
    best, wanted = found.best, f"{found.wanted:,.0f} events between false alarms"
    if found.keeps:
        those = f"the {kept} candidates that keep to {wanted}" if kept > 1 else f"all: no other keeps to {wanted}"
        return f"The shortest typical delay, {best.typical:,.0f} values, of {those}."
    return f"None keeps to {wanted}; this is the quietest, with {best.tally.false_alarms:,} on the surrogate."


def _woken(detections: Sequence[Detection]) -> Iterator[str]:
    """What it raises on the recording."""
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
    """What the reader should not take for more than it is."""
    recording = sweep.recording
    if found.events < found.events_needed:
        yield (
            f"{found.events:,.0f} events can't show {found.wanted:,.0f} between false alarms: none in them says only "
            f"that there are {found.events / 3:,.0f} or more, at 95 %. --surrogates "
            f"{math.ceil(sweep.surrogates * found.events_needed / found.events):,} could."
        )
    if recording.is_cut:
        yield f"only the first {recording.events:,} predictions were read: --max-events reads more."
    if recording.others:
        yield f"{recording.others:,} other versions or models are in the recording; they were left out."
    left = len(recording.features) - len(recording.kept)
    if left:
        yield f"{len(recording.kept)} of {len(recording.features)} features were drawn: {', '.join(recording.kept)}"
    if sweep.short:
        yield f"too few values to inject changes: {', '.join(sweep.short[:SHOWN])}"
