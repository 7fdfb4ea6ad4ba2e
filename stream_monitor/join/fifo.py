"""First-in, first-out queues of ids in a key-value store."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson

from stream_monitor.core.arrays import Floats, Ints, count_each
from stream_monitor.state.key_value_store import KeyValueStore


class Item(NamedTuple):
    """An id in a queue; ``arrival`` is the stream time at which it arrived, inf when no time was known yet."""

    number: int
    arrival: float
    identity: str


class Upcoming(NamedTuple):
    """The m ids that follow each other from the head of a queue on; some may be discarded.

    Attributes:
        first: The number of the first.
        arrivals: The stream time at which each arrived, inf when no time was known yet, shape (m,).
        ids: The ids.
    """

    first: int
    arrivals: Floats
    ids: Sequence[str]


class _Chunk:
    """Ids that follow each other in a queue, with their arrivals."""

    def __init__(self, stored: bytes | None = None) -> None:
        self.ids: list[str]
        arrivals, self.ids = orjson.loads(stored) if stored else ((), [])
        self.arrivals = array("d", [math.inf if arrival is None else arrival for arrival in arrivals])

    def encoded(self) -> bytes:
        """Return the stored form: JSON of the arrivals, null for inf, and of the ids."""
        return orjson.dumps((np.frombuffer(self.arrivals), self.ids), option=orjson.OPT_SERIALIZE_NUMPY)


class _StoredChunks:
    """The chunks of a queue in a key-value store, by their numbers."""

    def __init__(self, store: KeyValueStore, prefix: bytes) -> None:
        self._store, self._prefix = store, prefix

    def read(self, number: int) -> _Chunk:
        return _Chunk(self._store.get(self._key(number)))

    def write(self, number: int, chunk: _Chunk) -> None:
        self._store.put(self._key(number), chunk.encoded())

    def delete(self, number: int) -> None:
        self._store.delete(self._key(number))

    def _key(self, number: int) -> bytes:
        return self._prefix + number.to_bytes(8, "big")


class Fifo:
    """A queue of ids in order of arrival, numbered from 0.

    The store holds it in chunks. In memory are the newest chunk, the chunk at the head, and for each chunk the count
    of ids that are not discarded: a chunk without any is deleted unread.
    """

    CHUNK_SIZE = 4096

    def __init__(self, store: KeyValueStore, prefix: bytes) -> None:
        self._stored = _StoredChunks(store, prefix)
        self._end = 0
        self._head = 0
        self._left: dict[int, int] = {}  # by chunk: ids that are not discarded
        self._newest = _Chunk()
        self._oldest: tuple[int, _Chunk] | None = None

    def append(self, arrival: float, identity: str) -> int:
        """Add an id; return its number."""
        number = self._end
        chunk = number // self.CHUNK_SIZE
        self._newest.arrivals.append(arrival)
        self._newest.ids.append(identity)
        self._left[chunk] = self._left.get(chunk, 0) + 1
        self._end += 1
        self._close_newest()
        return number

    def extend(self, arrivals: Sequence[float] | Floats, identities: Sequence[str]) -> Ints:
        """Add ids; return their numbers, shape (len(identities),)."""
        first, at = self._end, 0
        while at < len(identities):
            count = min(self.CHUNK_SIZE - self._end % self.CHUNK_SIZE, len(identities) - at)
            self._newest.arrivals.frombytes(np.asarray(arrivals[at : at + count], np.float64).tobytes())
            self._newest.ids.extend(identities[at : at + count])
            chunk = self._end // self.CHUNK_SIZE
            self._left[chunk] = self._left.get(chunk, 0) + count
            self._end, at = self._end + count, at + count
            self._close_newest()
        return np.arange(first, self._end)

    def discard(self, number: int) -> None:
        """Discard an id; it may still come up at the head."""
        self._discard_of(number // self.CHUNK_SIZE, 1)

    def discard_all(self, numbers: Ints) -> None:
        """Discard ids by their numbers, each once."""
        for chunk, count in count_each(numbers // self.CHUNK_SIZE):
            self._discard_of(chunk, count)

    def oldest(self) -> Item | None:
        """Return the head of the queue, None when the queue is empty; the head may be discarded."""
        chunk = next(iter(self._left), None)
        if chunk is None:
            return None
        self._head = max(self._head, chunk * self.CHUNK_SIZE)
        if self._head == self._end:
            return None
        items, at = self._items(chunk), self._head - chunk * self.CHUNK_SIZE
        return Item(self._head, items.arrivals[at], items.ids[at])

    def advance(self, count: int = 1) -> None:
        """Remove the head, or so many ids from the head on, at most to the end of its chunk."""
        chunk = self._head // self.CHUNK_SIZE
        self._head += count
        if self._head % self.CHUNK_SIZE == 0:
            self._drop(chunk)

    def upcoming(self) -> Upcoming:
        """Return what is in the queue from the head to the end of its chunk."""
        if self.oldest() is None:
            return Upcoming(self._head, np.empty(0), ())
        chunk = self._head // self.CHUNK_SIZE
        items, at = self._items(chunk), self._head - chunk * self.CHUNK_SIZE
        return Upcoming(self._head, np.array(items.arrivals[at:]), items.ids[at:])

    def save(self) -> None:
        """Write the newest chunk to the store."""
        if self._newest.ids:
            self._stored.write((self._end - 1) // self.CHUNK_SIZE, self._newest)

    def state(self) -> dict[str, Any]:
        """Return the state for the checkpoint; `save` comes first."""
        first = next(iter(self._left), None)
        head = self._end if first is None else max(self._head, first * self.CHUNK_SIZE)
        return {"end": self._end, "head": head, "left": list(self._left.items())}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a state, over the store that belongs to it."""
        self._end, self._head, self._left = state["end"], state["head"], dict(state["left"])
        if self._end % self.CHUNK_SIZE:
            self._newest = self._stored.read(self._end // self.CHUNK_SIZE)

    def _close_newest(self) -> None:
        """Write the newest chunk when it is full, and begin another."""
        if self._end % self.CHUNK_SIZE == 0:
            self.save()
            self._newest = _Chunk()

    def _discard_of(self, chunk: int, count: int) -> None:
        left = self._left.get(chunk)
        if left is None:
            return
        self._left[chunk] = left - count
        if left == count and chunk < self._end // self.CHUNK_SIZE:
            self._drop(chunk)

    def _items(self, chunk: int) -> _Chunk:
        if chunk == self._end // self.CHUNK_SIZE:
            return self._newest
        if self._oldest is None or self._oldest[0] != chunk:
            self._oldest = chunk, self._stored.read(chunk)
        return self._oldest[1]

    def _drop(self, chunk: int) -> None:
        self._left.pop(chunk, None)
        self._stored.delete(chunk)
