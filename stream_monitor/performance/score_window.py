"""The scores of the newest outcomes: numbers, and probabilities by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, pack, unpack
from stream_monitor.core.events import Probabilities
from stream_monitor.performance.class_codes import MAX_CLASSES


class ScoreWindow:
    """The scores of the outcomes in the rolling window.

    Args:
        window: Outcomes in the rolling window.

    Attributes:
        classes: The names of the classes that have had a probability, in order of first appearance.

    >>> scores = ScoreWindow(window=2)
    >>> scores.add(np.array([0.5, 0.9, 0.3]), [None, {"yes": 0.9, "no": 0.1}, None])
    >>> scores.numbers(2).tolist(), scores.classes, scores.table(2).tolist()
    ([nan, 0.3], ['yes', 'no'], [[0.9, 0.1], [nan, nan]])
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self.classes: list[str] = []
        #: Of the newest outcomes, at most as many as in the window; earlier ones have none.
        self._numbers: Floats = np.empty(0)
        self._rows: list[Floats | None] = []

    def add(self, scores: Floats, probabilities: Sequence[Probabilities | None] | None = None) -> None:
        """Add the scores of n outcomes.

        Args:
            scores: The scores, NaN where there is none, shape (n,).
            probabilities: The probabilities by class, None where there are none; None for none at all.
        """
        if probabilities is not None:
            scores = np.where([each is None for each in probabilities], scores, np.nan)
        if len(self._numbers) or not np.isnan(scores).all():
            self._numbers = np.concatenate((self._numbers, scores))[-self._window :]
        if self._rows or probabilities is not None:
            rows = [self._row(each) if each else None for each in probabilities or [None] * len(scores)]
            self._rows = [*self._rows, *rows][-self._window :]

    def _row(self, probabilities: Probabilities) -> Floats | None:
        """Return the probabilities in the order of ``classes``; None where one is of a class past the bound."""
        for name in probabilities:
            if name not in self.classes:
                if len(self.classes) == MAX_CLASSES:
                    return None
                self.classes.append(name)
        return np.array([probabilities.get(name, 0.0) for name in self.classes])

    def numbers(self, count: int) -> Floats:
        """Return the scores of the newest ``count`` outcomes that are numbers, NaN for the others, shape (count,)."""
        return np.concatenate((np.full(count - len(self._numbers), np.nan), self._numbers))

    def table(self, count: int) -> Floats:
        """Return the probabilities of the newest ``count`` outcomes, NaN without, shape (count, len(classes))."""
        table = np.full((count, len(self.classes)), np.nan)
        for at, row in enumerate(self._rows, count - len(self._rows)):
            if row is not None:
                table[at] = 0.0
                table[at, : len(row)] = row
        return table

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values, from the first outcome with a score on."""
        numbers, table = self._numbers, self.table(len(self._rows))
        has_row: Bools = np.any(~np.isnan(table), axis=1)
        return {
            "classes": self.classes,
            "numbers": pack(numbers[_first(~np.isnan(numbers)) :]),
            "rows": pack(table[_first(has_row) :].ravel()),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.classes, self._numbers = list(state["classes"]), unpack(state["numbers"])
        table = unpack(state["rows"]).reshape(-1, max(len(self.classes), 1))
        self._rows = [None if np.isnan(row).all() else row for row in table]


def _first(is_there: Bools) -> int:
    """Return the first row that is there, the number of rows if none is."""
    return int(np.argmax(is_there)) if is_there.any() else len(is_there)
