"""Rows in a key-value store, in blocks that are written once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stream_monitor.core.arrays import Ints
from stream_monitor.join import block_codec
from stream_monitor.join.block_codec import Block
from stream_monitor.join.block_map import SIZE, BlockMap
from stream_monitor.join.rows import Rows
from stream_monitor.state.key_value_store import KeyValueStore

_PREFIX = b"b"


class RowBlocks:
    """Rows by their position; a row that changes gets another one, and a block without rows in use is deleted.

    Attributes:
        map: The positions in use.
    """

    #: Blocks that are read at once after a restart.
    MAX_AT_ONCE = 1024

    def __init__(self, store: KeyValueStore) -> None:
        self._store = store
        self.map = BlockMap(store)

    def append(self, rows: Rows, at: Ints) -> Ints:
        """Write rows; return their positions, shape (len(at),)."""
        positions = self.map.take(len(at))
        for block, value in zip(
            (positions[::SIZE] // SIZE).tolist(), block_codec.encode(rows, at, SIZE), strict=True
        ):
            self._store.put(_key(block), value)
        return positions

    def discard(self, positions: Ints) -> None:
        """Discard the rows at these positions."""
        for block in self.map.discard(positions).tolist():
            self._store.delete(_key(block))

    def read(self, positions: Ints) -> Block:
        """Return the rows at these positions, which are in use."""
        blocks, which = np.unique(positions // SIZE, return_inverse=True)
        found, starts = self._decoded(blocks)
        return found.take(starts[which] + positions % SIZE)

    def resume(self) -> Iterator[tuple[Ints, Block]]:
        """Take up what is in the store, after a restart; yield the positions and the rows in use, in parts."""
        self.map.resume()
        every = self.map.blocks()
        for start in range(0, len(every), self.MAX_AT_ONCE):
            blocks = every[start : start + self.MAX_AT_ONCE]
            positions, (found, starts) = self.map.positions(blocks), self._decoded(blocks)
            if len(positions) < len(found.ids):
                found = found.take(starts[np.searchsorted(blocks, positions // SIZE)] + positions % SIZE)
            yield positions, found

    def _decoded(self, blocks: Ints) -> tuple[Block, Ints]:
        """Return the rows of these blocks, in use or not, and the row at which each block begins."""
        return block_codec.decode(self._store.get_all([_key(block) for block in blocks.tolist()]))


def _key(block: int) -> bytes:
    return _PREFIX + block.to_bytes(4, "big")
