"""The errors among the outcomes of each rare class: the signals ``error:CLASS``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.core.signal_names import CLASS_ERROR
from stream_monitor.monitors.signal import SignalMonitor
from stream_monitor.monitors.signal_set import SignalSet
from stream_monitor.performance.class_codes import OTHER

#: Labels of a class after which it is decided whether it has a signal.
MIN_LABELS = 20
#: The largest share of a class among the labels up to then with which it is rare.
MAX_SHARE = 0.25


class RareClass(NamedTuple):
    """A class that has a signal.

    Attributes:
        code: Its code.
        name: Its name.
        frequency: Its share among the labels when it was decided.
    """

    code: int
    name: str
    frequency: float

    @property
    def signal(self) -> str:
        """The name of its signal."""
        return CLASS_ERROR + self.name


class ClassErrors:
    """Finds the rare classes, and takes the errors of each out of those of all outcomes.

    The share of errors among all outcomes hardly changes with the recall of a class that is rare, and a frequent
    class hides it. A class is rare if it is at most a quarter of the labels when its twentieth one comes; its signal
    has the errors of all later ones. So the signals depend on the order of the outcomes alone.

    Args:
        signals: The signals of the model version; a signal is made when its class is found.
    """

    def __init__(self, signals: SignalSet) -> None:
        self._signals = signals
        self._labels: Ints = np.zeros(OTHER + 1, np.int64)
        self.classes: list[RareClass] = []
        self._monitors: list[SignalMonitor] = []

    def take(
        self, errors: Floats, codes: Ints, names: Sequence[str]
    ) -> tuple[Sequence[SignalMonitor], Floats, Bools] | None:
        """Return the signals, with the errors of their classes.

        Args:
            errors: The errors of the next outcomes, shape (n,).
            codes: The codes of their labels, shape (n,).
            names: The name of each code.

        Returns:
            The signals, the errors of each and a mask of them, shape (n, signals); None if no class is rare.
        """
        known = len(self.classes)
        begins = [0] * known + [row + 1 for row in self._find(codes, names)]
        if not self.classes:
            return None
        is_of_class = codes[:, None] == np.array([each.code for each in self.classes])
        for column in range(known, len(begins)):
            is_of_class[: begins[column], column] = False
        return self._monitors, np.broadcast_to(errors[:, None], is_of_class.shape), is_of_class

    def _find(self, codes: Ints, names: Sequence[str]) -> list[int]:
        """Add the classes that are found to be rare; return the row of the label with which each is."""
        before, total = self._labels, int(self._labels.sum())
        self._labels = before + np.bincount(codes, minlength=OTHER + 1)
        decided = np.flatnonzero((before < MIN_LABELS) & (self._labels >= MIN_LABELS))
        rows = [
            (int(np.flatnonzero(codes == code)[MIN_LABELS - 1 - before[code]]), code)
            for code in decided.tolist()
            if code != OTHER
        ]
        found = []
        for row, code in sorted(rows):
            frequency = MIN_LABELS / (total + row + 1)
            if frequency <= MAX_SHARE and self._add(RareClass(code, names[code], frequency)):
                found.append(row)
        return found

    def _add(self, rare: RareClass) -> bool:
        """Make the signal of a class; return False if there is no room for another."""
        if not self._signals.follow_class(rare.signal, rare.frequency):
            return False
        self.classes.append(rare)
        self._monitors.append(self._signals.get(rare.signal, "share"))
        return True

    def state(self) -> dict[str, Any]:
        signals = [monitor.state() for monitor in self._monitors]
        return {"labels": self._labels.tolist(), "classes": [list(each) for each in self.classes], "signals": signals}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._labels = np.array(state["labels"], np.int64)
        for saved, signal in zip(state["classes"], state["signals"], strict=True):
            rare = RareClass(*saved)
            self._add(rare)
            self._signals.restore(rare.signal, "share", signal)
