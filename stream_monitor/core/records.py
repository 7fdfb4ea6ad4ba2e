"""Records: the bytes of an event, with their position in a log or a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

#: A partition by its topic and number.
TopicPartition = tuple[str, int]


class Unreadable(str):
    """Stands in for the value of a record that the source could not read: the reason. The codec rejects it."""


class ParsedBody(dict[str, Any]):
    """A body that was decoded from a record's bytes already, and is otherwise treated as those bytes."""

    __slots__ = ()


class TextRow(dict[str, Any]):
    """A row of a CSV file: each cell is text, or None where it is empty."""


#: The body of a record: bytes that a decoder reads, a mapping that was parsed already, or why there is neither.
Body = bytes | Mapping[str, Any] | Unreadable | None


class Record(NamedTuple):
    """The bytes of an event with a position. In a `RecordBatch`, records are columns; one is made where it is needed.

    Attributes:
        topic: The topic, or the name of the file.
        offset: The position in the partition.
        value: The body.
        timestamp: Milliseconds since the epoch; None or negative when unknown.
        key: The key.
        headers: The headers.
        partition: The number of the partition.
    """

    topic: str
    offset: int
    value: Body
    timestamp: int | None = None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int = 0
