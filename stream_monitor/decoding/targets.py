"""Targets: classes and numbers, of predictions and of labels."""

from __future__ import annotations

from typing import Any

from stream_monitor.core.errors import Reason, RecordError
from stream_monitor.core.events import Target, Task
from stream_monitor.decoding.values import bounded, spelled

#: Texts of classes that are kept for reuse.
_MAX_KNOWN = 1000
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

    def _read_text(self, value: str, name: str, is_text: bool) -> Target:
        number = spelled(value)
        if self.task == "regression" and (number is None or not is_text):
            raise RecordError(Reason.WRONG_TYPE, f"{name} is text; allowed: a number")
        target: Target = value if number is None else number
        if self.task == "classification" and len(self._known) < _MAX_KNOWN:
            self._known[value] = target
        return target if type(target) is str else bounded(target, name)


def is_nan(value: Any) -> bool:
    """Return True for a NaN, as a float or as pandas writes it: a label that is not known yet."""
    return bool(value != value) or (type(value) is str and value.lower() == "nan")
