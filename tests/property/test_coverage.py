"""Coverage and the interval of accuracy against naive references."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from stream_monitor.performance.coverage import SPANS, Coverage
from stream_monitor.performance.realized import Classification
from stream_monitor.stats.intervals import wilson
from tests.examples import examples

EVENTS = st.lists(
    st.tuples(st.sampled_from(("predicted", "labelled", "tick")), st.floats(0, 1000) | st.none()), max_size=60
)


@given(correct=st.integers(0, 500), more=st.integers(0, 500))
def test_the_interval_is_scipys(correct: int, more: int) -> None:
    count = correct + more
    if count:
        expected = binomtest(correct, count).proportion_ci(0.95, method="wilson")
        assert wilson(correct / count, count) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_of_nothing_the_interval_says_nothing() -> None:
    assert wilson(0.0, 0) == (0.0, 1.0)


@settings(max_examples=examples(300))
@given(events=EVENTS, maturity=st.sampled_from((0.0, 10.0, 200.0)), restart=st.integers(0, 60))
def test_coverage_is_a_count_of_what_is_old_enough(
    events: list[tuple[str, float | None]], maturity: float, restart: int
) -> None:
    """Exact within the width of a span, over restarts too."""
    coverage, clock, times = Coverage(maturity), 0.0, {"predicted": [], "labelled": []}
    for at, (kind, ts) in enumerate(events):
        if at == restart:
            coverage, saved = Coverage(maturity), coverage.state()
            coverage.restore(saved)
        if kind == "tick":
            clock = max(clock, ts or 0.0)
            coverage.advance(clock)
        elif kind == "predicted":
            coverage.predicted(np.array([ts], np.float64))
            times["predicted"].append(ts)
        else:
            coverage.labelled(np.array([ts], np.float64))
            times["labelled"].append(ts)
    width = maturity / SPANS
    for kind, found in (("predicted", coverage.mature), ("labelled", coverage.mature_labelled)):
        ages = [math.inf if ts is None or not maturity else clock - ts for ts in times[kind]]
        assert sum(age >= maturity + width for age in ages) <= found <= sum(age >= maturity for age in ages)


def test_coverage_does_not_depend_on_the_batches() -> None:
    times = [float(at * 37 % 500) for at in range(500)]
    once, apart = Coverage(100.0), Coverage(100.0)
    once.predicted(np.array(times, np.float64))
    once.advance(499.0)
    for at, ts in enumerate(times):
        apart.predicted(np.array([ts], np.float64))
        apart.advance(max(times[: at + 1]))
    assert once.state() == apart.state()
    assert once.mature == pytest.approx(400, abs=1)


def test_memory_of_coverage_is_bounded() -> None:
    coverage = Coverage(3600.0)
    for start in range(0, 100_000, 100):
        coverage.predicted(np.array([float(ts) for ts in range(start, start + 100)], np.float64))
        coverage.advance(start + 99.0)
        assert len(coverage.state()["spans"]) <= SPANS + 20


@given(outcomes=st.lists(st.booleans(), min_size=1, max_size=300), decay=st.sampled_from((0.5, 0.9, 0.999)))
def test_each_window_has_its_count(outcomes: list[bool], decay: float) -> None:
    performance = Classification(window=50, decay=decay)
    performance.update_many([1] * len(outcomes), [int(right) for right in outcomes])
    weights = [decay**age for age in range(len(outcomes))]
    effective = sum(weights) ** 2 / sum(weight**2 for weight in weights)
    expected = {"cumulative": len(outcomes), "rolling": min(len(outcomes), 50), "decayed": effective}
    assert performance.counts() == pytest.approx(expected, rel=1e-6)
    for window, (lower, upper) in performance.intervals().items():
        share = performance.measures()["accuracy"][window]
        assert 0.0 <= lower <= share + 1e-12
        assert share - 1e-12 <= upper <= 1.0
