"""Pairs of outcomes, one inside a group and one outside it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints


class Pairs(NamedTuple):
    """Pairs of outcomes.

    Attributes:
        rows: The row of the later outcome of each pair, rising, shape (m,).
        inside, outside: The losses of the outcomes inside and outside the group, shape (m,) each.
    """

    rows: Ints
    inside: Floats
    outside: Floats


class PairedOutcomes:
    """Pairs each outcome with the newest one before it on the other side of a group, where that is not paired yet.

    No outcome is in two pairs, so that pairs are as independent as outcomes are. A change of the group's frequency or
    of the losses of all changes the number of pairs, but not the difference in them.

    >>> paired = PairedOutcomes()
    >>> paired.take(np.array([True, True, False, True]), np.array([9.0, 1.0, 2.0, 3.0]))
    Pairs(rows=array([2]), inside=array([1.]), outside=array([2.]))
    >>> paired.take(np.array([False]), np.array([4.0]))
    Pairs(rows=array([0]), inside=array([3.]), outside=array([4.]))
    """

    def __init__(self) -> None:
        #: The newest outcome, if it is not paired: whether it is inside, and its loss.
        self._held: tuple[bool, float] | None = None

    def take(self, is_inside: Bools, losses: Floats) -> Pairs:
        """Return the pairs that the next outcomes complete.

        Args:
            is_inside: Which outcomes are inside the group, shape (n,).
            losses: Their losses, shape (n,).
        """
        held = 0 if self._held is None else 1
        if self._held is not None:
            is_inside, losses = np.append(self._held[0], is_inside), np.append(self._held[1], losses)
        changes = np.flatnonzero(is_inside[1:] != is_inside[:-1]) + 1
        # Where changes follow each other at once, every other one has an outcome that is paired already.
        is_first = np.diff(changes, prepend=-1) > 1
        begins = np.maximum.accumulate(np.where(is_first, changes, 0))
        later = changes[(changes - begins) % 2 == 0]
        is_later_inside = is_inside[later]
        if len(losses) and not (len(later) and later[-1] == len(losses) - 1):
            self._held = bool(is_inside[-1]), float(losses[-1])
        elif len(losses):
            self._held = None
        inside = np.where(is_later_inside, losses[later], losses[later - 1])
        outside = np.where(is_later_inside, losses[later - 1], losses[later])
        return Pairs(later - held, inside, outside)

    def state(self) -> list[Any] | None:
        return None if self._held is None else [*self._held]

    def restore(self, state: list[Any] | None) -> None:
        self._held = None if state is None else (bool(state[0]), float(state[1]))
