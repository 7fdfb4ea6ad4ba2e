"""All rows by id: the newest in memory, the others in a key-value store."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from stream_monitor.core.arrays import Ints, optional_floats
from stream_monitor.join.block_codec import Block
from stream_monitor.join.id_hash import IdHash
from stream_monitor.join.row_blocks import RowBlocks
from stream_monitor.join.rows import NOTHING, Rows, as_objects
from stream_monitor.join.spilled_ids import SpilledIds
from stream_monitor.state.key_value_store import KeyValueStore


class RowTable:
    """Finds the row of an id in memory, reads it into memory where it is not, and writes the rows that have changed.

    Args:
        store: Holds the rows, too.
        max_memory: Bytes that rows may take in memory, about, if the store holds more than fits in memory.

    Attributes:
        rows: The rows in memory.
    """

    #: Bytes of a row in memory, with the id and the other objects in it, and those of one that is not, about.
    ROW_BYTES, SPILLED_BYTES = 400, 14
    MIN_ROWS = 20_000
    #: Rows that are read after a restart; if there are more, each is read when it is asked for.
    MAX_READ = 100_000
    #: Rows that are moved at once to empty sparse blocks.
    MAX_MOVED = 4096

    def __init__(self, store: KeyValueStore, max_memory: int) -> None:
        self.rows = Rows()
        self._blocks, self._spilled = RowBlocks(store), SpilledIds()
        self._max_memory, self._hash = max_memory, IdHash(store) if store.spills else None
        self._absent: set[str] = set()  # ids that were looked for and not found, since the last save
        self._discarded = 0

    def find(self, ids: Sequence[str]) -> Ints:
        """Return the row of each id, `NOTHING` where there is none, shape (len(ids),)."""
        if len(self._spilled):
            self._absent = {identity for identity in ids if identity not in self.rows.by_id}
            self._load(list(self._absent))
        return self.rows.find(ids)

    def find_one(self, identity: str) -> int:
        """Return the row of an id, `NOTHING` where there is none."""
        row = self.rows.by_id.get(identity)
        if row is None and len(self._spilled) and identity not in self._absent:
            self._load([identity])
            row = self.rows.by_id.get(identity)
        return NOTHING if row is None else row

    def save(self) -> None:
        """Write the rows that have changed to the store, and keep no more in memory than fit."""
        changed, void = self.rows.take_changes()
        self._discard(void)
        moved, void = self._move(max(len(changed), self.MAX_MOVED))
        self._discard(void)
        changed = np.concatenate((changed, moved))
        hashes = self._hash(self.rows["identity"][changed].tolist()) if self._hash else None
        self.rows["hash"][changed] = 0 if hashes is None else hashes
        self.rows["position"][changed] = self._blocks.append(self.rows, changed, hashes)
        self._blocks.map.save()
        if self._hash and len(self.rows.by_id) > self._max_rows():
            self._spill(len(self.rows.by_id) - self._max_rows() * 3 // 4)
        self._forget()

    def resume(self) -> None:
        """Take up what is in the store, after a restart: all rows, or only hashes of their ids if they are many."""
        self._blocks.map.resume()
        if self._hash and self._blocks.map.in_use > min(self.MAX_READ, self._max_rows()):
            for hashes, positions in self._blocks.hashes():
                self._spilled.add(hashes, positions)
        else:
            for positions, block in self._blocks.rows():
                self._take(positions, block)

    def _max_rows(self) -> int:
        """Return how many rows fit in memory."""
        left = self._max_memory - self.SPILLED_BYTES * len(self._spilled)
        return max(left // self.ROW_BYTES, self.MIN_ROWS)

    def _load(self, ids: Sequence[str]) -> None:
        """Read the rows of those of some ids, all different, that are spilled."""
        places, positions = self._spilled.find(self._hash(ids) if self._hash else np.empty(0, np.uint64))
        is_used = self._blocks.map.are_used(positions)
        is_used &= np.array([position not in self.rows.void for position in positions.tolist()], bool)
        places, positions = places[is_used], positions[is_used]
        if not len(places):
            return
        block = self._blocks.read(positions)
        meant = np.array([ids[place] == identity for place, identity in zip(places.tolist(), block.ids, strict=True)])
        self._take(positions[meant], block.take(np.flatnonzero(meant)))

    def _take(self, positions: Ints, block: Block) -> None:
        """Add rows that are in the store to those in memory."""
        numbers = {name: block.numbers[name] for name in block.numbers.dtype.names or ()}
        names = {"target": block.targets, "key": block.keys, "scope": block.scopes}
        objects = {**names, "probabilities": block.probabilities, "subgroup": block.subgroups}
        places = {"position": positions, "hash": self._hash(block.ids) if self._hash else 0}
        columns = {name: as_objects(each) for name, each in objects.items()}
        self.rows.load(block.ids, **places, **numbers, **columns, score=optional_floats(block.scores))

    def _discard(self, positions: Ints) -> None:
        if len(positions):
            self._blocks.discard(positions)
            self._discarded += len(positions)

    def _move(self, limit: int) -> tuple[Ints, Ints]:
        """Return the rows in sparse blocks, which are to be written anew, and their positions."""
        positions = self._blocks.map.positions(self._blocks.map.sparse(limit))
        if not len(positions):
            return positions, positions
        spilled = np.setdiff1d(positions, self.rows["position"]) if len(self._spilled) else positions[:0]
        if len(spilled):
            self._take(spilled, self._blocks.read(spilled))
        return np.flatnonzero(np.isin(self.rows["position"], positions)), positions

    def _spill(self, count: int) -> None:
        """Drop so many rows from memory, those first that were added first."""
        rows = np.fromiter(islice(self.rows.by_id.values(), count), np.int64, count)
        self._spilled.add(self.rows["hash"][rows].astype(np.uint64), self.rows["position"][rows].astype(np.int64))
        self.rows.drop(rows)
        self._absent.clear()
        if 4 * len(self.rows.by_id) < len(self.rows["state"]):
            self.rows.shrink()

    def _forget(self) -> None:
        """Forget spilled ids whose rows are discarded, once they are many; their blocks can be taken again then."""
        if 4 * self._discarded >= len(self._spilled):
            self._spilled.keep(self._blocks.map.are_used)
            self._blocks.map.reuse()
            self._discarded = 0
