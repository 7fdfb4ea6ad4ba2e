"""STEPD against the formula of its paper, value by value."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stream_monitor.core.arrays import Floats
from stream_monitor.detectors.stepd import StepdConfig
from tests.examples import examples
from tests.streams import configs, cut, cuts, feed, shares


def _p_value(older: list[float], newer: list[float]) -> float:
    """Return the p-value of the test of equal proportions with continuity correction."""
    together = _share(older + newer)
    parts = Fraction(1, len(older)) + Fraction(1, len(newer))
    difference = abs(_share(older) - _share(newer)) - parts / 2
    if difference <= 0 or together in (0, 1):
        return 1.0
    return math.erfc(float(difference) / math.sqrt(together * (1 - together) * parts) / math.sqrt(2))


def _share(values: list[float]) -> Fraction:
    return Fraction(int(sum(values)), len(values))


def _naive(config: StepdConfig, values: Floats) -> list[tuple[int, float, float, int]]:
    found, known, width, size = [], [], 0, config.window_size
    for index, value in enumerate(values.tolist()):
        known.append(value)
        p = _p_value(known[:-size], known[-size:]) if len(known) >= 2 * size else 1.0
        width = width + 1 if p < max(config.alpha_drift, config.alpha_warning) else 0
        if p < config.alpha_drift:
            older = known[: len(known) - width]
            found.append((index, float(np.mean(older)), float(np.mean(known[len(known) - width :])), width))
            known, width = [], 0
    return found


@given(config=configs("stepd"), values=shares(longest=500), places=cuts())
@settings(max_examples=examples(100), deadline=None)
def test_changes_are_those_of_the_formula(config: StepdConfig, values: Floats, places: list[float]) -> None:
    found, wanted = feed(config.make(), cut(values, places)), _naive(config, values)
    assert [change.index for change in found] == [index for index, *_ in wanted]
    np.testing.assert_allclose([c[1:4] for c in found], [w[1:] for w in wanted], rtol=1e-12, atol=1e-12)


@given(st.lists(st.booleans(), max_size=150), cuts(), st.integers(1, 9))
@settings(max_examples=examples(200), deadline=None)
def test_changes_are_those_of_the_formula_on_any_zeros_and_ones(
    values: list[bool], places: list[float], size: int
) -> None:
    config = StepdConfig(window_size=size, alpha_drift=0.2, alpha_warning=0.45)
    column = np.array(values, dtype=float)
    found = feed(config.make(), cut(column, places))
    assert [change.index for change in found] == [index for index, *_ in _naive(config, column)]


@given(values=shares(segments=2, longest=40), size=st.integers(1, 12), ulps=st.integers(1, 64))
@example(values=np.array([1.0, 1, 0, 1, 1, 1]), size=3, ulps=1)
@settings(max_examples=examples(100), deadline=None)
def test_a_difference_equal_to_the_correction_is_none_at_any_significance(
    values: Floats, size: int, ulps: int
) -> None:
    """With ``alpha_drift`` next to 1 the least rounding of a difference of 0 would be a drift."""
    config = StepdConfig(window_size=size, alpha_drift=1 - ulps * 2**-53)
    found = feed(config.make(), [values])
    assert [change.index for change in found] == [index for index, *_ in _naive(config, values)]


def test_a_one_now_and_then_is_no_drift() -> None:
    """The shares differ by less than the correction; MOA detects a drift there."""
    values = np.zeros(20_000)
    values[::900] = 1.0
    assert StepdConfig().make().update_many(values) == []
