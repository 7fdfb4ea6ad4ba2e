"""Records: the bytes of an event, with their position in a log or a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

#: A partition by its topic and number.
TopicPartition = tuple[str, int]


class Record(Protocol):
    """Bytes with a position. kafka-python's records have these attributes, so that none is copied."""

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
        """The body: bytes that a decoder reads, or a mapping that was parsed already."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Unreadable(str):
    """Stands in for the value of a record that the source could not read: the reason. The codec rejects it."""


class ParsedBody(dict[str, Any]):
    """A body that was decoded from a record's bytes already, and is otherwise treated as those bytes."""

    __slots__ = ()


class TextRow(dict[str, Any]):
    """A row of a CSV file: each cell is text, or None where it is empty."""


class FileRecord(NamedTuple):
    """A record as a tuple: of a file, of a test, or taken out of a batch."""

    topic: str
    offset: int
    value: bytes | Mapping[str, Any] | Unreadable | None
    timestamp: int | None = None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int = 0
