"""The reference distribution of a signal of numbers: shares at knots, with all atoms."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.arrays import Bools, Floats, pack, unpack
from stream_monitor.core.frozen import Frozen
from stream_monitor.stats.moments import Moments
from stream_monitor.stats.reference.json import check_keys, listed, whole
from stream_monitor.stats.reference.quantile_integral import QuantileIntegral

#: The number of evenly spaced quantiles kept of many distinct values; their spacing is below an atom's 1 %.
QUANTILES = 113
#: The number of smallest values, and of largest values, kept as well.
TAIL = 8
#: Up to this number of distinct values all are kept.
MAX_KNOTS = QUANTILES + 2 * TAIL
#: The number up to which distinct values are counted.
MAX_DISTINCT = 1000
#: The number of bins of equal mass.
BINS = 10
#: A value with at least this share of the mass has a bin of its own.
OWN_BIN = 0.05
#: Standardised values are clipped to this distance, or to that of the reference's own values if larger, so that a
#: single extreme value can't dominate a mean of many.
LIMIT = 10.0
#: The minimum difference of two knots, relative to the largest value, between which mass is interpolated.
TINY = 1e-250


@dataclass(frozen=True, eq=False)
class NumericReference:
    """The distribution of the numbers of a signal.

    Shares are given at m knots. ``below`` and ``upto`` differ by the mass of the knot itself, so that atoms, such as
    many zeros, are exact; between two knots the mass is spread evenly.

    Attributes:
        count: The number of finite values.
        sampled: The number of values from which the shares were computed, at most ``count``.
        mean: The mean.
        std: The standard deviation with the count as divisor.
        minimum: The smallest value.
        maximum: The largest value.
        distinct: The number of distinct values, counted up to 1,000.
        values: The knots, strictly increasing, shape (m,).
        below: The share of values smaller than each knot, shape (m,).
        upto: The share of values that are at most each knot, shape (m,).

    >>> reference = NumericReference.learn(np.array([0.0, 0.0, 0.0, 1.0]))
    >>> reference.mean, reference.distinct, reference.shares(np.array([-1.0, 0.0, 0.5, 1.0]))[1]
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
        """Return the reference of finite values in any order, shape (n,) with n >= 1.

        Raises:
            ValueError: There is no value.
        """
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

    def shares(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the share of values smaller than each x, and the share that is at most each x, shape (n,) each."""
        knots, upto, limit, unit, slopes = self.pieces
        piece = np.searchsorted(self.values, x, side="right")
        # Outside the knots the share is constant; clipping x also keeps the largest numbers from overflowing.
        way = np.maximum(np.minimum(x, self.values[-1]), self.values[0]) * self.scale - unit[piece]
        at = np.minimum(upto[piece] + way * slopes[piece], limit[piece])
        return np.where(knots[piece] == x, self.below[piece - 1], at), at

    def quantile(self, shares: Floats) -> Floats:
        """Return the quantiles at shares from 0 to 1: the smallest values with at least that share up to them.

        Args:
            shares: Shares of the mass, shape (n,).
        """
        at = np.minimum(np.searchsorted(self.upto, shares), len(self.values) - 1)
        before = np.maximum(at - 1, 0)
        left, right = self.values[before] * self.scale, self.values[at] * self.scale
        mass = self.below[at] - self.upto[before]
        inside = (shares < self.below[at]) & (mass > 0)
        part = (shares - self.upto[before]) / np.where(inside, mass, 1.0)
        between = (left + part * (right - left)) / self.scale
        found: Floats = np.where(inside, between, self.values[at])
        return found

    def standardise(self, x: Floats) -> Floats:
        """Return x in standard deviations from the mean, clipped to ``-reach`` and ``reach``, shape (n,)."""
        return np.clip(self._deviations(x), -self.reach, self.reach)

    @cached_property
    def reach(self) -> float:
        """The clipping distance in standard deviations: 10, or that of the farthest reference value if larger."""
        ends = self._deviations(np.array([self.minimum, self.maximum]))
        return max(LIMIT, float(np.abs(ends).max())) if self.std else LIMIT

    @cached_property
    def cuts(self) -> tuple[Floats, Bools, Floats]:
        """The borders of bins of about a tenth of the mass each, shape (cuts,) each.

        Three arrays: the value at the border, True if that value belongs to the left bin, and the share up to the
        border. A value with much mass has a bin of its own. No bin is empty in the reference; there may be only one.
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

    @cached_property
    def farthest(self) -> float:
        """The largest distance of a knot from the mean, in standard deviations."""
        return float(np.abs(self.standard_values).max())

    @cached_property
    def quantile_integral(self) -> QuantileIntegral:
        """The integral of the quantile function, in standard deviations from the mean."""
        return QuantileIntegral(self.standard_values, self.below, self.upto)

    def state(self) -> dict[str, Any]:
        """Return the fields as JSON values, for `restored`."""
        return {name: listed(getattr(self, name)) for name in self.__dataclass_fields__}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> NumericReference:
        """Return the reference with a state that `state` returned.

        Raises:
            ValueError: The state is not valid; the message says why.
        """
        check_keys(state, cls.__dataclass_fields__)
        try:
            knots = {name: np.frombuffer(array("d", state[name])) for name in ("values", "below", "upto")}
            numbers = {name: array("d", [state[name]])[0] for name in ("mean", "std", "minimum", "maximum")}
        except (TypeError, OverflowError):
            raise ValueError("values, below, upto, mean, std, minimum and maximum must be numbers") from None
        counts = {name: whole(state[name], name) for name in ("count", "sampled", "distinct")}
        reference = cls(**counts, **numbers, **knots)  # type: ignore[arg-type]
        _check(reference)
        return reference

    @cached_property
    def packed(self) -> Frozen:
        """The state as a frozen mapping with the arrays as text, for `unpacked`."""
        state = {name: getattr(self, name) for name in self.__dataclass_fields__}
        packed = {name: pack(value) if isinstance(value, np.ndarray) else value for name, value in state.items()}
        return Frozen(packed)

    @classmethod
    def unpacked(cls, state: Mapping[str, Any]) -> NumericReference:
        """Return the reference with a state that `packed` returned."""
        return cls.restored({**state, **{name: unpack(state[name]) for name in ("values", "below", "upto")}})

    @cached_property
    def scale(self) -> float:
        """The power of two that scales the values to unit size, so that differences do not overflow."""
        largest = max(abs(self.minimum), abs(self.maximum))
        return float(np.ldexp(1.0, -max(int(np.frexp(largest)[1]) + 1, -1022)))

    def _deviations(self, x: Floats) -> Floats:
        spread, mean = self.std * self.scale, self.mean * self.scale
        with np.errstate(over="ignore"):
            distance = x * self.scale - mean
            found: Floats = distance / spread if spread else np.sign(distance) * LIMIT
        return found

    @cached_property
    def pieces(self) -> Floats:
        """The linear pieces of the distribution function, shape (5, m + 1); piece k begins at knot k - 1.

        For each piece: the knot, the share up to it, the share below the next knot, the scaled knot (times
        ``scale``), and the slope per scaled unit.
        """
        unit = self.values * self.scale
        gaps = np.diff(unit)
        rises = self.below[1:] - self.upto[:-1]
        slopes = np.where(gaps > TINY, rises / np.maximum(gaps, TINY), 0.0)
        return np.stack(
            (
                np.concatenate(([np.nan], self.values)),
                np.concatenate(([0.0], self.upto)),
                np.concatenate((self.below, [1.0])),
                np.concatenate((unit[:1], unit)),
                np.concatenate(([0.0], slopes, [0.0])),
            )
        )


def _kept(last: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the indices of the distinct values to keep, given the rank of the last occurrence of each."""
    distinct = len(last)
    if distinct <= MAX_KNOTS:
        return np.arange(distinct)
    # Symmetric from both ends: negating all values keeps the same ones.
    lower = np.linspace(0, last[-1], QUANTILES)[: QUANTILES // 2 + 1].astype(np.intp)
    ranks = np.concatenate((lower, last[-1] - lower[::-1]))
    ends = (np.arange(TAIL), np.searchsorted(last, ranks), np.arange(distinct - TAIL, distinct))
    return np.unique(np.concatenate(ends))


def _check(reference: NumericReference) -> None:
    """Raise `ValueError` where a field is not valid, or two contradict each other."""
    numbers = np.concatenate((reference.values, reference.below, reference.upto, [reference.mean, reference.std]))
    if not np.isfinite(numbers).all() or reference.std < 0:
        raise ValueError("a number is not finite, or std is negative")
    if not len(reference.values) or not len(reference.values) == len(reference.below) == len(reference.upto):
        raise ValueError("values, below and upto must be lists of one length")
    shares = np.ravel(np.column_stack((reference.below, reference.upto)))
    if (
        (reference.values[1:] <= reference.values[:-1]).any()
        or (shares[1:] < shares[:-1]).any()
        or shares[0] < 0
        or shares[-1] > 1
    ):
        raise ValueError("values must rise, and so must the shares below and up to them, from 0 to 1")
    if reference.distinct < 1 or not 1 <= reference.sampled <= reference.count:
        raise ValueError("distinct and sampled must be at least 1, and count at least sampled")
    if not reference.minimum <= reference.values[0] <= reference.values[-1] <= reference.maximum:
        raise ValueError("values must be from minimum to maximum")
