"""A hold-out that is looked at again and again: rows whose scores are never shown, and the level of each verdict.

Half of the rows of a set give the scores that are shown; the other half gives the verdict, which is one bit. Whoever
picks candidates by their scores learns nothing of the second half but those bits, so there are few candidates that
they can lead to, and the level is shared over all of them. This is the argument of A. Blum, M. Hardt, "The Ladder: a
reliable leaderboard for machine learning competitions", ICML 2015, and of C. Dwork et al., "The reusable holdout:
preserving validity in adaptive data analysis", Science 349 (2015), pp. 636-638.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools
from stream_monitor.stats.sign_test import Pairs

#: The chance that a candidate ever passes though none that is tested is better than the champion, at most.
LEVEL = 0.05
#: The part of the level of candidates that follow on no pass.
_FIRST = 0.8


class History(NamedTuple):
    """The looks that were taken at a hold-out before: their number, and that of those that passed."""

    looks: int = 0
    passes: int = 0


def verdict_level(history: History) -> float:
    """Return the level of the next verdict.

    After n looks of which j passed, the next candidate is one of at most ``C(n, j)``, by what the looks before it
    have told. With weights over n (``6 / (pi (n + 1))^2``) and over j, all of them together have `LEVEL` at most.

    >>> round(verdict_level(History()), 4), round(verdict_level(History(looks=99)), 8)
    (0.0243, 2.43e-06)
    """
    looks, passes = history.looks + 1, history.passes
    of_looks = 6.0 / (math.pi * looks) ** 2
    of_passes = (1.0 - _FIRST) * 0.5**passes if passes else _FIRST
    return LEVEL * of_looks * of_passes / math.comb(history.looks, passes)


def for_verdict(ids: Sequence[str]) -> Bools:
    """Return which rows are for the verdict, by the hash of their ids, shape (n,)."""
    digests = (blake2b(each.encode(errors="surrogatepass"), digest_size=1, person=b"verdict") for each in ids)
    return np.array([digest.digest()[0] < 128 for digest in digests], bool)


def paired(candidate: Bools, champion: Bools) -> Pairs:
    """Return the pairs of a candidate and a champion out of the rows on which each is right, shape (n,).

    >>> paired(np.array([True, True, False]), np.array([True, False, False]))
    Pairs(rows=3, better=1, worse=0)
    """
    return Pairs(len(candidate), int((candidate & ~champion).sum()), int((champion & ~candidate).sum()))
