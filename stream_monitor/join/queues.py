"""Two queues over a table, of which little is in memory however long they are."""

from __future__ import annotations

import heapq
import math
import struct
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from stream_monitor.state.key_value_store import KeyValueStore


class Item(NamedTuple):
    """One id in a queue, and since when it is there (inf: since before any time was known)."""

    number: int
    since: float
    identity: str


class Fifo:
    """Ids in order of arrival, numbered from 0, in chunks that the table keeps.

    In memory are the newest chunk, the one at the head, and a count for each: a chunk of which nothing is left is
    dropped unread.
    """

    CHUNK = 4096

    def __init__(self, table: KeyValueStore, prefix: bytes) -> None:
        self._table = table
        self._prefix = prefix
        self._end = 0
        self._head = 0
        self._left: dict[int, int] = {}  # by chunk: how many were not discarded
        self._newest: list[tuple[float | None, str]] = []
        self._oldest: tuple[int, list[tuple[float | None, str]]] | None = None

    def append(self, since: float, identity: str) -> int:
        """Add an id; its number."""
        number = self._end
        chunk = number // self.CHUNK
        self._newest.append((since if since < math.inf else None, identity))
        self._left[chunk] = self._left.get(chunk, 0) + 1
        self._end += 1
        if self._end % self.CHUNK == 0:
            self.save()
            self._newest = []
        return number

    def discard(self, number: int) -> None:
        """An id needs no more attention; it may still come up at the head."""
        chunk = number // self.CHUNK
        left = self._left.get(chunk)
        if left is None:
            return
        self._left[chunk] = left - 1
        if left == 1 and chunk < self._end // self.CHUNK:
            self._drop(chunk)

    def oldest(self) -> Item | None:
        """What is at the head; it may have been discarded."""
        chunk = next(iter(self._left), None)
        if chunk is None:
            return None
        self._head = max(self._head, chunk * self.CHUNK)
        if self._head == self._end:
            return None
        since, identity = self._items(chunk)[self._head - chunk * self.CHUNK]
        return Item(self._head, math.inf if since is None else since, identity)

    def advance(self) -> None:
        """Go past the head."""
        chunk = self._head // self.CHUNK
        self._head += 1
        if self._head % self.CHUNK == 0:
            self._drop(chunk)

    def ahead(self) -> list[str]:
        """The ids from the head on that are in its chunk."""
        chunk = self._head // self.CHUNK
        return [identity for _, identity in self._items(chunk)[self._head - chunk * self.CHUNK :]]

    def save(self) -> None:
        """Put what is in memory only into the table."""
        if self._newest:
            self._table.put(self._key((self._end - 1) // self.CHUNK), orjson.dumps(self._newest))

    def state(self) -> dict[str, Any]:
        return {"end": self._end, "head": self._head, "left": list(self._left.items())}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._end, self._head, self._left = state["end"], state["head"], dict(state["left"])
        if self._end % self.CHUNK:
            self._newest = self._read(self._end // self.CHUNK)

    def _items(self, chunk: int) -> list[tuple[float | None, str]]:
        if chunk == self._end // self.CHUNK:
            return self._newest
        if self._oldest is None or self._oldest[0] != chunk:
            self._oldest = chunk, self._read(chunk)
        return self._oldest[1]

    def _read(self, chunk: int) -> list[tuple[float | None, str]]:
        stored = self._table.get(self._key(chunk))
        return [(since, identity) for since, identity in orjson.loads(stored or b"[]")]

    def _drop(self, chunk: int) -> None:
        self._left.pop(chunk, None)
        self._table.delete(self._key(chunk))

    def _key(self, chunk: int) -> bytes:
        return self._prefix + chunk.to_bytes(8, "big")


class TimeQueue:
    """Values in order of a time and a number. They are in the table; in memory are the keys of the next ones."""

    NEAR = 50_000

    def __init__(self, table: KeyValueStore, prefix: bytes) -> None:
        self._table = table
        self._prefix = prefix
        self._near: list[tuple[float, int]] = []  # a heap of all keys before the horizon
        self._horizon = (math.inf, 0)

    def push(self, ts: float, number: int, value: bytes) -> None:
        """Add a value; no two have the same time and number."""
        self.replace(ts, number, value)
        if (ts, number) >= self._horizon:
            return
        heapq.heappush(self._near, (ts, number))
        if self._table.spills and len(self._near) > 2 * self.NEAR:
            self._near.sort()
            self._horizon = self._near[self.NEAR]
            del self._near[self.NEAR :]

    def get(self, ts: float, number: int) -> bytes | None:
        return self._table.get(self._key(ts, number))

    def replace(self, ts: float, number: int, value: bytes) -> None:
        """Put another value in the place of one that is there."""
        self._table.put(self._key(ts, number), value)

    @property
    def first(self) -> float:
        """Nothing is earlier than this; inf when there is nothing."""
        return min(self._near[0] if self._near else (math.inf, 0), self._horizon)[0]

    def pop_due(self, clock: float, delay: float) -> Iterator[bytes]:
        """Take out, in order, every value whose time is at least ``delay`` before ``clock``."""
        while self.first + delay <= clock:
            if not self._near:
                self._read()
                continue
            key = self._key(*heapq.heappop(self._near))
            value = self._table.get(key)
            self._table.delete(key)
            if value is not None:
                yield value

    def restore(self) -> None:
        """What the table has is all there is: it will be read when it is due."""
        self._near, self._horizon = [], (-math.inf, 0)

    def _read(self) -> None:
        """Take in the keys that come next."""
        start = self._prefix if self._horizon[0] == -math.inf else self._key(*self._horizon)
        rows = self._table.scan(start, self._prefix + b"\xff" * 17, self.NEAR + 1)
        keys = [_read_key(key[len(self._prefix) :]) for key, _ in rows]
        self._horizon = keys.pop() if len(keys) > self.NEAR else (math.inf, 0)
        self._near = keys

    def _key(self, ts: float, number: int) -> bytes:
        return self._prefix + _ordered(ts) + number.to_bytes(8, "big")


def _ordered(value: float) -> bytes:
    """Eight bytes that sort as the numbers do: IEEE 754 with the sign turned, and below zero all bits."""
    bits = int.from_bytes(struct.pack(">d", value + 0.0), "big")
    bits ^= 0xFFFF_FFFF_FFFF_FFFF if bits >> 63 else 1 << 63
    return bits.to_bytes(8, "big")


def _read_key(key: bytes) -> tuple[float, int]:
    bits = int.from_bytes(key[:8], "big")
    bits ^= 1 << 63 if bits >> 63 else 0xFFFF_FFFF_FFFF_FFFF
    return struct.unpack(">d", bits.to_bytes(8, "big"))[0], int.from_bytes(key[8:], "big")
