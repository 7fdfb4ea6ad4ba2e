"""Detections in a signal: few without a drift, whatever the distribution, and soon after any kind of drift."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.arrays import ColumnKind
from tests.harness import feature_events, run
from tests.unit.monitors.watching import COUNT, autoregression, watch

QUIET: dict[str, tuple[Callable[[np.random.Generator], Any], ColumnKind]] = {
    "normal": (lambda rng: rng.normal(size=COUNT), "number"),
    "tiny": (lambda rng: 1e-6 * rng.normal(size=COUNT), "number"),
    "lognormal": (lambda rng: rng.lognormal(size=COUNT), "number"),
    "student t(2)": (lambda rng: rng.standard_t(2, size=COUNT), "number"),
    "many zeros": (lambda rng: np.where(rng.random(COUNT) < 0.95, 0.0, rng.lognormal(size=COUNT)), "number"),
    "counts": (lambda rng: rng.poisson(2.0, size=COUNT), "number"),
    "two values": (lambda rng: rng.random(COUNT) < 0.02, "number"),
    "share": (lambda rng: rng.random(COUNT) < 0.1, "share"),
    "categories": (lambda rng: rng.choice(list("abcde"), p=[0.3, 0.25, 0.2, 0.15, 0.1], size=COUNT), "category"),
    "long tail": (lambda rng: np.minimum(rng.zipf(1.5, size=COUNT), 9999).astype(str), "category"),
    "AR(1) 0.9": (lambda rng: autoregression(rng, 0.9), "number"),
    "AR(1) 0.3": (lambda rng: autoregression(rng, 0.3), "number"),
}


@pytest.mark.parametrize("name", QUIET)
def test_false_alarms_keep_to_the_budget(name: str) -> None:
    """One is expected in as many values as the budget says; five or more would come by chance once in 270 times."""
    make, kind = QUIET[name]
    values = make(np.random.default_rng(7))
    _, found = watch(values.tolist() if kind == "category" else values, kind)
    assert len(found) < 5


def _delay(before: Any, after: Any, kind: ColumnKind = "number") -> int:
    values = [*np.asarray(before).tolist(), *np.asarray(after).tolist()]
    _, found = watch(values, kind)
    return next((one.index + 1 - len(before) for one in found if one.index >= len(before)), 10**9)


@pytest.mark.parametrize(
    ("most", "kind", "make"),
    [
        (450, "number", lambda rng: (rng.normal(size=5000), rng.normal(0.25, 1, 5000))),
        (40, "number", lambda rng: (rng.normal(size=5000), rng.normal(1.0, 1, 5000))),
        (15, "number", lambda rng: (rng.normal(size=5000), rng.normal(2.0, 1, 5000))),
        (350, "share", lambda rng: (rng.random(5000) < 0.01, rng.random(5000) < 0.05)),
        (90, "share", lambda rng: (rng.random(5000) < 0.1, rng.random(5000) < 0.3)),
        (600, "category", lambda rng: (rng.choice(list("abcd"), 5000, p=[0.3, 0.3, 0.2, 0.2]),
                                       rng.choice(list("abcd"), 5000, p=[0.2, 0.3, 0.3, 0.2]))),
        (600, "category", lambda rng: (rng.choice(list("abc"), 5000), rng.choice(list("abcn"), 5000,
                                       p=[0.33, 0.33, 0.33, 0.01]))),
    ],
)  # fmt: skip
def test_changes_are_found_in_time(most: int, kind: ColumnKind, make: Callable[[np.random.Generator], Any]) -> None:
    delays = [_delay(*make(np.random.default_rng(seed)), kind) for seed in range(15)]
    assert float(np.median(delays)) <= most


def test_what_a_detection_says() -> None:
    rng = np.random.default_rng(4)
    values = rng.lognormal(10.0, 0.3, size=8000)
    values[5000:] *= 1.5
    _, found = watch(values)
    first = found[0]
    assert 5000 <= first.index < 5060
    assert abs((first.changed_index or 0) - 5000) <= 8
    assert first.direction == "up"
    assert first.before == pytest.approx(values[:5000].mean(), rel=0.01)
    assert first.after == pytest.approx(values[5000:].mean(), rel=0.25)
    assert (first.effect or 0) > 1
    assert first.n_before + first.n_after == first.index + 1


@pytest.mark.parametrize("detector", ["page_hinkley:threshold=50", "glr"])
@pytest.mark.parametrize("phi", [0.0, 0.9])
def test_means_are_among_the_values_though_the_change_is_long_ago(detector: str, phi: float) -> None:
    """A slow rise: what came after its beginning is more than is remembered value by value."""
    ramp = np.clip((np.arange(20_000) - 3000) / 8000, 0.0, 1.0) * 1.5
    values = np.random.default_rng(8).normal(size=20_000) + ramp
    if phi:
        values = autoregression(np.random.default_rng(8), phi)[:20_000] + 4 * ramp
    _, found = run(feature_events({"a": 100.0 + values}), detectors=[f"feature:a={detector}"])
    assert found
    for one in found:
        until = 100.0 + values[: one.index + 1]
        assert until.min() <= one.before <= until.max()
        assert until.min() <= one.after <= until.max()
    # Later ones may be found in values that were held for a warm-up, before they are raised.
    first = found[0]
    until = 100.0 + values[: first.index + 1]
    assert first.after == pytest.approx(until[-first.n_after :].mean(), rel=1e-9)
    assert first.before == pytest.approx(until[: -first.n_after].mean(), rel=1e-6)


@pytest.mark.parametrize(
    "values",
    [
        [5.0] * 4000,
        [None] * 4000,
        ["only"] * 4000,
        [f"id-{at}" for at in range(4000)],
        [1e308 if at % 3 else -1e308 for at in range(4000)],
        [float(at) for at in range(4000)],
    ],
    ids=["constant", "missing", "one category", "ids", "1e308", "drifting from the start"],
)
def test_no_endless_alarm(values: list[Any]) -> None:
    _, found = run(feature_events({"a": values}), detectors=["glr"])
    assert len(found) <= 4000 / 500 * 2


def test_a_change_in_one_category_makes_no_other_one_known() -> None:
    """A second change soon after the first must not be taken for what is usual since."""
    rng = np.random.default_rng(9)
    first = rng.choice(list("abc"), 3000, p=[0.4, 0.3, 0.3])
    second = rng.choice(list("abc"), 200, p=[0.1, 0.45, 0.45])
    third = rng.choice(list("abcn"), 2000, p=[0.1, 0.35, 0.35, 0.2])
    _, found = watch(np.concatenate((first, second, third)), "category")
    assert found[0].category == "a" and 3000 <= found[0].index < 3200
    assert [one.category for one in found if one.index >= 3200] == ["(unseen)"]


@pytest.mark.parametrize("kind", ["category", "share"])
def test_shares_are_those_of_the_rows_where_values_come_in_runs(kind: ColumnKind) -> None:
    """The codes of categories have no mean: batches of them counted only where all their values were alike."""
    rng = np.random.default_rng(5)
    before, after = (np.repeat(rng.random(1600) < share, 5) for share in (0.7, 0.2))
    ones = np.concatenate((before, after))
    values: Any = np.where(ones, "A", "B").tolist() if kind == "category" else ones
    _, found = watch(values, kind)
    assert len(found) == 1
    (one,) = found
    assert one.category in {"A", "B"} if kind == "category" else one.category is None
    shares = ~ones if one.category == "B" else ones
    middle, first = one.index + 1 - one.n_after, one.index + 1 - one.n_after - one.n_before
    assert one.before == pytest.approx(shares[first:middle].mean(), abs=1e-9)
    assert one.after == pytest.approx(shares[middle : one.index + 1].mean(), abs=1e-9)
    assert abs(middle - len(before)) < 500
