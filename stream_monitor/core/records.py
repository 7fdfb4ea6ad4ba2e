"""Raw records with their positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

#: A partition by its topic and number.
TopicPartition = tuple[str, int]


class Record(Protocol):
    """Raw bytes with a position. kafka-python's records have this shape already, so none is copied."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int | None:
        """Milliseconds since the epoch; None or negative when unknown."""
        ...

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | Mapping[str, Any] | Unreadable | None:
        """The body: bytes of JSON, or a row that a file's reader has already taken apart."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Unreadable(str):
    """In place of a record's value: why the source could not read it. The codec rejects it."""


class ParsedBody(dict[str, Any]):
    """A body that was decoded from a record's bytes already, and is otherwise treated as those bytes."""

    __slots__ = ()


class TextRow(dict[str, Any]):
    """A row of a CSV file: every cell is text, an empty one None."""


class FileRecord(NamedTuple):
    """A record that does not come from Kafka."""

    topic: str
    offset: int
    value: bytes | Mapping[str, Any] | None
    timestamp: int | None = None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int = 0
