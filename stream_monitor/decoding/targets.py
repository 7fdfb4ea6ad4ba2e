"""Targets: classes and numbers, of predictions and of labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stream_monitor.core.errors import Reason, RecordError
from stream_monitor.core.events import Target, Task
from stream_monitor.decoding.columns import read_column
from stream_monitor.decoding.values import bounded, spelled

#: Texts of classes that are kept for reuse.
_MAX_KNOWN = 1000
_NUMBERS = frozenset((int, float))
_SMALL = 2.0**62
SCALAR_TYPES = frozenset((str, int, float, bool))


class Targets:
    """Reads targets. Of classes, ``1``, ``1.0`` and ``"1"`` are one, whichever of them the two writers used."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._known: dict[str, Target] = {}

    def read(self, value: Any, name: str, is_text: bool) -> Target:
        """Return a target.

        Args:
            value: The value of the record; not None.
            name: ``prediction`` or ``label``, for errors.
            is_text: True for a cell of a table whose cells are all text.

        Raises:
            RecordError: It is no scalar, not finite, or text where the task is regression.
        """
        kind = type(value)
        if kind is str:
            known = self._known.get(value)
            return known if known is not None else self._read_text(value, name, is_text)
        if kind not in SCALAR_TYPES:
            raise RecordError(Reason.WRONG_TYPE, f"{name} is a {kind.__name__}; allowed: text, number, true, false")
        return bounded(value, name)

    def read_column(self, values: Sequence[Any], name: str, is_text: bool, refused: set[int]) -> Sequence[Any]:
        """Return a column of targets as `read` reads them; ``refused`` takes the positions of what it refuses."""
        if _are_small(values):
            return values
        return read_column(values, lambda value: self.read(value, name, is_text), refused)

    def read_labels(self, values: Sequence[Any], is_text: bool, refused: set[int]) -> Sequence[Target | None]:
        """Return a column of labels, None where there is none; ``refused`` takes the positions of what is none."""
        if _are_small(values):
            return values
        return read_column(values, lambda value: self.read_label(value, is_text), refused)

    def read_label(self, value: Any, is_text: bool) -> Target | None:
        """Return a label as `read` does; None where it is null or NaN."""
        return None if value is None or is_nan(value) else self.read(value, "label", is_text)

    def _read_text(self, value: str, name: str, is_text: bool) -> Target:
        number = spelled(value)
        if self.task == "regression" and (number is None or not is_text):
            raise RecordError(Reason.WRONG_TYPE, f"{name} is text; allowed: a number")
        target = value if number is None else bounded(number, name)
        if self.task == "classification" and len(self._known) < _MAX_KNOWN:
            self._known[value] = target
        return target


def _are_small(values: Sequence[Any]) -> bool:
    """Return True for numbers that `bounded` returns as they are."""
    if not set(map(type, values)) <= _NUMBERS:
        return False
    try:
        return bool((np.abs(np.array(values, np.float64)) < _SMALL).all())
    except OverflowError:
        return False


def is_nan(value: Any) -> bool:
    """Return True for a NaN, as a float or as pandas writes it: a label that is not known yet."""
    return bool(value != value) or (type(value) is str and value.lower() == "nan")
