"""How the numbers of one signal are distributed: shares at knots, with all atoms."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Floats, pack, unpack
from stream_monitor.core.frozen import Frozen
from stream_monitor.stats.moments import Moments
from stream_monitor.stats.reference.json import check_keys, listed, whole

#: Evenly spaced quantiles that are kept of many different values; denser than an atom of 1 % is wide.
QUANTILES = 113
#: Smallest, and as many largest values that are kept as well.
TAIL = 8
#: All values are kept where there are no more different ones.
MAX_KNOTS = QUANTILES + 2 * TAIL
#: Different values that are counted at most.
MAX_DISTINCT = 1000
#: Bins of equal mass.
BINS = 10
#: A value with at least this share of the mass is a bin of its own.
OWN_BIN = 0.05
#: A standardised value further out than this, and than the reference's own, is taken for this: one wild value of
#: many must not hide where the others are.
LIMIT = 10.0
#: Knots that are no farther from each other, the largest being 1, have nothing between them.
TINY = 1e-250


@dataclass(frozen=True, eq=False)
class NumericReference:
    """How the numbers of one signal were distributed.

    Of ``count`` finite values there are ``mean``, ``std`` (its squares divided by the count), ``minimum``,
    ``maximum`` and ``distinct`` (how many are different, 1,000 at most), and the distribution at knots: ``values``
    (strictly increasing, shape (m,)) with ``below``, the share of what is smaller, and ``upto``, the share of what is
    not larger. Both differ by the mass of the value itself, so that atoms, such as many zeros, stay what they are;
    between two knots the mass is spread evenly. Shares come from ``sampled`` values, maybe fewer than ``count``.

    >>> reference = NumericReference.learn(np.array([0.0, 0.0, 0.0, 1.0]))
    >>> reference.mean, reference.distinct, reference.cdf(np.array([-1.0, 0.0, 0.5, 1.0]))
    (0.25, 2, array([0.  , 0.75, 0.75, 1.  ]))
    """

    count: int
    sampled: int
    mean: float
    std: float
    minimum: float
    maximum: float
    distinct: int
    values: Floats
    below: Floats
    upto: Floats

    @classmethod
    def learn(cls, values: Floats) -> NumericReference:
        """From finite values in any order, shape (n,) with n >= 1; `ValueError` of none."""
        if not len(values):
            raise ValueError("a reference needs at least one value")
        ordered = np.sort(values)
        last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
        kept = last[_kept(last)]
        ranks = np.concatenate(([-1], last))[np.searchsorted(last, kept)] + 1
        moments = Moments()
        moments.add(values)
        return cls(
            count=len(values),
            sampled=len(values),
            mean=moments.mean,
            std=moments.std,
            minimum=moments.minimum,
            maximum=moments.maximum,
            distinct=min(len(last), MAX_DISTINCT),
            values=ordered[kept],
            below=ranks / len(values),
            upto=(kept + 1) / len(values),
        )

    def cdf(self, x: Floats) -> Floats:
        """The share of values that are not larger, for each x, shape (n,)."""
        return self.shares(x)[1]

    def shares(self, x: Floats) -> tuple[Floats, Floats]:
        """The shares of values that are smaller, and that are not larger, for each x, shape (n,) each."""
        knots, upto, limit, unit, slopes = self._pieces
        piece = np.searchsorted(self.values, x, side="right")
        # Outside the knots nothing rises; the bounds keep the largest numbers from overflowing.
        way = np.maximum(np.minimum(x, self.values[-1]), self.values[0]) * self._scale - unit[piece]
        at = np.minimum(upto[piece] + way * slopes[piece], limit[piece])
        return np.where(knots[piece] == x, self.below[piece - 1], at), at

    def quantile(self, shares: Floats) -> Floats:
        """The smallest value up to which there are these shares, from 0 to 1, of the mass, shape (n,)."""
        at = np.minimum(np.searchsorted(self.upto, shares), len(self.values) - 1)
        before = np.maximum(at - 1, 0)
        left, right = self.values[before] * self._scale, self.values[at] * self._scale
        mass = self.below[at] - self.upto[before]
        inside = (shares < self.below[at]) & (mass > 0)
        part = (shares - self.upto[before]) / np.where(inside, mass, 1.0)
        between = (left + part * (right - left)) / self._scale
        found: Floats = np.where(inside, between, self.values[at])
        return found

    def histogram(self, bins: int = 20) -> tuple[Floats, Floats]:
        """Edges of bins of equal width, shape (bins + 1,), and the share in each, its lower edge included."""
        part = np.linspace(0.0, 1.0, bins + 1)
        edges = self.minimum * (1.0 - part) + self.maximum * part
        below = self.shares(edges)[0]
        below[-1] = 1.0
        return edges, np.diff(below)

    def standardise(self, x: Floats) -> Floats:
        """How many standard deviations x is above the mean, shape (n,), from ``-reach`` to ``reach``."""
        return np.clip(self._deviations(x), -self.reach, self.reach)

    @cached_property
    def reach(self) -> float:
        """The largest distance that is told, in standard deviations: 10, or that of the reference's own values."""
        ends = self._deviations(np.array([self.minimum, self.maximum]))
        return max(LIMIT, float(np.abs(ends).max())) if self.std else LIMIT

    @cached_property
    def cuts(self) -> tuple[Floats, NDArray[np.bool_], Floats]:
        """Where bins of about a tenth of the mass meet: the value, whether it goes to the left bin, the share there.

        A value with much mass is a bin of its own. No bin is empty here; there may be but one, without any cut.
        """
        tenths = np.arange(1, BINS) / BINS
        at = np.searchsorted(self.upto, tenths)
        atoms = np.flatnonzero(self.upto - self.below >= OWN_BIN)
        inside = tenths < self.below[at]
        cuts = {(value, True) for value in self.quantile(tenths[inside]).tolist()}
        cuts |= {(value, True) for value in self.values[at[~inside]].tolist()}
        cuts |= {(value, side) for value in self.values[atoms].tolist() for side in (False, True)}
        values, sides = (np.array(part) for part in zip(*sorted(cuts), strict=True))
        shares = np.where(sides, *reversed(self.shares(values)))
        keep = np.diff(shares, prepend=0.0) > 0
        keep &= shares < 1.0
        return values[keep], sides[keep], shares[keep]

    @cached_property
    def standard_values(self) -> Floats:
        """The knots in standard deviations from the mean, shape (m,)."""
        return self.standardise(self.values)

    def state(self) -> dict[str, Any]:
        """As JSON; `restored` reads it."""
        return {name: listed(getattr(self, name)) for name in self.__dataclass_fields__}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> NumericReference:
        """What `state` wrote; `ValueError` says what is wrong with anything else."""
        check_keys(state, cls.__dataclass_fields__)
        try:
            knots = {name: np.frombuffer(array("d", state[name])) for name in ("values", "below", "upto")}
            numbers = {name: array("d", [state[name]])[0] for name in ("mean", "std", "minimum", "maximum")}
        except (TypeError, OverflowError):
            raise ValueError("a number is not a number") from None
        counts = {name: whole(state[name], name) for name in ("count", "sampled", "distinct")}
        reference = cls(**counts, **numbers, **knots)  # type: ignore[arg-type]
        reference._check()
        return reference

    @cached_property
    def packed(self) -> Frozen:
        """What `state` has, with the arrays as text; `unpacked` reads it."""
        state = {name: getattr(self, name) for name in self.__dataclass_fields__}
        packed = {name: pack(value) if isinstance(value, np.ndarray) else value for name, value in state.items()}
        return Frozen(packed)

    @classmethod
    def unpacked(cls, state: Mapping[str, Any]) -> NumericReference:
        """What `packed` gave."""
        return cls.restored({**state, **{name: unpack(state[name]) for name in ("values", "below", "upto")}})

    def _check(self) -> None:
        numbers = np.concatenate((self.values, self.below, self.upto, [self.mean, self.std]))
        if not np.isfinite(numbers).all() or self.std < 0:
            raise ValueError("a number is not finite, or std is negative")
        if not len(self.values) or not len(self.values) == len(self.below) == len(self.upto):
            raise ValueError("values, below and upto must be lists of one length")
        shares = np.ravel(np.column_stack((self.below, self.upto)))
        if (
            (self.values[1:] <= self.values[:-1]).any()
            or (shares[1:] < shares[:-1]).any()
            or shares[0] < 0
            or shares[-1] > 1
        ):
            raise ValueError("values must rise, and so must the shares below and up to them, from 0 to 1")
        if self.distinct < 1 or not 1 <= self.sampled <= self.count:
            raise ValueError("distinct and sampled must be at least 1, and count at least sampled")
        if not self.minimum <= self.values[0] <= self.values[-1] <= self.maximum:
            raise ValueError("values must be from minimum to maximum")

    @cached_property
    def _scale(self) -> float:
        """A power of two that brings the values to unit size: no difference of them overflows then."""
        largest = max(abs(self.minimum), abs(self.maximum))
        return float(np.ldexp(1.0, -max(int(np.frexp(largest)[1]) + 1, -1022)))

    def _deviations(self, x: Floats) -> Floats:
        spread, mean = self.std * self._scale, self.mean * self._scale
        with np.errstate(over="ignore"):
            distance = x * self._scale - mean
            found: Floats = distance / spread if spread else np.sign(distance) * LIMIT
        return found

    @cached_property
    def _pieces(self) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """What the distribution function is made of, shape (m + 1,) each: piece k begins at knot k - 1.

        That knot, the share up to it, the share below the next, the knot in units of ``_scale``, the rise per unit.
        """
        unit = self.values * self._scale
        gaps = np.diff(unit)
        rises = self.below[1:] - self.upto[:-1]
        slopes = np.where(gaps > TINY, rises / np.maximum(gaps, TINY), 0.0)
        return (
            np.concatenate(([np.nan], self.values)),
            np.concatenate(([0.0], self.upto)),
            np.concatenate((self.below, [1.0])),
            np.concatenate((unit[:1], unit)),
            np.concatenate(([0.0], slopes, [0.0])),
        )


def _kept(last: NDArray[np.intp]) -> NDArray[np.intp]:
    """Which of the different values are kept, by the rank of the last of each."""
    distinct = len(last)
    if distinct <= MAX_KNOTS:
        return np.arange(distinct)
    # As many from above as from below: a sign turned round leaves the same ones.
    lower = np.linspace(0, last[-1], QUANTILES)[: QUANTILES // 2 + 1].astype(np.intp)
    ranks = np.concatenate((lower, last[-1] - lower[::-1]))
    ends = (np.arange(TAIL), np.searchsorted(last, ranks), np.arange(distinct - TAIL, distinct))
    return np.unique(np.concatenate(ends))
