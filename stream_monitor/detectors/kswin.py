"""Kolmogorov-Smirnov windowing (KSWIN): a two-sample test of the newest values against a sample of older ones."""

from __future__ import annotations

import random
from base64 import b64decode, b64encode
from bisect import bisect_left
from functools import lru_cache
from math import comb
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator

from stream_monitor.core.arrays import Floats, ordered_sum
from stream_monitor.detectors.base import NO_CONTEXT, Change, DetectorConfig, DetectorContext
from stream_monitor.detectors.scan import first_hit, scan

#: The number of tests whose samples are drawn at once.
BATCH = 64
#: A Kolmogorov-Smirnov distance up to this is no drift, regardless of its p-value, as in river.
MIN_DISTANCE = 0.1


class KswinConfig(DetectorConfig):
    """A test for equal distributions of the newest values and a sample of older ones (Raab et al. 2020)."""

    kind: Literal["kswin"] = "kswin"
    alpha: float = Field(
        0.005, gt=0, le=0.5, description="significance of one test; smaller: later detection, fewer alarms"
    )
    window_size: int = Field(100, ge=2, le=10_000, description="values in the window")
    stat_size: int = Field(
        30, ge=1, le=5_000, validate_default=True, description="values in each sample, at most half of window_size"
    )
    seed: int = Field(0, ge=0, description="seed of the random samples")

    @field_validator("stat_size")
    @classmethod
    def _fits(cls, size: int, info: ValidationInfo) -> int:
        window = info.data.get("window_size")
        if window is not None and 2 * size > window:
            raise ValueError(f"must be at most half of window_size, which is {window}")
        return size

    def make(self, context: DetectorContext = NO_CONTEXT) -> Kswin:
        return Kswin(self)


class Kswin:
    """Kolmogorov-Smirnov windowing; with the same seed it detects at the same indices as river's class.

    At each value the newest ``stat_size`` values are compared with as many drawn from the older ones in the window.
    Because a test is made at each value, false alarms are frequent: about one in 800 stationary values with the
    default ``alpha``, one in 60,000 with 0.0001. A value costs about 7 microseconds, mostly for drawing the sample.
    The sample does not depend on the values, so columns with equal counts share it: with 20 columns a value costs
    1 microsecond.

    Source: Raab, Heusinger, Schleif, "Reactive soft prototype computing for concept drift streams", Neurocomputing
    416 (2020), pp. 340-351. The p-value: Hodges, "The significance probability of the Smirnov two-sample test",
    Arkiv för Matematik 3 (1958), pp. 469-486.

    >>> import numpy as np
    >>> values = np.concatenate([np.tile([0.0, 1.0, 2.0, 3.0], 250), np.tile([2.0, 3.0, 4.0, 5.0], 250)])
    >>> [(change.index, change.width) for change in KswinConfig(alpha=0.0001).make().update_many(values)]
    [(1024, 30)]
    """

    def __init__(self, config: KswinConfig) -> None:
        self._window_size, self._size, self._seed = config.window_size, config.stat_size, config.seed
        self._critical = _critical_gap(config.stat_size, config.alpha)
        self._reset()

    def _reset(self) -> None:
        #: The newest values, one fewer than the size of the window.
        self._newest: Floats = np.empty(0)
        # The state of the random generator before the current batch of samples, and the number of samples used.
        self._generator, self._used = _generator(self._seed), 0

    def update_many(self, values: Floats) -> list[Change]:
        return scan(values, self._advance)

    def _advance(self, values: Floats) -> Change | None:
        """Process the values up to the first drift; return it after a reset, else None."""
        known = np.concatenate((self._newest, values))
        before = self._window_size - 1
        start = 0
        while start < len(known) - before:
            samples, following = _samples(self._generator, self._window_size - self._size, self._size)
            samples = samples[self._used : self._used + len(known) - before - start]
            hit = self._first_drift(known[start : start + before + len(samples)], samples)
            if hit is not None:
                change = self._change(start + hit + before - len(self._newest), known[start + hit :])
                self._reset()
                return change
            start, self._used = start + len(samples), self._used + len(samples)
            if self._used == BATCH:
                self._generator, self._used = following, 0
        self._newest = known[max(len(known) - before, 0) :]
        return None

    def _first_drift(self, known: Floats, samples: NDArray[np.int16]) -> int | None:
        """Return the index of the first test that detects a drift; test t uses the window that starts at index t.

        Each test is a row over the sorted values with 1 for a drawn value and -1 for a newest one. The running sums
        along a row, taken at the last of equal values, are the gaps between the two distribution functions.
        """
        order = np.argsort(known, kind="stable")
        ranks = np.empty(len(known), dtype=np.intp)
        ranks[order] = np.arange(len(known))
        rows = np.arange(len(samples))[:, None]
        newest = np.arange(self._window_size - self._size, self._window_size)
        members = np.zeros((len(samples), len(known)), dtype=np.int8 if self._size < 128 else np.int16)
        members[rows, ranks[rows + samples]] = 1
        members[rows, ranks[rows + newest]] = -1
        gaps = members.cumsum(axis=1, dtype=members.dtype)
        last = np.append(np.diff(known[order]) != 0, True)
        if not last.all():
            gaps = gaps[:, last]
        return first_hit(np.maximum(gaps.max(axis=1), -gaps.min(axis=1)) >= self._critical)

    def _change(self, index: int, window: Floats) -> Change:
        """Return the change from the mean of the window's older values to that of its newest."""
        older, newest = np.split(window[: self._window_size], [self._window_size - self._size])
        return Change(index, ordered_sum(older) / len(older), ordered_sum(newest) / len(newest), self._size)

    def state(self) -> dict[str, Any]:
        return {"newest": self._newest.tolist(), "generator": self._generator, "used": self._used}

    def restore(self, state: dict[str, Any]) -> None:
        self._newest = np.array(state["newest"], dtype=np.float64)
        self._generator, self._used = state["generator"], state["used"]


@lru_cache(maxsize=256)
def _critical_gap(size: int, alpha: float) -> int:
    """Return the minimum gap, in values, between two samples of this size for a drift; above the size if none is."""
    least = next((gap for gap in range(size + 1) if gap / size > MIN_DISTANCE), size)
    return bisect_left(range(size + 1), True, lo=least, key=lambda gap: _p_value(size, gap) <= alpha)


def _p_value(size: int, gap: int) -> float:
    """Return the exact p-value of a gap between two samples of one size, by counting the paths that leave a strip.

    >>> round(_p_value(30, 14), 6)
    0.00253
    """
    paths = sum((-1) ** (turn + 1) * comb(2 * size, size - turn * gap) for turn in range(1, size // gap + 1))
    return float(2 * paths / comb(2 * size, size))


@lru_cache(maxsize=16)
def _generator(seed: int) -> str:
    """Return the state of a seeded random generator, as text."""
    return _write(random.Random(seed))


@lru_cache(maxsize=256)
def _samples(generator: str, older: int, size: int) -> tuple[NDArray[np.int16], str]:
    """Draw the next batch of samples; return their indices in the window and the generator's state after them.

    They do not depend on the values, so columns with equal counts share them through the cache.
    """
    numbers = np.frombuffer(b64decode(generator), dtype="<u4").tolist()
    source = random.Random()
    source.setstate((3, tuple(numbers), None))
    places = [source.sample(range(older), size) for _ in range(BATCH)]
    return np.array(places, dtype=np.int16), _write(source)


def _write(source: random.Random) -> str:
    return b64encode(np.array(source.getstate()[1], dtype="<u4").tobytes()).decode()
