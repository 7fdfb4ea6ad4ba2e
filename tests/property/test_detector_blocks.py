"""Detectors side by side in a block against detectors that are fed one by one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import Bools, Floats, Ints
from stream_monitor.detectors import Detector, DetectorContext
from stream_monitor.detectors.adwin import AdwinConfig
from stream_monitor.detectors.blocks import Step, block_key, make_block
from stream_monitor.detectors.glr import GlrConfig
from stream_monitor.detectors.page_hinkley import PageHinkleyConfig
from tests.examples import examples

Make = Callable[[], Detector]
#: Numbers of values per step, from none to more than a detector processes at a time.
SIZES = (0, 1, 3, 10, 50, 100, 500, 500, 2000, 5000)


def _glr(rng: np.random.Generator, kind: str) -> list[Make]:
    common: dict[str, Any] = {
        "clock": int(rng.integers(1, 9)),
        "max_window": int(rng.choice([64, 500, 20_000])),
        "min_effect": float(rng.choice([0.0, 0.05, 0.3])),
    }

    is_falling = bool(rng.random() < 0.5)

    def column(threshold: float, weight: float, categories: int) -> Make:
        own = str(rng.choice(["number", "share"])) if kind == "any" else kind
        if kind in ("mixed", "any"):
            own = "category" if categories else "share" if kind == "mixed" else own
        steps = weight / np.cumprod(np.concatenate(([1.0], rng.uniform(1.0, 1.6, 16))))
        weights = tuple(steps.tolist()) if is_falling else ()
        context = DetectorContext(own, weight=weight, categories=categories, weights=weights)  # type: ignore[arg-type]
        return lambda: GlrConfig(threshold=threshold, **common).make(context)

    size = int(rng.integers(1, 7))
    weights = rng.choice([0.3, 1.0, 1.0, 2.5], size)
    least = {"category": 1, "mixed": 0, "any": 0}
    categories = rng.integers(least[kind], 6, size) if kind in least else np.zeros(size, np.int64)
    return [
        column(float(rng.uniform(0.5, 12.0)), float(weight), int(count))
        for weight, count in zip(weights, categories, strict=True)
    ]


def _adwin(rng: np.random.Generator) -> list[Make]:
    def column(delta: float, clock: int) -> Make:
        return lambda: AdwinConfig(delta=delta, clock=clock).make()

    return [
        column(float(10.0 ** -rng.uniform(0.1, 4.0)), int(rng.integers(1, 40))) for _ in range(rng.integers(1, 7))
    ]


def _page_hinkley(rng: np.random.Generator) -> list[Make]:
    common: dict[str, Any] = {
        "alpha": float(rng.choice([1.0, 0.9999, 0.99, 0.9])),
        "delta": float(rng.choice([0.0, 0.005, 0.1])),
        "min_instances": int(rng.integers(1, 50)),
        "mode": str(rng.choice(["up", "down", "both"])),
    }

    def column(threshold: float) -> Make:
        return lambda: PageHinkleyConfig(threshold=threshold, **common).make()

    return [column(float(10.0 ** rng.uniform(0.0, 3.0))) for _ in range(rng.integers(1, 7))]


BLOCKS: dict[str, Callable[[np.random.Generator], list[Make]]] = {
    "glr of numbers": lambda rng: _glr(rng, "number"),
    "glr of shares": lambda rng: _glr(rng, "share"),
    "glr of categories": lambda rng: _glr(rng, "category"),
    "glr of indicators": lambda rng: _glr(rng, "mixed"),
    "glr of all kinds in indicators": lambda rng: _glr(rng, "any"),
    "adwin of numbers": _adwin,
    "adwin of shares": _adwin,
    "page_hinkley of numbers": _page_hinkley,
    "page_hinkley of shares": _page_hinkley,
}


def _numbers(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    values = rng.normal(size=shape) * rng.choice([1.0, 1.0, 2.0]) + rng.choice([0.0, 0.0, 0.0, 0.3, 1.0], shape[1])
    match rng.integers(6):
        case 0:
            return np.round(values)
        case 1:
            return np.repeat(values[:1], len(values), axis=0)
        case 2:
            return values * (rng.random(shape[1]) < 0.5)
    return values


def _shares(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    values = (rng.random(shape) < rng.choice([0.0, 0.0, 0.001, 0.01, 0.2, 0.5, 0.9, 1.0], shape[1])).astype(float)
    return values * rng.random(shape) if rng.random() < 0.2 else values


def _codes(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    return rng.integers(0, rng.integers(1, 7, shape[1]), shape).astype(float)


def _indicators(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Return zeros and ones, which are shares or categories."""
    return np.minimum(_codes(rng, shape), 1.0)


VALUES = {"numbers": _numbers, "shares": _shares, "categories": _codes, "indicators": _indicators}


class Pair:
    """A block, and detectors that are fed one by one."""

    def __init__(self, make: list[Make]) -> None:
        self.make, self.alone = make, [each() for each in make]
        assert len({block_key(each) for each in self.alone}) == 1
        self.block = make_block([each() for each in make])
        self.found = 0

    def update(self, values: Floats, counts: Ints | None, skip: Bools | None = None) -> None:
        step = self.block.step(values, counts, skip)
        loads = []
        for column, detector in enumerate(self.alone):
            some = values[: len(values) if counts is None else counts[column], column]
            is_skipped = skip is not None and skip[column]
            if is_skipped or (step.fired[column] and not self.block.is_final):
                # Until the commit, the block's state is that before the step.
                one = self._stored(column)
                assert _text(one) == _text(detector)
                one.update_many(some)
                loads.append((column, one))
            changes = detector.update_many(np.ascontiguousarray(some))
            if not is_skipped:
                self._compare(step, column, changes)
            self.found += len(changes)
        self.block.commit(step)
        for column, one in loads:
            self.block.load(column, one)

    def _compare(self, step: Step, column: int, changes: list[Any]) -> None:
        if self.block.is_final:
            assert step.changes.get(column, []) == changes
        assert step.fired[column] or not changes

    def _stored(self, column: int) -> Detector:
        detector = self.make[column]()
        self.block.store(column, detector)
        return detector

    def compare_states(self) -> None:
        for column, detector in enumerate(self.alone):
            assert _text(self._stored(column)) == _text(detector)

    def reload(self) -> None:
        self.block = make_block([self._stored(column) for column in range(len(self.make))])


def _text(detector: Detector) -> str:
    return json.dumps(detector.state())


@pytest.mark.parametrize("kind", BLOCKS)
@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 12), has_dropouts=st.booleans())
@settings(max_examples=examples(120), deadline=None)
def test_a_block_is_its_detectors(kind: str, seed: int, steps: int, has_dropouts: bool) -> None:
    rng = np.random.default_rng(seed)
    pair = Pair(BLOCKS[kind](rng))
    size = len(pair.make)
    level = 10.0 ** rng.integers(-160, 150, size) if rng.random() < 0.2 else 10.0 ** rng.integers(-12, 12, size)
    offset = rng.choice([0.0, 0.0, 1.0, 1e6], size)
    if kind.startswith("page_hinkley"):
        # Its threshold is in units of the values; above it at nearly each of them, the test would take minutes.
        level, offset = np.ones(size), rng.choice([0.0, 1.0], size)
    for _ in range(steps):
        values = VALUES[kind.rpartition(" ")[2]](rng, (int(rng.choice(SIZES)), size))
        if kind.endswith("numbers"):
            values = (values + offset) * level
        counts = rng.integers(0, len(values) + 1, size) if has_dropouts and rng.random() < 0.7 else None
        if counts is not None:
            after = np.arange(len(values))[:, None] >= counts
            values[after] = rng.choice([np.nan, 0.0, 1e300])
        pair.update(values, counts, rng.random(size) < 0.3 if rng.random() < 0.3 else None)
        pair.compare_states()
        if rng.random() < 0.1:
            pair.reload()


@pytest.mark.parametrize("kind", BLOCKS)
def test_a_block_misses_no_change(kind: str) -> None:
    found = 0
    for seed in range(examples(24)):
        rng = np.random.default_rng(seed)
        pair = Pair(BLOCKS[kind](rng))
        size = len(pair.make)
        for _ in range(4):
            length = int(rng.integers(50, 3000))
            values = VALUES[kind.rpartition(" ")[2]](rng, (length, size))
            for part in np.array_split(values, int(rng.integers(1, 20))):
                pair.update(part, None)
        found += pair.found
    assert found > examples(24)
