"""Payoffs: the value of an outcome to the user, by prediction and label."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from stream_monitor.core.arrays import Floats
from stream_monitor.core.events import Target
from stream_monitor.decoding.values import class_name, spelled
from stream_monitor.performance.confusion import SHAPE

_ALLOWED = "allowed: PREDICTED,TRUE=VALUE, several with ; between them, such as yes,yes=10;yes,no=-5"


class Payoff:
    """The value of each pair of prediction and label; of a pair that is not named it is 0.

    Args:
        values: The values by the names of prediction and label.

    >>> payoff = Payoff.parse("yes,yes=10;yes,no=-5")
    >>> payoff.matrix(["no", "yes"])[:2, :2].tolist()  # labels by predictions
    [[0.0, -5.0], [0.0, 10.0]]
    """

    def __init__(self, values: Mapping[tuple[str, str], float]) -> None:
        self._values = values

    @classmethod
    def parse(cls, text: str) -> Payoff:
        """Return the payoff of ``--payoff``.

        Raises:
            ValueError: A part is malformed or comes twice; one line that says what is allowed.
        """
        values: dict[tuple[str, str], float] = {}
        for part in filter(None, map(str.strip, text.split(";"))):
            pair, value = _read(part)
            if pair in values:
                raise ValueError(f"{part!r}: a value for {','.join(pair)} was given before; {_ALLOWED}")
            values[pair] = value
        if not values:
            raise ValueError(f"{text!r} names no pair; {_ALLOWED}")
        return cls(values)

    @property
    def classes(self) -> Sequence[str]:
        """The names of the classes, in the order in which they are named."""
        return list(dict.fromkeys(name for pair in self._values for name in pair))

    def matrix(self, classes: Iterable[Target]) -> Floats:
        """Return the values by codes of classes, labels by predictions, shape `SHAPE` of confusion matrices.

        Args:
            classes: The classes by code, as received.
        """
        codes: dict[str, list[int]] = {}
        for code, each in enumerate(classes):
            # The number 1 and the text "1" are two classes, with one name.
            codes.setdefault(class_name(str(each)), []).append(code)
        values = np.zeros(SHAPE)
        for (predicted, true), value in self._values.items():
            if predicted in codes and true in codes:
                values[np.ix_(codes[true], codes[predicted])] = value
        return values

    def unknown(self, classes: Iterable[Target]) -> list[str]:
        """Return the named classes that are not among these."""
        known = {class_name(str(each)) for each in classes}
        return [name for name in self.classes if name not in known]


def mean_payoff(counts: Floats, values: Floats) -> float:
    """Return the mean value of outcomes.

    Args:
        counts: Outcomes or their weights, at least one, labels by predictions, shape `SHAPE`.
        values: The value of each cell.
    """
    used = np.flatnonzero(counts)
    weights = counts.ravel()[used].tolist()
    return math.fsum(
        weight * value for weight, value in zip(weights, values.ravel()[used].tolist(), strict=True)
    ) / math.fsum(weights)


def _read(part: str) -> tuple[tuple[str, str], float]:
    pair, equals, text = part.rpartition("=")
    names = [class_name(name.strip()) for name in pair.split(",")]
    if not equals or len(names) != 2 or not all(names):
        raise ValueError(f"{part!r} is no payoff; {_ALLOWED}")
    value = spelled(text.strip())
    if value is None or type(value) is bool:
        raise ValueError(f"{part!r}: {text.strip()!r} is no number; {_ALLOWED}")
    return (names[0], names[1]), float(value)
