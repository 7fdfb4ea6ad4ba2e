"""Haar variances that are kept: long blocks are compared over many estimates, a change is no dependence."""

from __future__ import annotations

import json

import numpy as np
import pytest

from stream_monitor.core.arrays import Floats
from stream_monitor.stats.fading_variances import FadingVariances

NOISE = np.random.default_rng(4).normal(size=20_000)
FOR_EVER = 1e9


def _kept(values: Floats, every: int = 500, largest: float = FOR_EVER) -> FadingVariances:
    """Return what is kept of values, with a look after every so many, and a restart after each."""
    known = FadingVariances()
    for begin in range(0, len(values), every):
        known.series.add(values[begin : begin + every])
        known.keep(largest)
        again = FadingVariances()
        again.restore(json.loads(json.dumps(known.state())))
        assert again.series.limits.tolist() == known.series.limits.tolist()
        known = again
    return known


def test_blocks_longer_than_the_time_between_two_looks_are_compared() -> None:
    known = _kept(NOISE[:16_384])
    assert known.counts.tolist() == [2.0 ** max(13 - level, -1) // 1 for level in range(16)]
    assert 0.5 < known.read()[1][10] / known.counts[10] / 2**11 < 2.0


def test_older_values_fade() -> None:
    known = _kept(np.concatenate((5.0 * NOISE[:5000], NOISE[5000:])), largest=1000.0)
    assert known.counts[0] < 1300.0
    assert 1.8 < known.read()[1][0] / known.counts[0] < 2.2


def test_a_step_is_one_large_detail_of_each_level() -> None:
    stepped = NOISE.copy()
    stepped[10_000:] += 3.0
    calm, known = _kept(NOISE), _kept(stepped)
    assert known.counts[7] == 78
    assert all(new < 1.2 * old for new, old in zip(known.read()[1][:8], calm.read()[1][:8], strict=True))


def test_a_drift_is_no_dependence() -> None:
    calm, known = _kept(NOISE), _kept(NOISE + np.arange(20_000) / 10_000.0)
    assert known.read()[1][:10] == pytest.approx(calm.read()[1][:10], rel=0.2)


def test_the_newest_values_are_forgotten_after_a_change() -> None:
    known, calm = _kept(NOISE[:8000]), _kept(NOISE[:8000])
    known.series.add(np.full(300, 9.0))
    known.interrupt()
    assert known.series.limits.tolist() == calm.series.limits.tolist()
    known.keep(FOR_EVER)
    assert known.read() == calm.read()


def test_further_values_are_counted_but_not_kept() -> None:
    known = _kept(NOISE[:8000])
    counts, sums = known.read(NOISE[8000:8500])
    assert counts[0] == 4250.0 and sums[0] > known.read()[1][0]
    assert known.counts[0] == 4000.0
