"""The places at which a signal is compared with the training data, counted in its values."""

from __future__ import annotations

#: Number of values at the first look, and of the windows that are counted from the second one on.
FIRST_LOOK, WINDOW = 500, 1000
#: Number of values up to which every window is counted; later, two in each doubling of the number of values.
MAX_COUNTED_ALL = 8 * WINDOW


def next_window(taken: int) -> int:
    """Return the number of values at the end of the next window that is counted, after so many values.

    >>> next_window(0), next_window(500), next_window(7000), next_window(8000), next_window(12_000)
    (500, 1000, 8000, 12000, 16000)
    """
    if taken < WINDOW:
        return FIRST_LOOK if taken < FIRST_LOOK else WINDOW
    if taken < MAX_COUNTED_ALL:
        return taken + WINDOW
    double = WINDOW << (taken // WINDOW).bit_length()
    return double * 3 // 4 if taken < double * 3 // 4 else double


def is_look(taken: int) -> bool:
    """Return True if a verdict is given after so many values: the first, 1,000 and each time twice as many.

    >>> [windows for windows in range(1, 20) if is_look(1000 * windows)]
    [1, 2, 4, 8, 16]
    """
    windows, rest = divmod(taken, WINDOW)
    return taken == FIRST_LOOK or (not rest and windows.bit_count() == 1)
