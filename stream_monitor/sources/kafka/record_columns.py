"""Record batches of message format 2 as columns, without an object a record.

What is not plain (damage, odd varints, headers that are not ASCII) raises `NotPlainError`: such a batch is left to
the client's parser, which goes record by record and is the definition of what is valid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Ints
from stream_monitor.core.batch import RecordBatch
from stream_monitor.core.records import TopicPartition

#: Bytes of a varint: more would not fit 63 bits.
MAX_VARINT_BYTES = 9
#: Offsets and times up to here can be added up without an overflow.
MAX_SUMMAND = 1 << 61
#: Headers of a record, and bytes of a header's key.
MAX_HEADERS, MAX_HEADER_KEY_BYTES = 64, 256

_Raw = NDArray[np.uint8]
_Headers = list[list[tuple[str, bytes | None]]]


class NotPlainError(Exception):
    """A batch has to be parsed record by record."""


class RawBatch(NamedTuple):
    """Uncompressed records in a row, and what the header of their batch says of them.

    Attributes:
        at: Position of the first byte.
        end: Position behind the last one.
        size: Number of records.
        base_offset: Is added to each record's offset.
        base_time: Is added to each record's time, in milliseconds.
        append_time: The time of all records, where the broker sets it; otherwise None.
    """

    at: int
    end: int
    size: int
    base_offset: int
    base_time: int
    append_time: int | None


class Wanted(NamedTuple):
    """The columns that somebody reads, beside values, offsets and times."""

    keys: bool = True
    headers: bool = True


EVERYTHING = Wanted()


class Parsed(NamedTuple):
    """Records as columns, and the bytes that they take in the log."""

    records: RecordBatch
    size: int


def parse(tp: TopicPartition, whole: bytes, batches: Sequence[RawBatch], wanted: Wanted) -> Parsed:
    """Return the records of batches.

    Args:
        tp: Their partition.
        whole: The bytes of all of them.
        batches: Their places there.
        wanted: The columns to return.

    Raises:
        NotPlainError: At least one of them has to be parsed record by record.
    """
    for batch in batches:
        summands = (batch.base_offset, batch.base_time, batch.append_time or 0)
        _check_plain(batch.size > 0 and all(-MAX_SUMMAND < each < MAX_SUMMAND for each in summands))
    try:
        return _parse(tp, whole, _positions(whole, batches), batches, wanted)
    except IndexError:
        raise NotPlainError from None


def _parse(tp: TopicPartition, whole: bytes, positions: Ints, batches: Sequence[RawBatch], wanted: Wanted) -> Parsed:
    raw = np.frombuffer(whole, np.uint8)
    length, begin = _varints(raw, positions)
    _check_plain(not (length & 1).any() and not (raw[begin] > 0x7F).any())  # attributes are one byte
    time, at = _varints(raw, begin + 1)
    offset, at = _varints(raw, at)
    key_at, key_size, at = _nullable(raw, at)
    value_at, value_size, at = _nullable(raw, at)
    headers, at = _headers(raw, whole, at, wanted.headers)
    _check_plain(bool((at == begin + (length >> 1)).all()))
    counts = [batch.size for batch in batches]
    records = RecordBatch(
        (tp,),
        np.zeros(len(positions), np.int64),
        np.repeat([batch.base_offset for batch in batches], counts) + _summand(offset),
        _times(batches, counts, _summand(time)),
        _slices(whole, value_at, value_size),
        _slices(whole, key_at, key_size) if wanted.keys and (key_size >= 0).any() else None,
        headers,  # type: ignore[arg-type]
    )
    return Parsed(records, int((length >> 1).sum()))


def _check_plain(is_plain: bool) -> None:
    if not is_plain:
        raise NotPlainError


def _positions(whole: bytes, batches: Sequence[RawBatch]) -> Ints:
    """Return where the records begin: the one step that Python makes for each of them."""
    positions: list[int] = []
    add = positions.append
    for batch in batches:
        at = batch.at
        for _ in range(batch.size):
            add(at)
            low = whole[at]
            if low < 0x80:
                at += 1 + (low >> 1)
            elif (high := whole[at + 1]) < 0x80:
                at += 2 + (((low & 0x7F) | high << 7) >> 1)
            else:
                at = _behind_long(whole, at)
        _check_plain(at == batch.end)
    return np.array(positions, np.int64)


def _behind_long(whole: bytes, at: int) -> int:
    """Return the end of a record whose length takes three bytes or more."""
    length = 0
    for number in range(MAX_VARINT_BYTES):
        length |= (whole[at + number] & 0x7F) << 7 * number
        if whole[at + number] < 0x80:
            return at + number + 1 + (length >> 1)
    raise NotPlainError


def _varints(raw: _Raw, at: Ints) -> tuple[Ints, Ints]:
    """Return the unsigned varints at these positions, and the positions behind them."""
    first = raw[at]
    numbers = first.astype(np.int64)
    at = at + 1
    longer = np.flatnonzero(first > 0x7F)
    if len(longer):
        numbers &= 0x7F
    for number in range(1, MAX_VARINT_BYTES + 1):
        if not len(longer):
            return numbers, at
        byte = raw[at[longer]]
        numbers[longer] |= (byte & 0x7F).astype(np.int64) << 7 * number
        at[longer] += 1
        longer = longer[byte > 0x7F]
    raise NotPlainError


def _signed(numbers: Ints) -> Ints:
    return (numbers >> 1) ^ -(numbers & 1)


def _summand(numbers: Ints) -> Ints:
    signed = _signed(numbers)
    _check_plain(not len(signed) or (signed.min() > -MAX_SUMMAND and signed.max() < MAX_SUMMAND))
    return signed


def _nullable(raw: _Raw, at: Ints) -> tuple[Ints, Ints, Ints]:
    """Return begin and size of the bytes at these positions, and the positions behind them; size < 0: None."""
    number, begin = _varints(raw, at)
    size = _signed(number)
    return begin, size, begin + np.maximum(size, 0)


def _times(batches: Sequence[RawBatch], counts: Sequence[int], deltas: Ints) -> Ints:
    times = np.repeat([batch.base_time for batch in batches], counts) + deltas
    if any(batch.append_time is not None for batch in batches):
        is_set = np.repeat([batch.append_time is not None for batch in batches], counts)
        times[is_set] = np.repeat([batch.append_time or 0 for batch in batches], counts)[is_set]
    return times


def _slices(whole: bytes, begin: Ints, size: Ints) -> list[bytes | None]:
    found: list[bytes | None] = [
        whole[at:end] for at, end in zip(begin.tolist(), (begin + size).tolist(), strict=True)
    ]
    for row in np.flatnonzero(size < 0).tolist():
        found[row] = None
    return found


def _headers(raw: _Raw, whole: bytes, at: Ints, is_wanted: bool) -> tuple[_Headers | None, Ints]:
    """Return the headers, None if there are none or nobody wants them, and the positions behind them."""
    number, at = _varints(raw, at)
    _check_plain(not (number & 1).any())
    left = number >> 1
    most = int(left.max())
    _check_plain(most <= MAX_HEADERS)
    headers: _Headers | None = [[] for _ in range(len(at))] if is_wanted and most else None
    for turn in range(most):
        rows = np.flatnonzero(left > turn)
        key_at, key_size, key_end = _nullable(raw, at[rows])
        _check_plain(_is_ascii(raw, key_at, key_size))
        value_at, value_size, at[rows] = _nullable(raw, key_end)
        if headers:
            names = (whole[begin:end].decode() for begin, end in zip(key_at.tolist(), key_end.tolist(), strict=True))
            for row, header in zip(
                rows.tolist(), zip(names, _slices(whole, value_at, value_size), strict=True), strict=True
            ):
                headers[row].append(header)
    return headers, at


def _is_ascii(raw: _Raw, begin: Ints, size: Ints) -> bool:
    """Return True when all these bytes are ASCII; False when there are too many to look at."""
    longest = int(size.max())
    if longest > MAX_HEADER_KEY_BYTES or size.min() < 0:
        return False
    places = np.arange(longest)
    found = raw[np.minimum(begin[:, None] + places, len(raw) - 1)]
    return not (found[places < size[:, None]] > 0x7F).any()
