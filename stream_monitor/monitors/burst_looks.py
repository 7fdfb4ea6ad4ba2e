"""The places at which the bursts of a signal's variance are measured, counted in its values."""

from __future__ import annotations

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.variance_bursts import VarianceBursts

#: Number of values of a window.
WINDOW = 1000


def next_look(count: int) -> int:
    """Return the number of values at the end of the next window, after so many: 1,000, then each time twice as many.

    >>> next_look(0), next_look(1000), next_look(3999)
    (1000, 2000, 4000)
    """
    return WINDOW << (count // WINDOW).bit_length()


def look(bursts: VarianceBursts, history: Floats, begin: int, end: int) -> None:
    """Take the windows that end within the newest values of a signal.

    Args:
        bursts: The bursts, to which the windows are added.
        history: The newest values, all or at least `WINDOW` more than those from ``begin`` on; shape (n,).
        begin: The number of values before those that are looked at.
        end: The number of values up to their end, that of ``history``.
    """
    while (stop := next_look(begin)) <= end:
        last = len(history) - (end - stop)
        bursts.add(history[last - WINDOW : last])
        begin = stop
