"""Formatting of numbers, times and texts for people."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from itertools import pairwise

DAY = 86_400.0
#: Numbers from the first to the second are written without an exponent.
MIN_DECIMAL, MAX_DECIMAL = 1e-4, 1e7
#: Words for the size of an effect, each with the least effect that it is used for; `in_words`.
_SIZES = ((2.0, "huge"), (1.2, "very large"), (0.8, "large"), (0.5, "medium"), (0.2, "small"), (0.0, "very small"))


def short(value: float | None, digits: int = 5) -> str:
    """Return a number in few digits, with separators; a dash for None, NaN and infinity.

    >>> short(1234567.0), short(0.012345678), short(2.5e-9), short(None)
    ('1,234,600', '0.012346', '2.5e-09', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    if not MIN_DECIMAL <= abs(value) < MAX_DECIMAL:
        return f"{value:.{digits}g}".replace("e+0", "e").replace("e+", "e")
    rounded = float(f"{value:.{digits}g}")
    decimals = max(digits - 1 - math.floor(math.log10(abs(rounded))), 0)
    text = f"{rounded:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def fixed(value: float) -> str:
    """Return a number with four decimals; in four digits where it is too large or too small to be read so.

    >>> fixed(0.25), fixed(12345.678), fixed(1.23456e150), fixed(1.5e-7), fixed(0.0)
    ('0.2500', '12345.6780', '1.235e150', '1.5e-07', '0.0000')
    """
    is_usual = value == 0 or MIN_DECIMAL <= abs(value) < MAX_DECIMAL
    return f"{value:.4f}" if is_usual else short(value, 4)


def percent(share: float, digits: int = 3) -> str:
    """Return a share as a percentage.

    >>> percent(0.5), percent(0.00012), percent(0.0)
    ('50%', '0.012%', '0%')
    """
    return f"{short(100.0 * share, digits)}%"


def in_words(effect: float | None) -> str:
    """Return the common word for the size of an effect.

    Source: S. S. Sawilowsky, "New effect size rules of thumb", Journal of Modern Applied Statistical Methods 8
    (2009), pp. 597-599, who extends Cohen's words.

    >>> in_words(0.31), in_words(1.5)
    ('small', 'very large')
    """
    return "unknown" if effect is None else next((word for least, word in _SIZES if abs(effect) >= least), "unknown")


def moment(ts: float | None) -> str:
    """Return a time to the second, in UTC; an empty text for None.

    >>> moment(1795435200.0), moment(None)
    ('2026-11-23 12:00:00', '')
    """
    return f"{datetime.fromtimestamp(ts, UTC):%Y-%m-%d %H:%M:%S}" if ts is not None and math.isfinite(ts) else ""


def span(seconds: float) -> str:
    """Return a duration in its two largest units.

    >>> span(90061), span(75), span(0.25)
    ('1 d 1 h', '1 min 15 s', '0.25 s')
    """
    if seconds < 1:
        return f"{seconds:.2g} s"
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    for (name, size), (smaller, small) in pairwise(units):
        if seconds >= size:
            whole, rest = divmod(int(seconds), size)
            return f"{whole} {name} {rest // small} {smaller}" if rest // small else f"{whole} {name}"
    return f"{int(seconds)} s"


def period_text(seconds: float) -> str:
    """Format a period as a duration flag.

    >>> period_text(86_400.0), period_text(604_800.0), period_text(90.0)
    ('24h', '7d', '90s')
    """
    if seconds % DAY == 0 and seconds > DAY:
        return f"{seconds / DAY:g}d"
    return f"{seconds / 3600:g}h" if seconds % 3600 == 0 else f"{seconds:g}s"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun.

    >>> counted(1, "episode"), counted(1200, "episode")
    ('1 episode', '1,200 episodes')
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def plain(value: object) -> str:
    r"""Return a value as one line of text, with control characters escaped.

    >>> plain("two\nlines")
    'two\\u000alines'
    """
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in str(value))
