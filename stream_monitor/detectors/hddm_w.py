"""Hoeffding's drift detection method on weighted averages (HDDM-W): fading means before and since a cut point."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from stream_monitor.core.arrays import Bools, ColumnKind, Floats
from stream_monitor.detectors.base import NO_CONTEXT, Change, DetectorConfig, DetectorContext
from stream_monitor.detectors.scan import Zone, first_hit, running_totals, scan


class HddmWConfig(DetectorConfig):
    """A test of fading means before and since a cut point by McDiarmid's bound (Frías-Blanco et al. 2015)."""

    takes: ClassVar[frozenset[ColumnKind]] = frozenset({"share"})
    batch_means: ClassVar[bool] = False

    kind: Literal["hddm_w"] = "hddm_w"
    drift_confidence: float = Field(
        0.001, gt=0, lt=1, description="significance level; smaller: later detection, fewer false alarms"
    )
    warning_confidence: float = Field(
        0.005,
        gt=0,
        lt=1,
        description="significance level of the warning zone; its start is the estimated change point",
    )
    lambda_val: float = Field(0.05, gt=0, lt=1, description="weight of the newest value in the fading means")
    two_sided_test: bool = Field(False, description="detect falls of the share as well as rises")

    def make(self, context: DetectorContext = NO_CONTEXT) -> HddmW:
        return HddmW(self)


class _Fading(NamedTuple):
    """A fading (exponentially weighted) mean, and the sum of the squared weights of its values."""

    mean: float = 0.0
    weight: float = 1.0


class _Cut(NamedTuple):
    """A cut point: its level, the number of values up to it, and the fading means up to it and since it."""

    level: float | None = None
    n: int = 0
    upto: _Fading = _Fading()
    since: _Fading = _Fading()


class _Piece(NamedTuple):
    """A chunk of the column, with the fading mean of all values and its squared weights after each value."""

    values: Floats
    means: Floats
    weights: Floats


class _Side(NamedTuple):
    """The result of one direction on a chunk of n values, arrays of shape (n,) unless stated.

    Attributes:
        drift: A mask of the drifts.
        warning: A mask of the warnings.
        place: The number of values of the chunk up to the latest cut point, 0 if it was before the chunk.
        levels: The fading mean plus its bound before the chunk and after each value, shape (n + 1,).
        means: The fading means since the latest cut point.
        weights: The sums of squared weights of those means.
    """

    drift: Bools
    warning: Bools
    place: NDArray[np.intp]
    levels: Floats
    means: Floats
    weights: Floats


class HddmW:
    """Hoeffding's drift detection method on fading means, vectorised; it detects at the indices of river's class.

    The cut point is where the fading mean plus its bound was lowest. A drift is detected when the fading mean of the
    values since then exceeds the one up to there by more than the bound on the difference. All fading means are
    linear recurrences that restart at each cut point. The estimated change point is the start of the latest run of
    values at which the same test at ``warning_confidence`` rejects.

    Source: Frías-Blanco, del Campo-Ávila, Ramos-Jiménez, Morales-Bueno, Ortiz-Díaz, Caballero-Mota, "Online and
    non-parametric drift detection methods based on Hoeffding's bounds", IEEE Transactions on Knowledge and Data
    Engineering 27 (2015), pp. 810-823.

    >>> import numpy as np
    >>> values = np.concatenate([np.tile([0.0, 0.0, 0.0, 1.0], 250), np.ones(500)])
    >>> [(change.index, change.width) for change in HddmWConfig().make().update_many(values)]
    [(1014, 4)]
    """

    def __init__(self, config: HddmWConfig) -> None:
        self._lambda = config.lambda_val
        self._log_drift = math.log(1.0 / config.drift_confidence)
        self._log_warning = math.log(1.0 / config.warning_confidence)
        self._signs = (1.0, -1.0) if config.two_sided_test else (1.0,)
        self._reset()

    def _reset(self) -> None:
        self._n, self._total = 0, 0.0
        self._all = _Fading()
        self._cuts = [_Cut() for _ in self._signs]
        self._zones = [Zone() for _ in self._signs]

    def update_many(self, values: Floats) -> list[Change]:
        return scan(values, self._advance)

    def _advance(self, values: Floats) -> Change | None:
        """Process the values up to the first drift; return it after a reset, else None."""
        starts = np.zeros(len(values), dtype=bool)
        starts[0] = not self._n
        piece = _Piece(
            values,
            _fading_means(values, self._lambda, starts, self._all.mean),
            _squared_weights(self._lambda, self._all.weight, len(values)),
        )
        sides = [self._side(side, piece) for side in range(len(self._signs))]
        hit = first_hit(np.logical_or.reduce([side.drift for side in sides]))
        last = len(values) - 1 if hit is None else hit
        totals = running_totals(values, self._total)
        counts = np.arange(float(self._n), self._n + len(totals))
        for place, side in enumerate(sides):
            self._cuts[place] = self._cut(self._cuts[place], side, piece, last)
            self._zones[place] = self._zones[place].grown((side.drift | side.warning)[: last + 1], counts, totals)
        self._n, self._total = int(counts[last + 1]), float(totals[last + 1])
        self._all = _Fading(float(piece.means[last]), float(piece.weights[last]))
        return None if hit is None else self._change(hit, [bool(side.drift[hit]) for side in sides].index(True))

    def _side(self, side: int, piece: _Piece) -> _Side:
        sign, cut, count = self._signs[side], self._cuts[side], len(piece.values)
        before = np.inf if cut.level is None else cut.level
        levels = np.concatenate(([before], sign * piece.means + _bound(piece.weights, self._log_drift)))
        lowered = levels[1:] < np.minimum.accumulate(levels)[:-1]
        place = np.maximum.accumulate(np.where(lowered, np.arange(1, count + 1), 0))
        starts = np.concatenate(([self._n == cut.n], lowered[:-1]))
        means = _fading_means(piece.values, self._lambda, starts, cut.since.mean)
        weights = self._weights_since(cut.since.weight, place)
        upto = np.concatenate(([cut.upto.mean], piece.means))[place]
        upto_weights = np.concatenate(([cut.upto.weight], piece.weights))[place]
        rise = np.where(lowered, -np.inf, sign * (means - upto))
        drift, warning = (rise > _bound(upto_weights + weights, log) for log in (self._log_drift, self._log_warning))
        return _Side(drift, warning, place, levels, means, weights)

    def _weights_since(self, carried: float, place: NDArray[np.intp]) -> Floats:
        """Return the sums of squared weights since the latest cut point at each value; 1 at the cut point itself."""
        count = len(place)
        fresh = np.concatenate(([1.0], _squared_weights(self._lambda, 1.0, count)))
        weights: Floats = fresh[np.arange(1, count + 1) - place]
        lead = int(np.searchsorted(place, 1))
        weights[:lead] = _squared_weights(self._lambda, carried, lead)
        return weights

    def _cut(self, cut: _Cut, side: _Side, piece: _Piece, last: int) -> _Cut:
        """Return the cut point after the value at index ``last``."""
        place = int(side.place[last])
        since = _Fading(float(side.means[last]), float(side.weights[last]))
        if not place:
            return cut._replace(since=since)
        upto = _Fading(float(piece.means[place - 1]), float(piece.weights[place - 1]))
        return _Cut(float(side.levels[place]), self._n + place, upto, since)

    def _change(self, index: int, side: int) -> Change:
        change = self._zones[side].change(index, self._n, self._total)
        self._reset()
        return change

    def state(self) -> dict[str, Any]:
        return {
            "n": self._n,
            "total": self._total,
            "all": list(self._all),
            "cuts": [[cut.level, cut.n, list(cut.upto), list(cut.since)] for cut in self._cuts],
            "zones": [list(zone) for zone in self._zones],
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._n, self._total, self._all = state["n"], state["total"], _Fading(*state["all"])
        self._cuts = [_Cut(level, n, _Fading(*upto), _Fading(*since)) for level, n, upto, since in state["cuts"]]
        self._zones = [Zone(*zone) for zone in state["zones"]]


def _bound(weights: Floats, logarithm: float) -> Floats:
    """Return McDiarmid's bounds on fading means with these sums of squared weights."""
    bound: Floats = np.sqrt(weights * logarithm / 2.0)
    return bound


def _fading_means(values: Floats, newest: float, starts: Bools, mean: float) -> Floats:
    """Compute ``m[t] = newest x[t] + (1 - newest) m[t-1]`` from ``mean`` on; where ``starts``, ``m[t] = x[t]``.

    Cut points depend on the last bit. So product and sum are each rounded, as river does: compiled code rounds them
    at once on some processors.
    """
    steps = np.where(starts, values, newest * values).tolist()
    factors = np.where(starts, 0.0, 1.0 - newest).tolist()
    means = []
    for step, factor in zip(steps, factors, strict=True):
        mean = step + factor * mean
        means.append(mean)
    return np.array(means)


@lru_cache(maxsize=128)
def _squared_weights(newest: float, start: float, count: int) -> Floats:
    """Return the next sums of squared weights of a fading mean, shape (count,); they converge.

    They are computed one by one, as river does, because cut points depend on their last bit.
    """
    weights = np.empty(count)
    kept = (1.0 - newest) ** 2
    weight = start
    for place in range(count):
        following = newest * newest + kept * weight
        if following == weight:
            weights[place:] = weight
            break
        weights[place] = weight = following
    return weights
