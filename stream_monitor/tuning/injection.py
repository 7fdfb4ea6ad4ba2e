"""Injection of changes of a known size into a column."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import ndtr

from stream_monitor.core.arrays import Floats
from stream_monitor.tuning.recording import Signal
from stream_monitor.tuning.surrogate import normal_scores

#: The property that changes: the level or the spread of numbers, the share of ones, or the share of a category.
Kind = Literal["level", "spread", "share", "category"]
#: The number of categories, the most frequent ones, of which the share is increased in turn.
MAX_CATEGORIES = 12


class Injection(NamedTuple):
    """A change to inject.

    Attributes:
        kind: The property that changes.
        size: The size: for a level in standard deviations of normal scores, for a spread its factor, for a share or
            a category the difference of the share, from 0 to 1.
        in_deviations: True if the size of a share or a category is in standard deviations of a single value, which
            are sqrt(p (1 - p)) for the share p.
    """

    kind: Kind
    size: float
    in_deviations: bool = False

    @property
    def text(self) -> str:
        """The size as text, for shares in percentage points.

        >>> Injection("level", 0.5).text, Injection("spread", 2.0).text, Injection("share", 0.05).text
        ('+0.5', 'x2', '+5')
        >>> Injection("share", 1.0, in_deviations=True).text
        '+1sd'
        """
        if self.in_deviations:
            return f"+{self.size:g}sd"
        if self.kind == "spread":
            return f"x{self.size:g}"
        return f"+{self.size if self.kind == 'level' else 100 * self.size:g}"

    def of_share(self, share: float) -> float:
        """Return the difference of a share from its value before.

        >>> Injection("share", 0.05).of_share(0.2), Injection("share", 1.0, in_deviations=True).of_share(0.2)
        (0.05, 0.4)
        """
        return self.size * math.sqrt(share * (1.0 - share)) if self.in_deviations else self.size


#: The changes of one standard deviation, which a recommended candidate finds.
STANDARD_CHANGES = (
    Injection("level", 1.0),
    Injection("share", 1.0, in_deviations=True),
    Injection("category", 1.0, in_deviations=True),
)
CHANGES = (
    *(Injection("level", size) for size in (0.25, 0.5, 1.0, 2.0)),
    *(Injection("spread", size) for size in (1.5, 2.0)),
    *(Injection("share", size) for size in (0.05, 0.2)),
    STANDARD_CHANGES[1],
    *(Injection("category", size) for size in (0.1, 0.2)),
    STANDARD_CHANGES[2],
)


def kind_of(signal: Signal) -> Kind:
    """Return the kind of change that is injected into a signal."""
    if signal.is_spread:
        return "spread"
    return "level" if signal.kind == "number" else signal.kind


class Injector:
    """An injector of changes into the values of one signal.

    Numbers are changed in their normal scores and mapped back to the column's values at the new scores. A change
    then has the same size for any marginal distribution, preserves the order of the changed values, and produces only
    values that occur in the column. Equal values get different random scores (the randomised probability integral
    transform).
    """

    def __init__(self, signal: Signal, values: Floats, rng: np.random.Generator) -> None:
        self._kind, self._values, self._rng = kind_of(signal), values, rng
        self._sorted: Floats = np.sort(values)
        self._scores = normal_scores(values, rng) if self._kind in ("level", "spread") else values

    def values(self, change: Injection, begin: int, end: int, number: int) -> Floats:
        """Return the values from ``begin`` to ``end`` with a change.

        Args:
            change: The change to inject.
            begin: The index of the first changed value.
            end: The index after the last one.
            number: The number of the change point, which selects the direction or the category.
        """
        if self._kind == "level":
            return self._at(self._scores[begin:end] + (-change.size if number % 2 else change.size))
        if self._kind == "spread":
            return self._at(self._scores[begin:end] * change.size)
        if self._kind == "share":
            return self._share(self._values[begin:end], change)
        return self._category(self._values[begin:end], change, number)

    def _at(self, scores: Floats) -> Floats:
        """Return the column's values at these normal scores."""
        places = (ndtr(scores) * len(self._sorted)).astype(np.int64)
        found: Floats = self._sorted[np.minimum(places, len(self._sorted) - 1)]
        return found

    def _share(self, values: Floats, change: Injection) -> Floats:
        """Increase the share of ones, or decrease it if the increased share would exceed 1."""
        share = float(self._values.mean())
        size = change.of_share(share)
        if size == 0.0:
            return values
        target = 1.0 if share + size <= 1.0 else 0.0
        return self._turned(values, target, size / max(1.0 - share if target else share, size))

    def _category(self, values: Floats, change: Injection, number: int) -> Floats:
        """Increase the share of a category for which it would not exceed 1; categories are selected in turn."""
        codes, counts = np.unique(self._values, return_counts=True)
        shares: list[float] = (counts / counts.sum()).tolist()
        frequent = [
            at
            for at in np.argsort(-counts, kind="stable")[:MAX_CATEGORIES].tolist()
            if 0.0 < change.of_share(shares[at]) <= 1.0 - shares[at]
        ]
        if frequent:
            at = frequent[number % len(frequent)]
            return self._turned(values, float(codes[at]), change.of_share(shares[at]) / (1.0 - shares[at]))
        # If there is no such category, an unseen one is added.
        return values if change.in_deviations else self._turned(values, float(codes.max()) + 1.0, change.size)

    def _turned(self, values: Floats, target: float, chance: float) -> Floats:
        """Replace each value by the target with this probability."""
        return np.where((values != target) & (self._rng.random(len(values)) < chance), target, values)
