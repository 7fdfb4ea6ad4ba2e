"""Changes of a known size, put into a column."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from scipy.special import ndtr

from stream_monitor.core.arrays import Floats
from stream_monitor.tuning.recording import Signal
from stream_monitor.tuning.surrogate import normal_scores

#: What changes: the level of numbers, their spread, a share of zeros and ones, or that of a category.
Kind = Literal["level", "spread", "share", "category"]
#: Categories that are given a larger share, the most frequent first.
MAX_CATEGORIES = 12


class Change(NamedTuple):
    """A change that is injected.

    ``size``: of a level in standard deviations of normal scores, of a spread the factor, of a share or a category's
    in parts of one.
    """

    kind: Kind
    size: float

    @property
    def text(self) -> str:
        """The size, of shares in points.

        >>> Change("level", 0.5).text, Change("spread", 2.0).text, Change("share", 0.05).text
        ('+0.5', 'x2', '+5')
        """
        if self.kind == "spread":
            return f"x{self.size:g}"
        return f"+{self.size if self.kind == 'level' else 100 * self.size:g}"


CHANGES = (
    *(Change("level", size) for size in (0.25, 0.5, 1.0, 2.0)),
    *(Change("spread", size) for size in (1.5, 2.0)),
    *(Change("share", size) for size in (0.05, 0.2)),
    *(Change("category", size) for size in (0.1, 0.2)),
)


def kind_of(signal: Signal) -> Kind:
    """What of a signal changes."""
    if signal.is_spread:
        return "spread"
    return "level" if signal.kind == "number" else signal.kind


class Injector:
    """Puts changes into the values of one signal.

    Numbers change in their normal scores, and are then what the column holds at the new ones: so a change has its
    size whatever the marginal, keeps the order of the values that it meets, and makes none that the column has not.
    Of equal values each has a score of its own, at random: the randomised probability integral transform.
    """

    def __init__(self, signal: Signal, values: Floats, rng: np.random.Generator) -> None:
        self._kind, self._values, self._rng = kind_of(signal), values, rng
        self._sorted: Floats = np.sort(values)
        self._scores = normal_scores(values, rng) if self._kind in ("level", "spread") else values

    def values(self, change: Change, begin: int, end: int, number: int) -> Floats:
        """The values from ``begin`` to ``end``, changed: up or down, and which category, by the place's number."""
        if self._kind == "level":
            return self._at(self._scores[begin:end] + (-change.size if number % 2 else change.size))
        if self._kind == "spread":
            return self._at(self._scores[begin:end] * change.size)
        if self._kind == "share":
            return self._share(self._values[begin:end], change.size)
        return self._category(self._values[begin:end], change.size, number)

    def _at(self, scores: Floats) -> Floats:
        """What the column holds at these scores."""
        places = (ndtr(scores) * len(self._sorted)).astype(np.int64)
        found: Floats = self._sorted[np.minimum(places, len(self._sorted) - 1)]
        return found

    def _share(self, values: Floats, size: float) -> Floats:
        """More ones; fewer, where there is no room for more."""
        share = float(self._values.mean())
        target = 1.0 if share + size <= 1.0 else 0.0
        return self._turned(values, target, size / max(1.0 - share if target else share, size))

    def _category(self, values: Floats, size: float, number: int) -> Floats:
        """A larger share of one of the categories that have room for it; they take turns."""
        codes, counts = np.unique(self._values, return_counts=True)
        shares = counts / counts.sum()
        frequent = [at for at in np.argsort(-counts, kind="stable")[:MAX_CATEGORIES] if shares[at] + size <= 1.0]
        # Where no category has room, an unseen one comes.
        target, share = (codes.max() + 1.0, 0.0)
        if frequent:
            target, share = codes[frequent[number % len(frequent)]], shares[frequent[number % len(frequent)]]
        return self._turned(values, float(target), size / (1.0 - share))

    def _turned(self, values: Floats, target: float, chance: float) -> Floats:
        """Each value that is not the target becomes it by chance."""
        return np.where((values != target) & (self._rng.random(len(values)) < chance), target, values)
