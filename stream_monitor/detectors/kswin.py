"""KSWIN: the newest values against a sample of older ones, by the Kolmogorov-Smirnov test."""

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

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors.base import NO_CONTEXT, Change, DetectorConfig, DetectorContext
from stream_monitor.detectors.scan import first_hit, scan

#: Tests whose samples are drawn at once.
BATCH = 64
#: A distance up to this is no drift, whatever its p-value; as in river.
MIN_DISTANCE = 0.1


class KswinConfig(DetectorConfig):
    """Tests whether the newest values and a sample of older ones have one distribution (Raab et al. 2020)."""

    kind: Literal["kswin"] = "kswin"
    alpha: float = Field(0.005, gt=0, le=0.5, description="significance of one test: smaller is slower and quieter")
    window_size: int = Field(100, ge=2, le=10_000, description="newest values that are kept")
    stat_size: int = Field(
        30, ge=1, le=5_000, validate_default=True, description="values in each sample, at most half of window_size"
    )
    seed: int = Field(0, ge=0, description="where the random samples start")

    @field_validator("stat_size")
    @classmethod
    def _fits(cls, size: int, info: ValidationInfo) -> int:
        window = info.data.get("window_size")
        if window is not None and 2 * size > window:
            raise ValueError(f"must be at most half of window_size, which is {window}")
        return size

    def make(self, terms: DetectorContext = NO_CONTEXT) -> Kswin:
        return Kswin(self)


class Kswin:
    """Kolmogorov-Smirnov windowing: the same indices as river's class with the same seed.

    At each value the newest ``stat_size`` are compared with as many drawn from the older ones in the window. Such
    tests at each value alarm often: the default ``alpha`` about once in 800 stationary values, 0.0001 once in 60,000.
    A value costs about 7 microseconds, most of them for the sample. That depends on no value, so columns in step have
    it in common: with 20 of them a value costs 1 microsecond.

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
        #: The newest values, one fewer than the window takes.
        self._newest: Floats = np.empty(0)
        # The random generator where the current batch of samples starts, and how many of those were used.
        self._generator, self._used = _generator(self._seed), 0

    def update_many(self, values: Floats) -> list[Change]:
        return scan(values, self._advance)

    def _advance(self, values: Floats) -> Change | None:
        """Take all the values, or stop at the first drift and start anew."""
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
        """The first of the tests that finds a drift; test t takes the window that starts at place t.

        One row a test over the sorted values: 1 where one was drawn, -1 where one is new. The running sums are the
        gaps between the two distributions, at the last of equal values.
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
        """The means of the window's older values and of its newest."""
        older, newest = np.split(window[: self._window_size], [self._window_size - self._size])
        return Change(index, float(older.mean()), float(newest.mean()), self._size)

    def state(self) -> dict[str, Any]:
        return {"newest": self._newest.tolist(), "generator": self._generator, "used": self._used}

    def restore(self, state: dict[str, Any]) -> None:
        self._newest = np.array(state["newest"], dtype=np.float64)
        self._generator, self._used = state["generator"], state["used"]


@lru_cache(maxsize=256)
def _critical_gap(size: int, alpha: float) -> int:
    """The smallest gap, in values, of two samples of this size that is a drift; above the size if none is."""
    least = next((gap for gap in range(size + 1) if gap / size > MIN_DISTANCE), size)
    return bisect_left(range(size + 1), True, lo=least, key=lambda gap: _p_value(size, gap) <= alpha)


def _p_value(size: int, gap: int) -> float:
    """How likely two samples of one distribution are so far apart: exactly, by the paths that leave a strip.

    >>> round(_p_value(30, 14), 6)
    0.00253
    """
    paths = sum((-1) ** (turn + 1) * comb(2 * size, size - turn * gap) for turn in range(1, size // gap + 1))
    return float(2 * paths / comb(2 * size, size))


@lru_cache(maxsize=16)
def _generator(seed: int) -> str:
    """A random generator, as text."""
    return _write(random.Random(seed))


@lru_cache(maxsize=256)
def _samples(generator: str, older: int, size: int) -> tuple[NDArray[np.int16], str]:
    """The places in the window of the next batch of samples, and the generator behind them.

    They depend on no value, so columns in step have them in common.
    """
    numbers = np.frombuffer(b64decode(generator), dtype="<u4").tolist()
    source = random.Random()
    source.setstate((3, tuple(numbers), None))
    places = [source.sample(range(older), size) for _ in range(BATCH)]
    return np.array(places, dtype=np.int16), _write(source)


def _write(source: random.Random) -> str:
    return b64encode(np.array(source.getstate()[1], dtype="<u4").tobytes()).decode()
