"""The detection of a signal that differs from the training data since its start."""

from __future__ import annotations

import math

from stream_monitor.core.arrays import ColumnKind
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.stats.training_verdict import Part, Verdict

#: Where at least this share of the numbers has moved, the mean tells it.
MOST = 0.95


def skew_detection(
    key: ModelVersion, signal: str, verdict: Verdict, kind: ColumnKind, n_before: int, index: int, ts: float
) -> Detection:
    """Return the detection of a verdict *shifted* on a signal.

    Args:
        key: The model version.
        signal: The signal's name.
        verdict: The verdict.
        kind: The kind of the signal's values.
        n_before: Number of values of the training data.
        index: Position of the prediction at which it was given.
        ts: Event time of that prediction, NaN where unknown.
    """
    known_ts = None if math.isnan(ts) else ts
    found = Detection(index, known_ts, *key, signal, "profile", math.nan, math.nan, n_before=n_before, kind="skew")
    return with_verdict(found, verdict, kind)


def with_verdict(found: Detection, verdict: Verdict, kind: ColumnKind) -> Detection:
    """Return a skew with the levels, the effect and the number of values of a verdict on its signal.

    Args:
        found: The skew.
        verdict: The verdict.
        kind: The kind of the signal's values.
    """
    part = _told_part(verdict, kind)
    before, after = (verdict.before, verdict.after) if part is None else (part.before, part.after)
    return found._replace(
        before=before,
        after=after,
        effect=verdict.effect,
        n_after=verdict.values,
        category=None if part is None else part.name,
        is_share=part is not None or kind == "share",
    )


def _told_part(verdict: Verdict, kind: ColumnKind) -> Part | None:
    """Return the category, or the part of the numbers, whose share tells a verdict; None where the mean does."""
    if not verdict.parts:
        return None
    part = verdict.parts[0]
    have_all_moved = kind == "number" and abs(part.after - part.before) >= MOST
    return None if have_all_moved else part
