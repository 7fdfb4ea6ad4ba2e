"""Rows in a key-value store, in blocks that are written once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.join import block_codec
from stream_monitor.join.block_codec import Block
from stream_monitor.join.block_map import SIZE, BlockMap
from stream_monitor.join.rows import Rows
from stream_monitor.join.spilled_ids import Hashes
from stream_monitor.state.key_value_store import KeyValueStore

_ROWS, _HASHES, _BEHIND = b"b", b"k", b"l"


class RowBlocks:
    """Rows by their position; a row that changes gets another one, and a block without rows in use is deleted.

    Args:
        store: Holds the blocks. If it holds more than fits in memory, it also has the hashes of the ids of each.

    Attributes:
        map: The positions in use.
    """

    #: Blocks that are read at once after a restart.
    MAX_AT_ONCE = 1024

    def __init__(self, store: KeyValueStore) -> None:
        self._store = store
        self.map = BlockMap(store)

    def append(self, rows: Rows, at: Ints, hashes: Hashes | None) -> Ints:
        """Write rows, and the hashes of their ids; return their positions, shape (len(at),)."""
        positions = self.map.take(len(at))
        blocks = (positions[::SIZE] // SIZE).tolist()
        for block, value in zip(blocks, block_codec.encode(rows, at, SIZE), strict=True):
            self._store.put(_key(_ROWS, block), value)
        if hashes is not None:
            for number, block in enumerate(blocks):
                part = hashes[number * SIZE : (number + 1) * SIZE]
                self._store.put(_key(_HASHES, block), part.astype("<u4").tobytes())
        return positions

    def discard(self, positions: Ints) -> None:
        """Discard the rows at these positions."""
        for block in self.map.discard(positions).tolist():
            self._store.delete(_key(_ROWS, block))
            self._store.delete(_key(_HASHES, block))

    def read(self, positions: Ints) -> Block:
        """Return the rows at these positions, which are in use."""
        blocks, which = np.unique(positions // SIZE, return_inverse=True)
        found, starts = self._decoded(blocks)
        return found.take(starts[which] + positions % SIZE)

    def rows(self) -> Iterator[tuple[Ints, Block]]:
        """Yield the positions and the rows in use, in parts."""
        every = self.map.blocks()
        for start in range(0, len(every), self.MAX_AT_ONCE):
            blocks = every[start : start + self.MAX_AT_ONCE]
            positions, (found, starts) = self.map.positions(blocks), self._decoded(blocks)
            if len(positions) < len(found.ids):
                found = found.take(starts[np.searchsorted(blocks, positions // SIZE)] + positions % SIZE)
            yield positions, found

    def hashes(self) -> Iterator[tuple[Hashes, Ints]]:
        """Yield the hashes of the ids of the rows in use, and their positions, in parts."""
        start = _HASHES
        while part := self._store.scan(start, _BEHIND, self.MAX_AT_ONCE):
            sizes = np.array([len(value) // 4 for _, value in part])
            first = np.array([int.from_bytes(key[1:], "big") * SIZE for key, _ in part])
            hashes = np.frombuffer(b"".join(value for _, value in part), "<u4").astype(np.uint64)
            positions = np.arange(len(hashes)) + np.repeat(first - np.cumsum(sizes) + sizes, sizes)
            is_used = self.map.are_used(positions)
            yield hashes[is_used], positions[is_used]
            start = part[-1][0] + b"\0"

    def _decoded(self, blocks: Ints) -> tuple[Block, Ints]:
        """Return the rows of these blocks, in use or not, and the row at which each block begins."""
        return block_codec.decode(self._store.get_all([_key(_ROWS, block) for block in blocks.tolist()]))


def _key(prefix: bytes, block: int) -> bytes:
    return prefix + block.to_bytes(4, "big")
