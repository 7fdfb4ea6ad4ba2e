"""Key-value stores: the protocol, and the one in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol


class KeyValueStore(Protocol):
    """Bytes by key. Reads see every put and delete before them."""

    #: Whether it holds more than fits in memory; its users then keep little in memory themselves.
    spills: bool

    def prefetch(self, keys: Iterable[bytes]) -> None:
        """Read keys ahead that are asked for next; a hint that changes no result."""
        ...

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key, None when there is none."""
        ...

    def get_all(self, keys: Sequence[bytes]) -> list[bytes]:
        """Return the values of keys, all of which are there."""
        ...

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of a key."""
        ...

    def delete(self, key: bytes) -> None:
        """Delete a key, if it is there."""
        ...

    def scan(self, start: bytes, end: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Return the first ``limit`` items in order of their keys, from ``start`` to ``end``, exclusive."""
        ...


#: Bytes of a value that is copied although it may take no more memory than that, at most.
MAX_COPIED = 65_536


def trimmed(value: bytes) -> bytes:
    """Return a value in little more memory than its bytes: orjson (on Python 3.12) allocates 4 KB and more."""
    return b"%b" % value if len(value) <= MAX_COPIED else value


class MemoryStore:
    """A key-value store in memory, for a process without a state directory."""

    spills = False

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self.get = self._values.get

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of a key."""
        self._values[key] = trimmed(value)

    def get_all(self, keys: Sequence[bytes]) -> list[bytes]:
        """Return the values of keys, all of which are there."""
        return [self._values[key] for key in keys]

    def prefetch(self, keys: Iterable[bytes]) -> None:
        """Do nothing: every value is in memory."""

    def delete(self, key: bytes) -> None:
        """Delete a key, if it is there."""
        self._values.pop(key, None)

    def scan(self, start: bytes, end: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Return the first ``limit`` items in order of their keys, from ``start`` to ``end``, exclusive."""
        return sorted(item for item in self._values.items() if start <= item[0] < end)[:limit]
