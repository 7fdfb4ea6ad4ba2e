"""The positions of rows in blocks, and which of them are in use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Bools, Ints
from stream_monitor.join.record_log import RecordLog
from stream_monitor.state.key_value_store import KeyValueStore

#: Positions of a block: as many as a word has bits. Position p is that of bit p % SIZE of block p // SIZE.
SIZE = 32
_ALL = np.uint32(0xFFFF_FFFF)
_PREFIX = b"m"
_ONES = np.array([value.bit_count() for value in range(256)], np.uint8)


class BlockMap:
    """A bit for each position of each block, which is 1 while the row there is in use.

    Attributes:
        in_use: Number of positions in use.
    """

    #: Up to so many blocks, no row is moved.
    MIN_BLOCKS = 64

    def __init__(self, store: KeyValueStore) -> None:
        self._log = RecordLog(store, _PREFIX)
        self.in_use = 0
        self._words = np.zeros(0, np.uint32)
        self._free: list[int] = []
        self._freed: list[int] = []
        self._discarded: list[Ints] = []
        self._taken: tuple[int, list[int]] = 0, []

    def take(self, count: int) -> Ints:
        """Take positions in new blocks, of which the last may not be full; return them, shape (count,)."""
        needed = -(-count // SIZE)
        blocks = [self._free.pop() for _ in range(min(needed, len(self._free)))]
        missing = needed - len(blocks)
        blocks += range(len(self._words), len(self._words) + missing)
        self._words = np.append(self._words, np.zeros(missing, np.uint32))
        self._use(blocks, count)
        self._taken = self._taken[0] + count, self._taken[1] + blocks
        return _of(np.array(blocks, np.int64))[:count]

    def discard(self, at: Ints) -> Ints:
        """Discard the rows at these positions; return the blocks that have no other."""
        self._clear(at)
        self._discarded.append(at)
        blocks = np.unique(at // SIZE)
        emptied: Ints = blocks[self._words[blocks] == 0]
        self._freed += emptied.tolist()
        return emptied

    def reuse(self) -> None:
        """Let the blocks that were emptied be taken again: nobody remembers positions in them."""
        self._free += self._freed
        self._freed = []

    def are_used(self, at: Ints) -> Bools:
        """Return which of these positions are in use, shape (len(at),)."""
        bits: Bools = (self._words[at // SIZE] & _bit(at)) != 0
        return bits

    def blocks(self) -> Ints:
        """Return the blocks that have rows, rising."""
        return np.flatnonzero(self._words)

    def positions(self, blocks: Ints) -> Ints:
        """Return the positions in use in these blocks."""
        at = _of(blocks)
        return at[self.are_used(at)]

    def sparse(self, limit: int) -> Ints:
        """Return blocks to move the rows out of: of those that are at most half in use, the emptiest.

        There are such blocks while more positions are out of use than in use. A row that is moved then pays for at
        least one position that is not in use.

        Args:
            limit: Rows in these blocks at most.
        """
        blocks = len(self._words) - len(self._free) - len(self._freed)
        excess = blocks * SIZE - 2 * self.in_use
        if blocks <= self.MIN_BLOCKS or excess <= 0:
            return np.empty(0, np.int64)
        counts = _ONES[self._words.view(np.uint8)].reshape(-1, 4).sum(1)
        sparse = np.flatnonzero((counts > 0) & (counts <= SIZE // 2))
        sparse = sparse[np.argsort(counts[sparse], kind="stable")]
        rows = np.cumsum(counts[sparse], dtype=np.int64)
        freed = np.arange(1, len(sparse) + 1) * SIZE - rows
        return sparse[: min(np.searchsorted(rows, limit, "right"), int(np.searchsorted(freed, excess)) + 1)]

    def save(self) -> None:
        """Write what has changed to the store."""
        (rows, blocks), discarded = self._taken, self._discarded
        self._taken, self._discarded = (0, []), []
        if not self.in_use:
            self._log.delete()
        elif rows or discarded:
            change = np.concatenate(([rows], blocks, *discarded)).astype("<u4")
            self._log.save(change.tobytes(), self._words.astype("<u4", copy=False).tobytes)

    def resume(self) -> None:
        """Take up what is in the store, after a restart."""
        records = [np.frombuffer(record, "<u4") for record in self._log.load()]
        if records:
            self._words = records[0].astype(np.uint32)
            self.in_use = int(_ONES[self._words.view(np.uint8)].sum())
        for record in records[1:]:
            self._repeat(int(record[0]), record[1:].astype(np.int64))
        self._free = np.flatnonzero(self._words == 0).tolist()

    def _repeat(self, rows: int, values: Ints) -> None:
        """Repeat a change: positions are discarded, and then blocks taken."""
        blocks, discarded = np.split(values, [-(-rows // SIZE)])
        self._clear(discarded)
        missing = max(blocks, default=-1) + 1 - len(self._words)
        self._words = np.append(self._words, np.zeros(max(missing, 0), np.uint32))
        self._use(blocks.tolist(), rows)

    def _use(self, blocks: list[int], rows: int) -> None:
        self._words[blocks] = _ALL
        if rows % SIZE:
            self._words[blocks[-1]] = _ALL >> np.uint32(SIZE - rows % SIZE)
        self.in_use += rows

    def _clear(self, at: Ints) -> None:
        np.bitwise_and.at(self._words, at // SIZE, ~_bit(at))
        self.in_use -= len(at)


def _of(blocks: Ints) -> Ints:
    """Return all positions of these blocks."""
    at: Ints = blocks[:, None] * SIZE + np.arange(SIZE)
    return at.ravel()


def _bit(at: Ints) -> NDArray[np.uint32]:
    return np.uint32(1) << (at % SIZE).astype(np.uint32)
