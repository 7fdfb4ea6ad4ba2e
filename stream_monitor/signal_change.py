"""A change that a detector found, in the signal's own terms: where it began, its means, how large it is."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from stream_monitor.detectors import ColumnKind, Floats
from stream_monitor.found import SUM_SCALE, Found
from stream_monitor.signals import mean, since_change

#: Newest values of a signal that its means and its distances are taken over.
MEAN_WINDOW = 1000


class SignalChange(NamedTuple):
    """``changed_index``: position of the first prediction after it; None where nothing tells.

    The means are in the signal's own unit; of categories and shares, they are the shares.
    """

    changed_index: int | None
    before: float
    after: float
    effect: float
    n_before: int
    n_after: int


def describe(found: Found, history: Floats, kind: ColumnKind) -> SignalChange:
    """What can be told of a change; ``history``: the signal's newest values, shape (n,)."""
    found = _estimated(found, history, kind)
    known, changed_index = found.n_after > 0, _changed_index(found)
    if kind == "number":
        # Of a change further back, what came before the newest values stands for what came before it.
        found = found._replace(n_after=min(found.n_after, MEAN_WINDOW))
    before, after = _means(found, history, kind)
    n_before = found.n - found.n_after if known else 0
    return SignalChange(changed_index, before, after, _effect(found, kind), n_before, found.n_after)


def _changed_index(found: Found) -> int | None:
    """The position where it began, as if the values since the start of the detector were all as far apart."""
    if found.n_after <= 0:
        return None
    return found.place - round((found.n_after - 1) * (found.place - found.since) / max(found.n - 1, 1))


def _estimated(found: Found, history: Floats, kind: ColumnKind) -> Found:
    """Where the detector does not tell the change point, the likeliest; its means are then of both its sides.

    Raw values can't tell it where a season was taken out of them.
    """
    if found.n_after or kind == "category" or found.levels:
        return found
    newest = _newest(found, history)
    older = found.n - len(newest)
    # What is older than the window tells the level before, or else all that there is.
    total = found.total - _scaled_sum(newest) if older >= len(newest) else found.total
    with np.errstate(over="ignore"):
        before = float(np.ldexp(total / max(older if older >= len(newest) else found.n, 1), -SUM_SCALE))
    n_after = min(since_change(newest, before), found.n - 1)
    if kind == "number" or not n_after:
        return found._replace(n_after=n_after)
    after = mean(newest[-n_after:])
    rest = math.ldexp(found.total - _scaled_sum(newest[-n_after:]), -SUM_SCALE) / (found.n - n_after)
    return found._replace(n_after=n_after, before=min(max(rest, 0.0), 1.0), after=after)


def _means(found: Found, history: Floats, kind: ColumnKind) -> tuple[float, float]:
    if kind != "number":
        return found.before, found.after
    if found.levels:
        return found.levels
    after = mean(_newest(found, history)[-max(found.n_after, 1) :])
    rest = found.total - math.ldexp(after, SUM_SCALE) * found.n_after
    return math.ldexp(rest / max(found.n - found.n_after, 1), -SUM_SCALE), after


def _newest(found: Found, history: Floats) -> Floats:
    """The newest values up to the one at which a change was raised, of those since the detector's start."""
    until = len(history) - found.newer
    return history[max(until - min(MEAN_WINDOW, found.n), 0) : max(until, 0)]


def _scaled_sum(values: Floats) -> float:
    return float(np.ldexp(values, SUM_SCALE).sum())


def _effect(found: Found, kind: ColumnKind) -> float:
    """How large a change is: Cohen's d of normal scores; of shares Cohen's h.

    Source: J. Cohen, "Statistical Power Analysis for the Behavioral Sciences", 2nd edition 1988, pp. 20 and 180.
    """
    if kind == "number":
        return abs(found.after - found.before)
    angles = [2.0 * math.asin(math.sqrt(min(max(share, 0.0), 1.0))) for share in (found.before, found.after)]
    return abs(angles[1] - angles[0])
