"""First-in, first-out queues of ids in a key-value store."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from stream_monitor.state.key_value_store import KeyValueStore


class Item(NamedTuple):
    """An id in a queue; ``arrival`` is the stream time at which it arrived, inf when no time was known yet."""

    number: int
    arrival: float
    identity: str


class Fifo:
    """A queue of ids in order of arrival, numbered from 0.

    The store holds it in chunks. In memory are the newest chunk, the chunk at the head, and for each chunk the count
    of ids that are not discarded: a chunk without any is deleted unread.
    """

    CHUNK_SIZE = 4096

    def __init__(self, store: KeyValueStore, prefix: bytes) -> None:
        self._store = store
        self._prefix = prefix
        self._end = 0
        self._head = 0
        self._left: dict[int, int] = {}  # by chunk: ids that are not discarded
        self._newest: list[tuple[float | None, str]] = []
        self._oldest: tuple[int, list[tuple[float | None, str]]] | None = None

    def append(self, arrival: float, identity: str) -> int:
        """Add an id; return its number."""
        number = self._end
        chunk = number // self.CHUNK_SIZE
        self._newest.append((arrival if arrival < math.inf else None, identity))
        self._left[chunk] = self._left.get(chunk, 0) + 1
        self._end += 1
        if self._end % self.CHUNK_SIZE == 0:
            self.save()
            self._newest = []
        return number

    def discard(self, number: int) -> None:
        """Discard an id; it may still come up at the head."""
        chunk = number // self.CHUNK_SIZE
        left = self._left.get(chunk)
        if left is None:
            return
        self._left[chunk] = left - 1
        if left == 1 and chunk < self._end // self.CHUNK_SIZE:
            self._drop(chunk)

    def oldest(self) -> Item | None:
        """Return the head of the queue, None when the queue is empty; the head may be discarded."""
        chunk = next(iter(self._left), None)
        if chunk is None:
            return None
        self._head = max(self._head, chunk * self.CHUNK_SIZE)
        if self._head == self._end:
            return None
        arrival, identity = self._items(chunk)[self._head - chunk * self.CHUNK_SIZE]
        return Item(self._head, math.inf if arrival is None else arrival, identity)

    def advance(self) -> None:
        """Remove the head."""
        chunk = self._head // self.CHUNK_SIZE
        self._head += 1
        if self._head % self.CHUNK_SIZE == 0:
            self._drop(chunk)

    def upcoming(self) -> list[str]:
        """Return the ids from the head to the end of its chunk."""
        chunk = self._head // self.CHUNK_SIZE
        return [identity for _, identity in self._items(chunk)[self._head - chunk * self.CHUNK_SIZE :]]

    def save(self) -> None:
        """Write the newest chunk to the store."""
        if self._newest:
            self._store.put(self._key((self._end - 1) // self.CHUNK_SIZE), orjson.dumps(self._newest))

    def state(self) -> dict[str, Any]:
        """Return the state for the checkpoint; `save` comes first."""
        return {"end": self._end, "head": self._head, "left": list(self._left.items())}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a state, over the store that belongs to it."""
        self._end, self._head, self._left = state["end"], state["head"], dict(state["left"])
        if self._end % self.CHUNK_SIZE:
            self._newest = self._read(self._end // self.CHUNK_SIZE)

    def _items(self, chunk: int) -> list[tuple[float | None, str]]:
        if chunk == self._end // self.CHUNK_SIZE:
            return self._newest
        if self._oldest is None or self._oldest[0] != chunk:
            self._oldest = chunk, self._read(chunk)
        return self._oldest[1]

    def _read(self, chunk: int) -> list[tuple[float | None, str]]:
        stored = self._store.get(self._key(chunk))
        return [(arrival, identity) for arrival, identity in orjson.loads(stored or b"[]")]

    def _drop(self, chunk: int) -> None:
        self._left.pop(chunk, None)
        self._store.delete(self._key(chunk))

    def _key(self, chunk: int) -> bytes:
        return self._prefix + chunk.to_bytes(8, "big")
