"""The positions of rows that are not in memory, by a hash of their ids."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Bools, Ints

#: A key is 32 bits of an id's hash, and the position of its row.
_Keys = NDArray[np.uint64]
Hashes = NDArray[np.uint64]
_SHIFT, _POSITION = np.uint64(32), np.uint64(0xFFFF_FFFF)


class SpilledIds:
    """Sorted keys, 8 bytes an id: most of them in parts by their first bits, so that little is copied at once.

    The newest are in an array of their own, until they are so many that it is worth to merge them with the others.
    """

    PARTS = 16
    #: The share of all keys that the newest ones are at most.
    MAX_NEWEST = 1 / 16

    def __init__(self) -> None:
        self._edges = np.arange(1, self.PARTS, dtype=np.uint64) * np.uint64((1 << 64) // self.PARTS)
        self._parts: list[_Keys] = [np.empty(0, np.uint64)] * self.PARTS
        self._newest = np.empty(0, np.uint64)
        self._added: list[_Keys] = []

    def __len__(self) -> int:
        return sum(map(len, (*self._parts, self._newest, *self._added)))

    def add(self, hashes: Hashes, positions: Ints) -> None:
        """Add the hashes of ids with the positions of their rows; one that is there already does no harm."""
        self._added.append(hashes << _SHIFT | positions.astype(np.uint64))
        if 2 * sum(map(len, self._added)) > sum(map(len, self._parts)):
            self._sort()

    def find(self, hashes: Hashes) -> tuple[Ints, Ints]:
        """Return candidates, for each the place of its hash among these, and a position at which its row may be."""
        self._sort()
        places = np.argsort(hashes)
        hashes = hashes[places] << _SHIFT
        found = [_candidates(self._newest, hashes, places)]
        for part, at in zip(self._parts, self._split(hashes), strict=True):
            if len(part) and at.stop > at.start:
                found.append(_candidates(part, hashes[at], places[at]))
        return np.concatenate([each for each, _ in found]), np.concatenate([each for _, each in found])

    def keep(self, are_kept: Callable[[Ints], Bools]) -> None:
        """Forget the positions that are not to be kept."""
        self._sort()
        *self._parts, self._newest = (
            keys[are_kept((keys & _POSITION).astype(np.int64))] for keys in (*self._parts, self._newest)
        )

    def _sort(self) -> None:
        """Merge the keys that were added with the newest ones, and these with all others once they are many."""
        if not self._added:
            return
        self._newest = _merged(self._newest, np.sort(np.concatenate(self._added)))
        self._added = []
        if len(self._newest) > self.MAX_NEWEST * sum(map(len, self._parts)):
            for number, at in enumerate(self._split(self._newest)):
                self._parts[number] = _merged(self._parts[number], self._newest[at])
            self._newest = np.empty(0, np.uint64)

    def _split(self, keys: _Keys) -> list[slice]:
        """Return where the keys of each part are, given sorted ones."""
        cuts = [0, *np.searchsorted(keys, self._edges).tolist(), len(keys)]
        return [slice(start, stop) for start, stop in pairwise(cuts)]


def _merged(keys: _Keys, others: _Keys) -> _Keys:
    """Return the keys of two sorted arrays, each once."""
    merged = np.concatenate((keys, others))
    merged.sort(kind="stable")  # timsort merges the two
    is_first = np.ones(len(merged), bool)
    np.not_equal(merged[1:], merged[:-1], out=is_first[1:])
    return merged if is_first.all() else merged[is_first]


def _candidates(part: _Keys, hashes: _Keys, places: Ints) -> tuple[Ints, Ints]:
    first = np.searchsorted(part, hashes)
    counts = np.searchsorted(part, hashes | _POSITION, "right") - first
    each = np.repeat(np.arange(len(hashes)), counts)
    at = np.arange(len(each)) - (np.cumsum(counts) - counts)[each] + first[each]
    return places[each], (part[at] & _POSITION).astype(np.int64)
