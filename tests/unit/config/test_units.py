"""Durations, sizes and shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stream_monitor.config.units import parse_duration, parse_share, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("5s", 5), ("30m", 1800), ("24h", 86_400), ("7d", 604_800), ("1.5h", 5400), (" 5 s ", 5)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"), [("64MiB", 1 << 26), ("1KiB", 1024), ("2GiB", 1 << 31), ("10B", 10), ("10", 10), (10, 10)]
)
def test_sizes(text: Any, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(("text", "share"), [("0.05", 0.05), ("5%", 0.05), ("100%", 1), ("0", 0), (1, 1), (0.5, 0.5)])
def test_shares(text: Any, share: float) -> None:
    assert parse_share(text) == share


@pytest.mark.parametrize("wrong", ["", "s", "5", "5 weeks", "-5s", "5S", "1e3s", "infs", None, True, [5]])
def test_no_duration(wrong: Any) -> None:
    with pytest.raises(ValueError, match="500ms, 5s, 30m, 24h or 7d"):
        parse_duration(wrong)


@pytest.mark.parametrize("wrong", ["", "64MB", "-1", "big", None, True, 1.5j])
def test_no_size(wrong: Any) -> None:
    with pytest.raises(ValueError, match="512KiB or 64MiB"):
        parse_size(wrong)


@pytest.mark.parametrize("wrong", ["", "5 %%", "-1%", "101%", "2", "nan", "inf", "half", None, True, [1]])
def test_no_share(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"0\.05 or 5%"):
        parse_share(wrong)


@pytest.mark.parametrize("parse", [parse_duration, parse_size, parse_share])
def test_an_error_does_not_repeat_the_value(parse: Callable[[Any], float]) -> None:
    with pytest.raises(ValueError) as caught:
        parse("hunter2")
    assert "hunter2" not in str(caught.value)
