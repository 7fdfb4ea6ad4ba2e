"""Values of single fields: numbers, scores and classes, however they are written."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from stream_monitor.core.arrays import Floats, optional_floats
from stream_monitor.core.errors import Reason, RecordError
from stream_monitor.core.events import Probabilities, Target

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
#: The sum of squares of such numbers is still finite.
_MAX_MAGNITUDE = 10**150
#: Probabilities of one prediction that are kept, at most.
MAX_PROBABILITIES = 100
_BOOLEANS = {"true": True, "false": False}
_FLOAT_OR_NULL = frozenset((float, type(None)))
_NUMERIC_TYPES = frozenset((int, float))


def bounded(value: Any, name: str) -> Target:
    """Return a number that can be squared and stored: an integer of more than 64 bits becomes a float."""
    if not -_MAX_MAGNITUDE <= value <= _MAX_MAGNITUDE:  # NaN included
        raise RecordError(Reason.WRONG_TYPE, f"{name} is not finite, or beyond 1e150")
    return float(value) if not -(2**63) <= value < 2**63 else value


def read_score(score: Any, y_pred: Target) -> float | None:
    """Return the score; of a map of probabilities by class, that of the predicted class, else the highest."""
    return read_score_and_probabilities(score, y_pred)[0]


def read_score_and_probabilities(score: Any, y_pred: Target) -> tuple[float | None, Probabilities | None]:
    """Return the score as `read_score` does, and the probabilities of a map; no class if they can't be kept."""
    if type(score) is not dict:
        return _number(score, "score"), None
    numbers = {class_name(name): _number(value, "score") for name, value in score.items()}
    predicted = numbers.get(class_name(str(y_pred)))
    is_kept = 0 < len(numbers) <= MAX_PROBABILITIES and all(map(math.isfinite, numbers.values()))
    found = predicted if predicted is not None else max(numbers.values(), default=None)
    return found, numbers if is_kept else {}


def read_scores(
    scores: Sequence[Any], y_pred: Sequence[Target], refused: set[int]
) -> tuple[Floats, list[Probabilities | None] | None]:
    """Return columns of what `read_score_and_probabilities` reads, of n scores.

    Args:
        scores: The scores as received.
        y_pred: The predictions.
        refused: Takes the positions of what can't be read.

    Returns:
        The scores, NaN where there is none, shape (n,); the probabilities, None if there are none at all.
    """
    if set(map(type, scores)) <= _FLOAT_OR_NULL:
        return optional_floats(scores), None
    found: list[tuple[float | None, Probabilities | None]] = []
    for at, (score, predicted) in enumerate(zip(scores, y_pred, strict=True)):
        try:
            found.append((None, None) if score is None else read_score_and_probabilities(score, predicted))
        except RecordError:
            refused.add(at)
            found.append((None, None))
    probabilities = [each for _, each in found]
    return optional_floats([score for score, _ in found]), probabilities if probabilities.count(None) < len(
        found
    ) else None


def _number(value: Any, field: str) -> float:
    if type(value) not in _NUMERIC_TYPES:
        raise RecordError(Reason.WRONG_TYPE, f"{field} is a {type(value).__name__}; allowed: a number")
    try:
        return float(value)
    except OverflowError:
        return math.inf


def class_name(text: str) -> str:
    """Return the key of a class, the same for all its spellings: ``1`` and ``1.0``, ``true`` and ``True``."""
    value = spelled(text)
    return text if value is None else str(value)


def read_cell(text: Any) -> Any:
    """Return the value of a CSV cell: a number, True, False, None for an empty one or NaN, else its text."""
    if type(text) is not str:
        return text
    value = spelled(text)
    if value is not None:
        return value if type(value) is bool else float(value)
    return None if text.lower() in ("", "nan", "inf", "-inf") else text


def spelled(text: str) -> int | float | bool | None:
    """Return the number or truth value that a text spells; None when it spells neither."""
    number = _as_number(text)
    return _BOOLEANS.get(text.lower()) if number is None else number


def _as_number(text: str) -> int | float | None:
    """Return the number that a text spells; None when it spells none, or one beyond a float."""
    if not text or (text[0] not in "+-." and not text[0].isdigit()) or not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    if not math.isfinite(number):
        return None
    if 2**53 <= abs(number) < 2**63 and not any(mark in text for mark in ".eE"):
        return int(text)  # as floats, neighbours would be equal
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
