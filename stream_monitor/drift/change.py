"""A change that a detector found, in the signal's own terms: where it began, its means, how large it is."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import ColumnKind, Floats
from stream_monitor.stats.moments import mean

#: Newest values of a signal that its means and its distances are taken over.
MEAN_WINDOW = 1000


#: Sums of raw values are kept this much smaller, by a power of two: a million values of 1e308 have a sum, too.
SUM_SCALE = -40


class Found(NamedTuple):
    """A change that a channel found.

    ``at`` and ``ts`` tell the prediction at which it was raised; ``place`` that in whose value it was found, an
    earlier one if that was held for the warm-up; ``since`` the first one that the detector counted since its start.
    ``newer``: how many of the signal's values came after that one. ``n`` and ``total``: values, and their sum (times
    ``2^SUM_SCALE``), from the detector's start up to it; ``n_after`` of them are after the change, 0 where the
    detector does not tell. ``before`` and ``after`` are the means of what the detector was fed. ``levels``: where a
    season was taken out, what these are in the signal's own unit.
    """

    at: int
    ts: float
    place: int
    newer: int
    n: int
    n_after: int
    total: float
    since: int
    before: float
    after: float
    category: int | None
    levels: tuple[float, float] | None = None


def running_sums(start: float, values: Floats) -> Floats:
    """The running sums behind each value, with the start before the first; strictly in order. Shape (n + 1,)."""
    sums = np.empty(len(values) + 1)
    sums[0] = start
    # As exact as ldexp, and much faster.
    np.multiply(values, 2.0**SUM_SCALE, out=sums[1:])
    return np.add.accumulate(sums, out=sums)


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
    n_after = min(change_point_mle(newest, before), found.n - 1)
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


#: Fewest values that the mean after a change is taken over.
MIN_AFTER = 5


def change_point_mle(values: Floats, before: float) -> int:
    """How many of the newest values are after a change whose place is not known: those that differ most from before.

    The n that maximises ``n (mean - before)^2`` is the maximum-likelihood change point for a shift in mean with a
    known level before it (Page 1954). A detector's own window may still hold much of what was before.

    >>> change_point_mle(np.repeat([0.0, 3.0], [90, 10]), before=0.0)
    10
    """
    if len(values) < MIN_AFTER:
        return len(values)
    counts = np.arange(1.0, len(values) + 1.0)
    # A power of two: it keeps 1e308 from overflowing, and changes no digit.
    exponent = math.frexp(max(float(np.abs(values).max()), abs(before)))[1]
    means = np.cumsum(np.ldexp(values[::-1], -exponent)) / counts
    gains = counts * (means - math.ldexp(before, -exponent)) ** 2
    return MIN_AFTER + int(gains[MIN_AFTER - 1 :].argmax())
