"""Where the joiner keeps what waits: keys to values, in memory or on disk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class KeyValueStore(Protocol):
    """Bytes by key. What is put or deleted is seen at once."""

    #: Whether it holds more than memory does; then whoever uses it keeps little in memory.
    spills: bool

    def prefetch(self, keys: Iterable[bytes]) -> None:
        """These keys will be asked for: a hint that spares time."""
        ...

    def get(self, key: bytes) -> bytes | None: ...

    def put(self, key: bytes, value: bytes) -> None: ...

    def delete(self, key: bytes) -> None:
        """Forget a key; it need not be there."""
        ...

    def scan(self, start: bytes, end: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """The first ``limit`` entries in the order of their keys, from ``start`` up to but without ``end``."""
        ...


def fitted(value: bytes) -> bytes:
    """A copy that takes no more memory than it has bytes: what orjson gives keeps 4 KB and more (from 3.12 on)."""
    return b"%b" % value


class MemoryStore:
    """A table for a process that keeps no state."""

    spills = False

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self.get = self._values.get

    def put(self, key: bytes, value: bytes) -> None:
        self._values[key] = fitted(value)

    def prefetch(self, keys: Iterable[bytes]) -> None:
        """Nothing to do: all is at hand."""

    def delete(self, key: bytes) -> None:
        self._values.pop(key, None)

    def scan(self, start: bytes, end: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        return sorted(item for item in self._values.items() if start <= item[0] < end)[:limit]
