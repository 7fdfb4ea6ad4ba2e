"""Parsing of a column of times, as `parse_timestamp` reads each of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats
from stream_monitor.core.timestamps import MAX_EPOCH, MICROSECONDS, MILLISECONDS, MIN_EPOCH, SECONDS, parse_timestamp

_NUMBERS = frozenset((int, float))
#: The date and the time of day of ISO 8601 to whole seconds: at each digit the highest that may stand there.
_LAYOUT: Final = "9999-19-39T29:59:59"
_DATE: Final = slice(0, 10)
_TIME: Final = slice(11, len(_LAYOUT))
#: Seconds that each of its characters counts.
_SECONDS: Final = (36_000, 3600, 0, 600, 60, 0, 10, 1)
_MAX_DIGITS = 9
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_NO_DATE: Final = -(2**40)
_DAY: Final = 86_400e6
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
    """Read the texts that have the layout of the first of the usual length; return the positions of the others."""
    lengths = list(map(len, texts))
    usual, are_all = lengths[0], len(set(lengths)) == 1
    if not are_all:
        # Some writers leave out the fraction of a whole second.
        usual = Counter(lengths).most_common(1)[0][0]
    first = texts[lengths.index(usual)]
    try:
        offset = datetime.fromisoformat(first).utcoffset() or timedelta()
    except ValueError:
        return range(len(texts))
    digits = _fraction_digits(first)
    if len(first) < len(_LAYOUT) or digits > _MAX_DIGITS:
        return range(len(texts))
    rows = _as_rows(texts, usual, are_all)
    begin, end = len(_LAYOUT), len(_LAYOUT) + (digits + 1 if digits else 0)
    lowest, span = _bounds(first[10], first[begin : begin + 1] * bool(digits), digits, first[end:])
    above = rows - lowest  # modulo 256: what is lower is far above
    is_like = above <= span
    time_of_day = above[:, _TIME.start : end] @ _weights(digits)
    micros = _days(rows) * _DAY + time_of_day - round(offset.total_seconds() * 1e6)
    is_time = (time_of_day < _DAY) & (np.abs(micros) < _MAX_EXACT)
    if is_like.all() and is_time.all():
        found[:] = micros / 1e6
        return ()
    is_time &= is_like.all(axis=1)
    found[is_time] = micros[is_time] / 1e6
    return np.flatnonzero(~is_time).tolist()


def _fraction_digits(text: str) -> int:
    """Return the number of digits of the fraction of a second."""
    fraction = text[len(_LAYOUT) + 1 :] if text[len(_LAYOUT) : len(_LAYOUT) + 1] in (".", ",") else ""
    return next((at for at, mark in enumerate(fraction) if not mark.isdigit()), len(fraction))


def _as_rows(texts: Sequence[str], width: int, are_all: bool) -> NDArray[np.uint8]:
    """Return texts as rows of characters, shape (n, width); unless all have this width, the others are no times."""
    if not are_all:
        texts = [text if len(text) == width else " " * width for text in texts]
    return np.frombuffer("".join(texts).encode("ascii", "replace"), np.uint8).reshape(-1, width)


@lru_cache(maxsize=64)
def _bounds(separator: str, point: str, digits: int, rest: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the lowest character at each place of texts that have a layout, and by how much it may be higher.

    Args:
        separator: The character between date and time.
        point: The character before the fraction of a second; empty where there is none.
        digits: Digits of the fraction.
        rest: What follows it.
    """
    highest = _LAYOUT[:10] + separator + _LAYOUT[11:] + point + "9" * digits + rest
    end = len(highest) - len(rest)
    lowest = "".join("0" if at < end and mark.isdigit() else mark for at, mark in enumerate(highest))
    lowest_row, highest_row = (np.frombuffer(text.encode("ascii", "replace"), np.uint8) for text in (lowest, highest))
    return lowest_row, highest_row - lowest_row


@lru_cache(maxsize=64)
def _weights(digits: int) -> Floats:
    """Return the microseconds that each digit from the time of day on counts, with so many of a fraction."""
    fraction = [10.0 ** (5 - at) if at < 6 else 0.0 for at in range(digits)]
    return np.array([1e6 * seconds for seconds in _SECONDS] + ([0.0, *fraction] if digits else []))


def _days(rows: NDArray[np.uint8]) -> Floats:
    """Return the days since the epoch of rows of characters, shape (n,) or (1,) if all are one; far off if none."""
    dates = rows[:, _DATE]
    if (dates == dates[0]).all():
        return np.array([_day(dates[0].tobytes())], np.float64)
    distinct, which = np.unique(np.ascontiguousarray(dates).view("S10").ravel(), return_inverse=True)
    return np.array([_day(text) for text in distinct.tolist()], np.float64)[which]


def _day(text: bytes) -> int:
    try:
        return date.fromisoformat(text.decode()).toordinal() - _EPOCH_DAY
    except ValueError:
        return _NO_DATE
