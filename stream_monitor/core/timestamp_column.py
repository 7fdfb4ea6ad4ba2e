"""Parsing of a column of times, as `parse_timestamp` reads each of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.core.timestamps import MAX_EPOCH, MICROSECONDS, MILLISECONDS, MIN_EPOCH, SECONDS, parse_timestamp

_NUMBERS = frozenset((int, float))
#: The date and the time of day of ISO 8601 to whole seconds: a zero for each digit.
_LAYOUT: Final = "0000-00-00T00:00:00"
_PLACES: Final = np.array([at for at, mark in enumerate(_LAYOUT) if mark == "0"])
_MARKS: Final = np.array([at for at, mark in enumerate(_LAYOUT) if mark in "-:"])
_MARK_BYTES: Final = np.frombuffer("".join(mark for mark in _LAYOUT if mark in "-:").encode(), np.uint8)
#: The fields by the position of their first digit among the digits: year, month and day, hour, minute, second.
_FIELDS: Final = [
    (0, np.array([1000, 100, 10, 1])),
    (4, np.array([1000, 100, 10, 1])),
    (8, np.array([10, 1])),
    (10, np.array([10, 1])),
    (12, np.array([10, 1])),
]
_MAX_DIGITS = 9
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_NO_DATE: Final = -(2**40)
#: Whole numbers below this are exact as floats; microseconds of later times are rounded twice.
_MAX_EXACT = 2**53


def parse_timestamps(values: Sequence[Any]) -> tuple[Floats, list[int]]:
    """Return a column of times, all that have one layout at once.

    Args:
        values: ISO 8601 texts, numbers and None, n of them.

    Returns:
        Seconds since the epoch, NaN for None, shape (n,); and the positions of what is no time, where it is NaN, too.

    >>> parse_timestamps(["2026-11-23T12:00:00Z", None, 1795435200000, "soon"])
    (array([1.7954352e+09,           nan, 1.7954352e+09,           nan]), [3])
    """
    kinds = set(map(type, values))
    found = np.full(len(values), math.nan)
    left: Sequence[int] = range(len(values))
    if kinds == {str}:
        left = _read_texts(values, found)
    elif kinds and kinds <= _NUMBERS:
        left = _read_numbers(values, found)
    wrong: list[int] = []
    for at in left:
        if (value := values[at]) is None:
            continue
        try:
            found[at] = parse_timestamp(value)
        except (ValueError, OverflowError):
            wrong.append(at)
    return found, wrong


def _read_numbers(values: Sequence[int | float], found: Floats) -> Sequence[int]:
    """Read the numbers that are times; return the positions of the others."""
    try:
        numbers = np.array(values, np.float64)
    except OverflowError:
        return range(len(values))
    size = np.abs(numbers)
    usable = (size < MAX_EPOCH) & ((size >= SECONDS) | (numbers >= MIN_EPOCH))
    units = np.select([size < SECONDS, size < MILLISECONDS, size < MICROSECONDS], [1.0, 1e3, 1e6], 1e9)
    found[usable] = (numbers / units)[usable]
    return np.flatnonzero(~usable).tolist()


def _read_texts(texts: Sequence[str], found: Floats) -> Sequence[int]:
    """Read the texts that have the layout of the first; return the positions of the others."""
    first = texts[0]
    try:
        offset = datetime.fromisoformat(first).utcoffset()
    except ValueError:
        return range(len(texts))
    digits = _fraction_digits(first)
    if len(first) < len(_LAYOUT) or digits > _MAX_DIGITS:
        return range(len(texts))
    rows = _as_rows(texts, len(first))
    end = len(_LAYOUT) + (digits + 1 if digits else 0)
    fixed = np.array([10, *([len(_LAYOUT)] if digits else []), *range(end, len(first))])
    is_like = (rows[:, fixed] == rows[0, fixed]).all(axis=1) & (rows[:, _MARKS] == _MARK_BYTES).all(axis=1)
    micros, is_time = _microseconds(rows, digits)
    if offset:
        micros -= round(offset.total_seconds() * 1e6)
    is_like &= is_time & (np.abs(micros) < _MAX_EXACT)
    found[is_like] = micros[is_like] / 1e6
    return [] if is_like.all() else np.flatnonzero(~is_like).tolist()


def _fraction_digits(text: str) -> int:
    """Return the number of digits of the fraction of a second."""
    fraction = text[len(_LAYOUT) + 1 :] if text[len(_LAYOUT) : len(_LAYOUT) + 1] in (".", ",") else ""
    return next((at for at, mark in enumerate(fraction) if not mark.isdigit()), len(fraction))


def _as_rows(texts: Sequence[str], width: int) -> NDArray[np.uint8]:
    """Return texts as rows of characters, shape (n, width); of texts of another width, no row is a time."""
    if set(map(len, texts)) != {width}:
        texts = [text if len(text) == width else " " * width for text in texts]
    return np.frombuffer("".join(texts).encode("ascii", "replace"), np.uint8).reshape(-1, width)


def _microseconds(rows: NDArray[np.uint8], digits: int) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the microseconds since the epoch that rows of characters spell, and which of them are times."""
    places = np.concatenate((_PLACES, np.arange(len(_LAYOUT) + 1, len(_LAYOUT) + 1 + digits)))
    values = rows[:, places] - np.uint8(ord("0"))
    is_time = (values <= 9).all(axis=1)
    wide = values.astype(np.int64)
    year, month_day, hour, minute, second = (wide[:, at : at + len(w)] @ w for at, w in _FIELDS)
    days, is_date = _days(year * 10_000 + month_day)
    is_time &= is_date & (hour < 24) & (minute < 60) & (second < 60)
    micros = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000
    known = min(digits, 6)
    if known:
        micros += wide[:, len(_PLACES) : len(_PLACES) + known] @ (10 ** np.arange(5, 5 - known, -1))
    return micros, is_time


def _days(dates: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the days since the epoch of dates as numbers YYYYMMDD, and which of them are dates; 0 for the others."""
    distinct, which = np.unique(dates, return_inverse=True) if (dates != dates[0]).any() else (dates[:1], None)
    days = np.array([_day(number) for number in distinct.tolist()], np.int64)
    days = np.broadcast_to(days, dates.shape) if which is None else days[which]
    is_date = days != _NO_DATE
    return np.where(is_date, days, 0), is_date


def _day(number: int) -> int:
    try:
        return date(number // 10_000, number // 100 % 100, number % 100).toordinal() - _EPOCH_DAY
    except ValueError:
        return _NO_DATE
