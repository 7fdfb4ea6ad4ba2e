"""Findings on the training data for the user."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stream_monitor.profiles.findings import findings
from tests.unit.profiles.training import profiler_of

DAY, START = 86_400.0, 1_700_000_000.0


def _found(usual: Any, noise: float, days: int = 15) -> list[str]:
    """Return the findings on a column of 100 values a day with this level at each day and this noise."""
    time = np.arange(days * 100) / 100.0
    values = usual(time) + noise * np.random.default_rng(1).normal(size=len(time))
    rows = [{"ts": START + DAY * day, "x": value} for day, value in zip(time.tolist(), values.tolist(), strict=True)]
    profiler = profiler_of(rows, fields={"ts": "ts"})
    profiler.profile(["x"], "")
    return findings(profiler)


def _day(time: Any) -> Any:
    return np.sin(2 * np.pi * time)


def _working_hours(time: Any) -> Any:
    return 1.0 * (np.abs(time % 1.0 - 0.5) < 0.2)


def _weekend(time: Any) -> Any:
    return 1.0 * (time % 7.0 >= 5.0)


@pytest.mark.parametrize(
    ("usual", "cycle", "flag"),
    [(_day, "daily", "24h"), (_working_hours, "daily", "24h"), (_weekend, "weekly", "24h,7d")],
)
@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_a_season_is_named_as_such_and_does_not_count_as_a_slow_change(
    usual: Any, cycle: str, flag: str, noise: float
) -> None:
    (line,) = _found(usual, noise, 30)
    assert line.startswith(f"'x' has a {cycle} cycle: it explains ") and f"--seasonality {flag} takes it out" in line


def test_a_walk_changes_slowly() -> None:
    walk = np.add.accumulate(np.random.default_rng(2).normal(size=1500))
    (line,) = _found(lambda _: walk, 0.01)
    assert line.startswith("'x' changes slowly")


def test_noise_has_no_season() -> None:
    assert _found(np.zeros_like, 1.0) == []
