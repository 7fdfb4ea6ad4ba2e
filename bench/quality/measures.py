"""Measures of the quality of detection, computed from alarms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import fmean, median

from scipy.stats import chi2


def poisson_interval(count: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact confidence interval of a Poisson mean (Garwood, Biometrika 28, 1936, pp. 437-442)."""
    tail = (1 - level) / 2
    low = float(chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    return low, float(chi2.ppf(1 - tail, 2 * count + 2)) / 2


def run_length(values: int, alarms: int) -> tuple[float, float, float]:
    """Return the ARL (mean number of values between two alarms) and its 95 % interval; infinite without alarms."""
    low, high = poisson_interval(alarms)
    return ratio(values, alarms), values / high, ratio(values, low)


def ratio(amount: float, parts: float) -> float:
    return amount / parts if parts else math.inf


def lorden(run: float, divergence: float) -> float:
    """Return the lower bound of the mean delay of any detector with this run length, to first order.

    Lorden, "Procedures for reacting to a change in distribution", Ann. Math. Stat. 42 (1971), pp. 1897-1908.
    """
    return math.log(run) / divergence if divergence else math.inf


def delay_summary(delays: Sequence[int | None]) -> dict[str, float]:
    """Return the median delay, with a miss as infinite, the mean delay of those found, and the share missed."""
    found = [delay for delay in delays if delay is not None]
    return {
        "median": median(math.inf if delay is None else delay for delay in delays),
        "mean": fmean(found) if found else math.inf,
        "missed": 1 - len(found) / len(delays),
    }


def drift_counts(alarms: Iterable[int], drifts: Sequence[int], window: int, strict: bool) -> tuple[int, int, int]:
    """Count true alarms, false alarms and missed drifts.

    The first alarm within the window after a drift is true; an alarm in no window is false. A further alarm in the
    window of a drift is neither, or false if ``strict``.
    """
    owners = [next((drift for drift in drifts if drift <= alarm < drift + window), None) for alarm in alarms]
    found = len({owner for owner in owners if owner is not None})
    false = len(owners) - found if strict else owners.count(None)
    return found, false, len(drifts) - found


def f1(true: int, false: int, missed: int) -> float:
    return 2 * true / (2 * true + false + missed) if true else 0.0


def annotated_f1(annotations: Sequence[set[int]], alarms: Iterable[int], margin: int = 5) -> float:
    """Return the F1 against several annotators: precision against their union, recall as the mean over them.

    Each series has a trivial change point at 0. Van den Burg and Williams, "An evaluation of change point detection
    algorithms", 2020, arXiv:2003.06222, section 4.1.
    """
    sets = [{0, *each} for each in annotations]
    said = {0, *alarms}
    precision = _matches(set().union(*sets), said, margin) / len(said)
    recall = fmean(_matches(each, said, margin) / len(each) for each in sets)
    return 2 * precision * recall / (precision + recall)


def _matches(points: set[int], said: set[int], margin: int) -> int:
    """Count the points that have an alarm of their own within the margin, matching each to the nearest free one."""
    left, count = set(said), 0
    for point in sorted(points):
        near = min(left, key=lambda alarm: (abs(alarm - point), alarm), default=None)
        if near is not None and abs(near - point) <= margin:
            left.remove(near)
            count += 1
    return count
