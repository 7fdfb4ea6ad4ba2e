"""Codes of the classes of one model version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import NamedTuple

import numpy as np

from stream_monitor.core.arrays import Floats, Ints
from stream_monitor.core.events import Target
from stream_monitor.stats.reference import category_name

#: Classes with a code of their own; all later ones share the code `OTHER`.
MAX_CLASSES = 20
OTHER = MAX_CLASSES
#: The code of a predicted class without a code of its own, where the label is another class without one.
UNLIKE = MAX_CLASSES + 1
#: The name of all classes without a code of their own.
OTHERS = "(others)"


class CodedOutcomes(NamedTuple):
    """A batch of n outcomes as codes of classes, shape (n,) each.

    Attributes:
        y_true: 0 to `OTHER`.
        y_pred: 0 to `UNLIKE`.
        correct: 1.0 where label and prediction are equal, else 0.0.
    """

    y_true: Ints
    y_pred: Ints
    correct: Floats


class ClassCodes:
    """Gives codes to classes in order of first appearance, in the label before the prediction of each outcome.

    Values are compared as they are: 1 and ``"1"`` are two classes, and 1 and 1.0 are one.

    >>> codes = ClassCodes()
    >>> y_true, y_pred, correct = codes.encode(["no", "yes"], ["yes", "yes"])
    >>> y_true.tolist(), y_pred.tolist(), correct.tolist(), codes.names
    ([0, 1], [1, 1], [0.0, 1.0], ['no', 'yes'])
    """

    def __init__(self) -> None:
        self._codes: dict[Target, int] = {}
        #: The name of each class with a code.
        self.names: list[str] = []

    def encode(self, y_true: Sequence[Target], y_pred: Sequence[Target]) -> CodedOutcomes:
        """Return outcomes as codes."""
        try:
            truth, predicted = self._known(y_true), self._known(y_pred)
        except KeyError:
            self._admit(chain.from_iterable(zip(y_true, y_pred, strict=True)))
            truth, predicted = self._bounded(y_true), self._bounded(y_pred)
            for row in np.flatnonzero((truth == OTHER) & (predicted == OTHER)).tolist():
                if y_true[row] != y_pred[row]:
                    predicted[row] = UNLIKE
        return CodedOutcomes(truth, predicted, (truth == predicted).astype(np.float64))

    def _known(self, values: Sequence[Target]) -> Ints:
        # Through bytes in half the time of an array of integers.
        return np.frombuffer(bytes(map(self._codes.__getitem__, values)), np.uint8).astype(np.int64)

    def _bounded(self, values: Sequence[Target]) -> Ints:
        return np.array(list(map(self._codes.get, values, repeat(OTHER))), np.int64)

    def _admit(self, values: Iterable[Target]) -> None:
        """Give codes to new classes, as long as there are any."""
        if len(self.names) == MAX_CLASSES:
            return
        for value in dict.fromkeys(values):
            name = category_name(value)
            if name in self.names:
                name = f"{name} ({type(value).__name__})"
            if value not in self._codes and name not in (*self.names, OTHERS) and len(self.names) < MAX_CLASSES:
                self._codes[value] = len(self.names)
                self.names.append(name)

    @property
    def classes(self) -> list[Target]:
        """The classes by code, as received."""
        return list(self._codes)

    def state(self) -> list[Target]:
        return list(self._codes)

    def restore(self, classes: Sequence[Target]) -> None:
        self._codes, self.names = {}, []
        self._admit(classes)
