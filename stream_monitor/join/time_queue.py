"""A queue of values by time in a key-value store."""

from __future__ import annotations

import heapq
import math
import struct
from collections.abc import Iterator

from stream_monitor.state.key_value_store import KeyValueStore


class TimeQueue:
    """Values in order of a time and a number. The store holds them; in memory are the keys of the next ones."""

    MAX_NEAR = 50_000

    def __init__(self, store: KeyValueStore, prefix: bytes) -> None:
        self._store = store
        self._prefix = prefix
        self._near: list[tuple[float, int]] = []  # a heap of all keys before the horizon
        self._horizon = (math.inf, 0)

    def push(self, ts: float, number: int, value: bytes) -> None:
        """Add a value; no two may have the same time and number."""
        self.replace(ts, number, value)
        if (ts, number) >= self._horizon:
            return
        heapq.heappush(self._near, (ts, number))
        if self._store.spills and len(self._near) > 2 * self.MAX_NEAR:
            self._near.sort()
            self._horizon = self._near[self.MAX_NEAR]
            del self._near[self.MAX_NEAR :]

    def get(self, ts: float, number: int) -> bytes | None:
        """Return the value of this time and number, None when there is none."""
        return self._store.get(self._key(ts, number))

    def replace(self, ts: float, number: int, value: bytes) -> None:
        """Replace the value of this time and number."""
        self._store.put(self._key(ts, number), value)

    @property
    def first(self) -> float:
        """A lower bound of all times in the queue; inf when it is empty."""
        return min(self._near[0] if self._near else (math.inf, 0), self._horizon)[0]

    def pop_due(self, now: float, delay: float) -> Iterator[tuple[int, bytes]]:
        """Remove and yield, in order, number and value of all whose time is at least ``delay`` before ``now``."""
        while self.first + delay <= now:
            if not self._near:
                self._read_near()
                continue
            ts, number = heapq.heappop(self._near)
            key = self._key(ts, number)
            value = self._store.get(key)
            self._store.delete(key)
            if value is not None:
                yield number, value

    def due(self, now: float, delay: float) -> list[tuple[float, int]] | None:
        """Return, in order, time and number of every value whose time is at least ``delay`` before ``now``.

        Returns:
            None when the keys of some of them are not in memory.
        """
        if self._horizon[0] + delay <= now:
            return None
        found, places = [], [0]
        while places:
            at = places.pop()
            if at < len(self._near) and self._near[at][0] + delay <= now:  # in a heap no child is before its parent
                found.append(self._near[at])
                places += (2 * at + 1, 2 * at + 2)
        return sorted(found)

    def resume(self) -> None:
        """Take up what is in the store; it is read when it is due."""
        self._near, self._horizon = [], (-math.inf, 0)

    def _read_near(self) -> None:
        """Read the next keys from the store."""
        start = self._prefix if self._horizon[0] == -math.inf else self._key(*self._horizon)
        rows = self._store.scan(start, self._prefix + b"\xff" * 17, self.MAX_NEAR + 1)
        keys = [_read_key(key[len(self._prefix) :]) for key, _ in rows]
        self._horizon = keys.pop() if len(keys) > self.MAX_NEAR else (math.inf, 0)
        self._near = keys

    def _key(self, ts: float, number: int) -> bytes:
        return self._prefix + _ordered(ts) + number.to_bytes(8, "big")


def _ordered(value: float) -> bytes:
    """Return eight bytes that sort as the numbers do: IEEE 754, the sign bit flipped, or all bits below zero."""
    bits = int.from_bytes(struct.pack(">d", value + 0.0), "big")
    bits ^= 0xFFFF_FFFF_FFFF_FFFF if bits >> 63 else 1 << 63
    return bits.to_bytes(8, "big")


def _read_key(key: bytes) -> tuple[float, int]:
    """Return the time and the number of a key without its prefix."""
    bits = int.from_bytes(key[:8], "big")
    bits ^= 1 << 63 if bits >> 63 else 0xFFFF_FFFF_FFFF_FFFF
    return struct.unpack(">d", bits.to_bytes(8, "big"))[0], int.from_bytes(key[8:], "big")
