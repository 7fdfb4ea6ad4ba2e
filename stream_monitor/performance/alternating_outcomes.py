"""Differences between two versions of which each event has seen one: an A/B test or a canary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints, pack, unpack

#: Outcomes of the more frequent version that the next outcome of the other one is compared with, at most.
MAX_OPEN = 1_000


class Differences(NamedTuple):
    """Differences from -1 to 1, each with the row of the outcome that completes it, rising, shape (n,) each."""

    values: Floats
    rows: Ints


class AlternatingOutcomes:
    """Compares outcomes of two versions in blocks, each of which ends with the first outcome of the other version.

    The last outcome of a block is compared with each before it: the difference is the share of those that the
    challenger is better than, less the share of those that it is worse than. For 0 and 1 that is the challenger's
    mean less the champion's. Both sides of a difference are of the same time, so that a trend in both versions, or a
    share of traffic that rises, makes no difference. Where a block ends depends on the versions only; so all
    differences have the expectation 0 if the versions are equal.

    >>> outcomes = AlternatingOutcomes()
    >>> outcomes.add(np.array([False, False, True]), np.array([0.0, 1.0, 1.0])).values.tolist()
    [0.5]
    """

    def __init__(self) -> None:
        self._is_challenger = False
        self._open: Floats = np.empty(0)

    def add(self, is_challenger: Bools, scores: Floats) -> Differences:
        """Return the differences that the next outcomes complete.

        Args:
            is_challenger: True for an outcome of the challenger, False for one of the champion, shape (n,), n > 0.
            scores: A larger one is better, shape (n,).
        """
        before = len(self._open)
        arms = np.concatenate((np.full(before, self._is_challenger), is_challenger))
        scores = np.concatenate((self._open, scores))
        begins, ends, rest = _blocks(arms)
        self._is_challenger, self._open = bool(arms[-1]), scores[rest:][-MAX_OPEN:].copy()
        return Differences(_differences(arms, scores, begins, ends), ends - before)

    def state(self) -> dict[str, Any]:
        return {"is_challenger": self._is_challenger, "scores": pack(self._open)}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._is_challenger, self._open = state["is_challenger"], unpack(state["scores"])


def _blocks(arms: Bools) -> tuple[Ints, Ints, int]:
    """Return the first and the last row of each complete block, shape (n,) each, and the first row behind them.

    A block has all of a run of equal values but those that the block before has, and the first of the next run.
    """
    starts = np.concatenate(([0], np.flatnonzero(arms[1:] != arms[:-1]) + 1))
    is_single = np.diff(starts, append=len(arms)) == 1
    # The first of a run is taken by the block before, unless the run before was all taken: then in turn, from the
    # last longer run on.
    number = np.arange(len(starts))
    turn = np.maximum.accumulate(np.concatenate(([1], np.where(is_single, 1, number + 1))))[:-1]
    is_taken = (number - turn) % 2 == 0
    begins = starts + is_taken
    is_block = ~(is_taken & is_single)[:-1]
    return begins[:-1][is_block], starts[1:][is_block], int(begins[-1])


def _differences(arms: Bools, scores: Floats, begins: Ints, ends: Ints) -> Floats:
    """Return the difference of each block."""
    begins = np.maximum(begins, ends - MAX_OPEN)
    sizes = ends - begins
    if not len(sizes):
        return np.empty(0)
    firsts = np.cumsum(sizes) - sizes
    rows = np.arange(int(sizes.sum())) + np.repeat(begins - firsts, sizes)
    signs = np.sign(np.repeat(scores[ends], sizes) - scores[rows]).astype(np.int64)
    better: Floats = np.add.reduceat(signs, firsts) / sizes
    return np.where(arms[ends], better, -better)
