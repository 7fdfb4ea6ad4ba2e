"""The one place that turns a change into a detection."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import ColumnKind, Floats, ordered_sum
from stream_monitor.core.events import Detection, ModelVersion
from stream_monitor.drift.change import SUM_SCALE, SignalChange, change_point_mle
from stream_monitor.stats.effect_size import cohens_h
from stream_monitor.stats.moments import mean

#: Newest values of a signal that its means and its distances are taken over.
MEAN_WINDOW = 1000


class Alarm(NamedTuple):
    """A detection, and the row of the column being fed whose value raises it."""

    row: int
    detection: Detection


class Origin(NamedTuple):
    """The model version, signal and detector that a change is found in."""

    key: ModelVersion
    signal: str
    kind: ColumnKind
    detector: str


def detection(change: SignalChange, history: Floats, origin: Origin, category: str | None) -> Detection:
    """Return the detection of a change.

    Everything that the signal knows is filled in here. ``changed_ts``, which is looked up in the time index, and the
    episode depend on all signals of all models; `Fleet` fills them in.

    Args:
        change: The change, as the detector's runner gives it.
        history: The signal's newest values up to the end of the column being fed, shape (n,).
        origin: The signal and the detector it was found by.
        category: The name of the category whose share changed, None for numbers and shares.
    """
    kind = origin.kind
    change = _estimated(change, history, kind)
    changed_index = _changed_index(change)
    if kind == "number":
        # Of an older change, the values before the newest ones stand for those before it.
        change = change._replace(n_after=min(change.n_after, MEAN_WINDOW))
    before, after = _means(change, history, kind)
    return Detection(
        change.alarm.index,
        None if math.isnan(change.alarm.ts) else change.alarm.ts,
        *origin.key,
        origin.signal,
        origin.detector,
        before,
        after,
        effect=_effect(change, kind),
        changed_index=changed_index,
        n_before=change.n - change.n_after if change.n_after else 0,
        n_after=change.n_after,
        category=category,
        is_share=kind != "number",
    )


def _changed_index(change: SignalChange) -> int | None:
    """The position of the first prediction after the change, None where it is unknown.

    The values since the detector's start are taken to be evenly spaced.
    """
    if change.n_after <= 0:
        return None
    at = change.found.index
    return at - round((change.n_after - 1) * (at - change.since) / max(change.n - 1, 1))


def _estimated(change: SignalChange, history: Floats, kind: ColumnKind) -> SignalChange:
    """Return the change with the most likely change point, where the detector gives none, and the means beside it.

    It is not estimated from raw values where a season is taken out of them.
    """
    if change.n_after or kind == "category" or change.levels:
        return change
    newest = _newest(change, history)
    older = change.n - len(newest)
    # The values older than the window tell the level before; if they are too few, all values do.
    total = change.total - _scaled_sum(newest) if older >= len(newest) else change.total
    with np.errstate(over="ignore"):
        before = float(np.ldexp(total / max(older if older >= len(newest) else change.n, 1), -SUM_SCALE))
    n_after = min(change_point_mle(newest, before), change.n - 1)
    if kind == "number" or not n_after:
        return change._replace(n_after=n_after)
    after = mean(newest[-n_after:])
    rest = math.ldexp(change.total - _scaled_sum(newest[-n_after:]), -SUM_SCALE) / (change.n - n_after)
    return change._replace(n_after=n_after, before=min(max(rest, 0.0), 1.0), after=after)


def _means(change: SignalChange, history: Floats, kind: ColumnKind) -> tuple[float, float]:
    """The means before and after in the signal's unit; of categories and shares, the shares."""
    if change.levels:
        return change.levels
    if kind != "number":
        return change.before, change.after
    after = mean(_newest(change, history)[-max(change.n_after, 1) :])
    rest = change.total - math.ldexp(after, SUM_SCALE) * change.n_after
    return math.ldexp(rest / max(change.n - change.n_after, 1), -SUM_SCALE), after


def _newest(change: SignalChange, history: Floats) -> Floats:
    """The newest values up to the one the change was found in, at most back to the detector's start."""
    until = len(history) - change.found.newer
    return history[max(until - min(MEAN_WINDOW, change.n), 0) : max(until, 0)]


def _scaled_sum(values: Floats) -> float:
    return ordered_sum(np.ldexp(values, SUM_SCALE))


def _effect(change: SignalChange, kind: ColumnKind) -> float:
    """The effect size of a change: Cohen's d of normal scores, Cohen's h of shares.

    Source: J. Cohen, "Statistical Power Analysis for the Behavioral Sciences", 2nd edition 1988, p. 20.
    """
    if kind == "number":
        return abs(change.after - change.before)
    return cohens_h(change.before, change.after)
